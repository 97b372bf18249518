"""The comparison of a lock and its frozen pages with what the indexes listed last: a pure function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reqpi.core.drift.files import changes_of_files, yanked_files
from reqpi.core.drift.finding import Finding
from reqpi.core.drift.history import History
from reqpi.core.drift.observing import Observed
from reqpi.core.drift.releases import added_files, lost_digests, newer_release, project_status, unfrozen_release
from reqpi.core.drift.watched import WatchedRelease, watched_releases
from reqpi.core.model import Lock, Page, Project
from reqpi.core.receipts.document import timestamp

__all__ = ["Histories", "findings"]

Histories = Mapping[Project, Mapping[str, History]]
"""The histories of each project, by the URL of the index as a lock spells it; empty for the default index.

A project of which no page is frozen has all of its indexes here, or none.
"""


def findings(
    lock: Lock, pages: Mapping[Project, Page], histories: Histories, differing: Mapping[str, float] | None = None
) -> tuple[Finding, ...]:
    """Return what became of the releases that a lock pins, sorted.

    :param pages: the frozen pages, with the files that the operator denies.
    :param histories: what is known of the indexes.
    :param differing: the sha256 of each wheel whose core metadata is not what was promised, and since when that is
        known, in seconds since the epoch.
    """
    found: dict[Finding, None] = {}
    for release in watched_releases(lock, pages):
        theirs = histories.get(release.project, {})
        found.update(dict.fromkeys(_of_release(release, theirs)))
        found.update(dict.fromkeys(_of_wheels(release, differing or {}, theirs)))
    return tuple(sorted(found, key=lambda finding: finding.order))


def _of_release(release: WatchedRelease, histories: Mapping[str, History]) -> Iterator[Finding]:
    seen = {index: Observed(release, known) for index, known in histories.items() if release.key in known.releases}
    for index, one in seen.items():
        theirs = [file for file in release.frozen if file.index == index and file.source is None]
        if theirs or not release.frozen:  # a project of the same name on another index may be anything
            yield from project_status(one)
            yield from newer_release(one)
            yield from added_files(one)
            yield from yanked_files(one, theirs)
        yield from changes_of_files(one, theirs)
    if seen and not release.frozen:
        yield from unfrozen_release([*seen.values()])
    if seen:
        yield from lost_digests([*seen.values()])


def _of_wheels(
    release: WatchedRelease, differing: Mapping[str, float], histories: Mapping[str, History]
) -> Iterator[Finding]:
    """Yield the frozen wheels that contain other core metadata than their index promised."""
    for file in release.frozen:
        since = differing.get(str(file.sha256))
        if since is not None:
            known = histories.get(file.index)
            source, at = (known.source, max(known.asked, since)) if known else (file.index, since)
            text = "the wheel contains other core metadata than the index promised"
            first, last = timestamp(since), timestamp(at)
            yield Finding("metadata", release.project, release.text, file.filename, text, source, first, last, new=True)
