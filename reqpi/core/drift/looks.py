"""A look at what an index lists now: it makes a project's history a newer one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from attrs import evolve, frozen
from packaging.version import Version

from reqpi.core.drift.history import FileHistory, History, ListedFacts, NewerRelease, ReleaseHistory
from reqpi.core.drift.series import newest_in_series
from reqpi.core.model import Digest, File, Page, Project, Status

__all__ = ["Look", "after_look", "provenance_key"]

_MOST_FILES = 2_000
"""Files of a release, and twice as many of a project. More are not recorded, so that nothing is said about them."""

_MOST_RELEASES = 64
"""Releases of a project. If locks pin more, those that were not looked at for longest are dropped."""

_LONGEST_REASON = 300
"""Characters of a reason."""

_FACTS = ("digests", "yanked", "metadata", "provenance")


@frozen
class Look:
    """The listing of a project by an index.

    :param source: the URL of the index, without a login.
    :param page: the whole page; ``None`` if the index does not have the project.
    :param versions: the versions that a lock pins.
    :param now: seconds since the epoch.
    """

    project: Project
    source: str
    page: Page | None
    versions: frozenset[Version]
    now: float


def after_look(history: History | None, look: Look) -> History:
    """Return the history of a project after a look at it.

    :param history: as it was before; ``None`` if there is none.
    """
    status = _status(look.page)
    known = history or History(look.project, look.source, look.now, look.now, None, status, look.now)
    return evolve(
        known,
        asked=look.now,
        missing=(look.now if known.missing is None else known.missing) if look.page is None else None,
        status=status,
        status_since=known.status_since if status == known.status else look.now,
        releases=_bounded(_releases(known.releases, look)),
    )


def provenance_key(url: str | None) -> str | None:
    """Return what stands for the URL of a provenance: URLs are long, and only whether they are equal counts."""
    return None if url is None else hashlib.sha256(url.encode("utf-8", "backslashreplace")).hexdigest()[:32]


def _status(page: Page | None) -> Status | None:
    if page is None or page.status is None:
        return None
    reason = page.status.reason
    return Status(page.status.status[:_LONGEST_REASON], reason and reason[:_LONGEST_REASON])


def _releases(known: Mapping[str, ReleaseHistory], look: Look) -> dict[str, ReleaseHistory]:
    files = () if look.page is None else look.page.files
    wanted = {str(version) for version in look.versions}
    listed: dict[str, list[File]] = {name: [] for name in (*known, *sorted(wanted))}
    for file in files:
        name = str(file.version)
        if file.listed and name in listed:
            listed[name].append(file)
    released = {file.version for file in files if file.listed and not file.yanked}
    releases: dict[str, ReleaseHistory] = {}
    for name, theirs in listed.items():
        old = known.get(name) or ReleaseHistory(look.now, look.now)
        newest = newest_in_series(Version(name), released)
        releases[name] = evolve(_release(old, theirs, look.now), newer=_newer(old.newer, newest, look.now))
        if name in wanted:
            releases[name] = evolve(releases[name], wanted=look.now)
    return releases


def _release(old: ReleaseHistory, listed: Iterable[File], now: float) -> ReleaseHistory:
    files = _files(old.files, listed, now)
    return evolve(old, files=dict(sorted(files.items())[:_MOST_FILES]), whole=len(files) <= _MOST_FILES)


def _newer(old: NewerRelease | None, newest: str | None, now: float) -> NewerRelease | None:
    if newest is None or (old is not None and old.version == newest):
        return old if newest is not None else None
    return NewerRelease(newest, now)


def _files(old: Mapping[str, FileHistory], listed: Iterable[File], now: float) -> dict[str, FileHistory]:
    files = {file.filename: _file(old.get(file.filename), _facts(file), now) for file in listed}
    gone = {
        name: file if file.gone is not None else evolve(file, gone=now)
        for name, file in old.items()
        if name not in files
    }
    return files | gone


def _file(old: FileHistory | None, facts: ListedFacts, now: float) -> FileHistory:
    if old is None:
        return FileHistory(facts, now)
    differing = {name: now for name in _FACTS if getattr(old.facts, name) != getattr(facts, name)}
    return evolve(old, facts=facts, changed={**old.changed, **differing}, gone=None)


def _facts(file: File) -> ListedFacts:
    yanked, metadata = file.yanked, file.core_metadata
    return ListedFacts(
        file.digests,
        yanked[:_LONGEST_REASON] if isinstance(yanked, str) else yanked,
        str(metadata) if isinstance(metadata, Digest) else None,
        provenance_key(file.provenance),
        file.upload_time,
    )


def _bounded(releases: Mapping[str, ReleaseHistory]) -> dict[str, ReleaseHistory]:
    """Return the releases that were looked at last, as many as fit."""
    kept: dict[str, ReleaseHistory] = {}
    left = 2 * _MOST_FILES
    for name, release in sorted(releases.items(), key=lambda item: (-item[1].wanted, item[0]))[:_MOST_RELEASES]:
        left -= len(release.files)
        if left < 0:
            break
        kept[name] = release
    return kept
