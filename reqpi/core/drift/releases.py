"""Findings about a release as a whole, and about files that its page never had: status, newer, added, lost digests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from reqpi.core.drift.finding import Finding
from reqpi.core.drift.history import FileHistory
from reqpi.core.drift.observing import Observed
from reqpi.core.drift.watched import WatchedRelease

__all__ = ["added_files", "lost_digests", "newer_release", "project_status", "unfrozen_release"]

_ACTIVE = "active"

_DAY = 86400.0
"""Seconds after the upload of the files that a lock has, within which the others belong to the same release."""


def project_status(seen: Observed) -> Iterator[Finding]:
    """Yield the status of the project (:pep:`792`), unless it is active."""
    status = seen.history.status
    if status is not None and status.status != _ACTIVE:
        text = f"{status.status}: {status.reason}" if status.reason else status.status
        since = seen.history.status_since
        yield seen.finding("status", text, since, new=since > seen.history.since)


def newer_release(seen: Observed) -> Iterator[Finding]:
    """Yield the newest release in the series."""
    newer = seen.listed.newer
    if newer is not None:
        yield seen.finding("newer", newer.version, newer.since, new=newer.since > seen.listed.since)


def added_files(seen: Observed) -> Iterator[Finding]:
    """Yield the files that were added to the release later.

    A file was added if it appeared after the first look, or is not on the page of a release whose digests the lock
    leaves open, or was uploaded more than a day after those of which the lock has digests.
    """
    release, known = seen.release, {file.filename for file in seen.release.frozen}
    if not seen.listed.whole:
        return
    wanted = [file for file in seen.listed.files.values() if release.wants(file)]
    until = max(filter(None, map(_uploaded, wanted)), default=float("inf")) + _DAY
    for name, file in seen.live.items():
        if name in known or (release.wants(file) and not (release.is_open and known)):
            continue
        appeared = file.since > seen.listed.since
        if appeared or release.is_open or (_uploaded(file) or 0.0) > until:
            text = f"uploaded {file.facts.uploaded}" if file.facts.uploaded else "listed now"
            yield seen.finding("added", text, file.since, name, new=appeared)


def unfrozen_release(seen: Sequence[Observed]) -> Iterator[Finding]:
    """Yield whether the indexes still have a release of which no page is frozen.

    :param seen: the release on each index that may have it.
    """
    first, release = seen[0], seen[0].release
    for one in seen:
        for name, file in one.listed.files.items():
            if file.gone is not None and release.wants(file):
                yield one.finding("gone", "no longer listed", file.gone, name)
    if any(release.wants(file) for one in seen for file in one.listed.files.values()):
        return
    if not any(one.live for one in seen):
        if all(one.listed.whole for one in seen):
            missing = all(one.history.missing is not None for one in seen)
            text = "the index has no such project" if missing else "no file of the release is listed"
            yield first.finding("gone", text, first.history.missing or first.listed.since, new=False)
    elif _all_have_sha256s(release, seen):
        text = "no listed file has a digest that the lock contains"
        yield first.finding("digest", text, first.listed.since, new=False)


def lost_digests(seen: Sequence[Observed]) -> Iterator[Finding]:
    """Yield the digests of the lock that no listed file has, if other files of the release are listed.

    :param seen: the release on each index that may have it.
    """
    release = seen[0].release
    files = [file for one in seen for file in one.listed.files.values()]
    if not any(map(release.wants, files)) or not _all_have_sha256s(release, seen):
        return
    known = {digest for file in files for digest in file.facts.digests}
    known |= {digest for file in release.frozen for digest in file.digests}
    for digest in sorted(release.sha256s - known):
        text = "no listed wheel or sdist has this digest of the lock"
        yield seen[0].finding("gone", text, seen[0].listed.since, str(digest), new=False)


def _all_have_sha256s(release: WatchedRelease, seen: Iterable[Observed]) -> bool:
    only = all(digest.algorithm == "sha256" for pin in release.pins for digest in pin.digests)
    return only and not release.is_open and all(one.claims_sha256s for one in seen)


def _uploaded(file: FileHistory) -> float | None:
    time = file.facts.uploaded
    return None if time is None else datetime.fromisoformat(time).timestamp()
