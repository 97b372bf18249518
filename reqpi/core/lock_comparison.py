"""The differences between two locks, with the files that are frozen for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import frozen
from packaging.version import InvalidVersion, Version

from reqpi.core.crates.contents import crate_contents
from reqpi.core.crates.reading import crates_of
from reqpi.core.diff import Change, Contents, changes, contents_of_lock
from reqpi.core.model import File, Lock, Page, Project

__all__ = ["Compared", "OnlyThere", "compared", "contents_with_crates", "undetermined"]


_MOST_NAMES = 20
"""Names of files that are kept of one side of a project."""


@frozen
class OnlyThere:
    """The files that only one of two locks has, or has with other bytes.

    :param names: the first of them.
    :param count: of all of them.
    """

    names: tuple[str, ...] = ()
    count: int = 0

    @classmethod
    def of(cls, page: Page | None, other: Page | None) -> OnlyThere:
        """Return the files of a page that another page does not have."""
        known = {(file.filename, file.sha256) for file in other.files} if other else set()
        names = [file.filename for file in page.files if (file.filename, file.sha256) not in known] if page else []
        return cls(tuple(names[:_MOST_NAMES]), len(names))


@frozen
class Compared:
    """One project that differs, and what its frozen pages say. It keeps no page: one may have thousands of files.

    :param wheel_before: stands for the release that the first lock pins; ``None`` if no wheel of it is known.
    :param wheel_after: likewise, of the second lock.
    """

    change: Change
    removed: OnlyThere = OnlyThere()
    added: OnlyThere = OnlyThere()
    wheel_before: File | None = None
    wheel_after: File | None = None

    @classmethod
    def of(cls, change: Change, before: Page | None, after: Page | None) -> Compared:
        """Add what the frozen pages of both sides say. A page that is not known is missing, and not empty."""
        known = (before or change.kind == "added") and (after or change.kind == "removed")
        removed, added = (OnlyThere.of(before, after), OnlyThere.of(after, before)) if known else (OnlyThere(),) * 2
        return cls(change, removed, added, _wheel(before), _wheel(after))


def _wheel(page: Page | None) -> File | None:
    return next((file for file in page.files if file.wheel), None) if page else None


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
