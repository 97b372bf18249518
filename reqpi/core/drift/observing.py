"""One release as one index lists it: the place at which a finding is made."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from reqpi.core.drift.finding import Finding, FindingKind
from reqpi.core.drift.history import FileHistory, History, ReleaseHistory
from reqpi.core.drift.watched import WatchedRelease
from reqpi.core.receipts.document import timestamp

__all__ = ["Observed"]


@frozen
class Observed:
    """A pinned release, and what an index listed of it last."""

    release: WatchedRelease
    history: History

    @property
    def listed(self) -> ReleaseHistory:
        """The release in the history."""
        return self.history.releases[self.release.key]

    @property
    def live(self) -> Mapping[str, FileHistory]:
        """The files that are listed now."""
        return {name: file for name, file in self.listed.files.items() if file.gone is None}

    @property
    def claims_sha256s(self) -> bool:
        """Whether the index claims a sha256 for each file, so that a digest that it does not claim is not there."""
        claimed = (file.facts.digests for file in self.live.values())
        return self.listed.whole and all(any(one.algorithm == "sha256" for one in digests) for digests in claimed)

    def finding(
        self, kind: FindingKind, text: str, since: float, filename: str | None = None, *, new: bool = True
    ) -> Finding:
        """Return a finding that was observed since a time, and when the index last answered."""
        release = self.release
        first, last = timestamp(since), timestamp(self.history.asked)
        return Finding(kind, release.project, release.text, filename, text, self.history.source, first, last, new)
