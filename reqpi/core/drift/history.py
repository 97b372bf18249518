"""The history of a project on one index: what it listed last, and since when. All locks share it.

Times are seconds since the epoch. Only the releases that some lock pins are in it, so that it stays small.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from attrs import field, frozen

from reqpi.core.model import Digest, Project, Status

__all__ = ["FileHistory", "History", "ListedFacts", "NewerRelease", "ReleaseHistory"]


@frozen
class ListedFacts:
    """The statements of an index about a file that may change.

    :param digests: the digests that it claims.
    :param yanked: the reason, or ``True`` if it is yanked without one.
    :param metadata: the digest of the core metadata, as text; ``None`` if none is listed.
    :param provenance: stands for the URL of the provenance; ``None`` if none is listed.
    :param uploaded: when it was uploaded, as the index spells it.
    """

    digests: frozenset[Digest] = frozenset()
    yanked: str | Literal[True] | None = None
    metadata: str | None = None
    provenance: str | None = None
    uploaded: str | None = None


@frozen
class FileHistory:
    """One file, as an index listed it last.

    :param since: when it was first seen.
    :param changed: when each fact became what it is now, by its name, if it was different at first.
    :param gone: since when it has not been listed any more; ``None`` while it is listed.
    """

    facts: ListedFacts
    since: float
    changed: Mapping[str, float] = field(factory=dict)
    gone: float | None = None

    def when(self, fact: str) -> float:
        """Return since when a fact has been what it is now."""
        return self.changed.get(fact, self.since)


@frozen
class NewerRelease:
    """The newest release in the series of another one.

    :param since: when it was first seen.
    """

    version: str
    since: float


@frozen
class ReleaseHistory:
    """A release that some lock pins.

    :param since: when it was first looked at.
    :param wanted: when it was last looked at because a lock pins it.
    :param files: by filename, also those that are gone.
    :param whole: all of its files are here. There is a limit to their number.
    :param newer: the newest release in its series, if that is another one.
    """

    since: float
    wanted: float
    files: Mapping[str, FileHistory] = field(factory=dict)
    whole: bool = True
    newer: NewerRelease | None = None


@frozen
class History:
    """The history of a project on one index.

    :param source: the URL of the index, without a login.
    :param since: when the index was first asked.
    :param asked: when it last answered.
    :param missing: since when it has not had the project; ``None`` while it has it.
    :param status: the status of the project; ``None`` if the index gives none.
    :param status_since: when it became that.
    :param releases: by version, normalized.
    """

    project: Project
    source: str
    since: float
    asked: float
    missing: float | None = None
    status: Status | None = None
    status_since: float = 0.0
    releases: Mapping[str, ReleaseHistory] = field(factory=dict)
