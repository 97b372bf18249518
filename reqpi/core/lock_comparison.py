"""The differences between two locks, with the files that are frozen for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attrs import frozen
from packaging.version import InvalidVersion, Version

from reqpi.core.crates.contents import crate_contents
from reqpi.core.crates.reading import crates_of
from reqpi.core.diff import Change, Contents, changes, contents_of_lock
from reqpi.core.model import File, Lock, Page, Project

__all__ = ["Compared", "compared", "contents_with_crates", "undetermined"]


@frozen
class Compared:
    """One project that differs, and its files on both sides, as far as they are frozen.

    :param before: empty if they are not known.
    :param after: empty if they are not known.
    """

    change: Change
    before: Sequence[File] = ()
    after: Sequence[File] = ()

    @property
    def removed(self) -> list[str]:
        """The names of the files that only the first lock has, or has with other bytes."""
        return _missing(self.before, self.after)

    @property
    def added(self) -> list[str]:
        """The names of the files that only the second lock has, or has with other bytes."""
        return _missing(self.after, self.before)


def contents_with_crates(lock: Lock) -> Contents:
    """Return what a lock pins, with the crates of its Cargo.locks."""
    return {**contents_of_lock(lock), **crate_contents(crates_of(lock))}


def undetermined(before: Contents, after: Contents) -> list[str]:
    """Return the projects of which the locks alone do not say whether their files differ.

    The versions are the same, and the digests are missing on one side, or are other ones: a file may have several.
    """
    return sorted(
        name
        for name in before.keys() & after.keys()
        if before[name].keys() == after[name].keys()
        and any(not digests or digests != after[name][version] for version, digests in before[name].items())
    )


def compared(
    before: Contents, after: Contents, pages_before: Mapping[Project, Page], pages_after: Mapping[Project, Page]
) -> list[Change]:
    """Return the projects that differ. Where both pages are given, their files count in place of the locks' digests.

    :param pages_before: frozen pages: they have only files that the lock admits.
    :param pages_after: likewise, of the other lock.
    """
    both = pages_before.keys() & pages_after.keys()
    return changes(_with_files(before, pages_before, both), _with_files(after, pages_after, both))


def _with_files(contents: Contents, pages: Mapping[Project, Page], projects: Iterable[Project]) -> Contents:
    """Return the contents with the digests of the files on the pages. The versions stay as the lock spells them."""
    found = dict(contents)
    for project in projects:
        versions, files = contents[project], pages[project].files
        found[project] = {
            version: frozenset(f"sha256:{file.sha256}" for file in files if len(versions) == 1 or _is_of(file, version))
            for version in versions
        }
    return found


def _is_of(file: File, version: str) -> bool:
    try:
        return file.version == Version(version)
    except InvalidVersion:
        return file.version_text == version


def _missing(files: Iterable[File], others: Iterable[File]) -> list[str]:
    known = {(file.filename, file.sha256) for file in others}
    return [file.filename for file in files if (file.filename, file.sha256) not in known]
