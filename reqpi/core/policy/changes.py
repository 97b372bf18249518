"""Facts from what became of frozen files: their index has yanked them, or has them no longer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from reqpi.core.model import File, Page
from reqpi.core.policy.facts import Fact, Release, facts_of_file
from reqpi.core.policy.model import GONE, YANKED

__all__ = ["CHANGES", "ReleaseChange", "facts_of_changes"]

CHANGES = (YANKED, GONE)
"""The rules about what may become of a file."""

_LONGEST = 150


class ReleaseChange(Protocol):
    """One change, as far as a policy reads it; a finding of the drift of a lock is one."""

    @property
    def kind(self) -> str:
        """``yanked``, ``gone``, or anything else."""

    @property
    def project(self) -> str:
        """The normalized name."""

    @property
    def version(self) -> str:
        """The version, as the lock spells it."""

    @property
    def filename(self) -> str | None:
        """The file; ``None`` for the whole release."""

    @property
    def text(self) -> str:
        """The reason."""


def facts_of_changes(pages: Iterable[Page], changes: Iterable[ReleaseChange]) -> list[Fact]:
    """Return the facts about each file on frozen pages: those of the pages themselves, and then the changes."""
    by_project = {str(page.project): page for page in pages}
    own = [fact for page in by_project.values() for file in page.files for fact in facts_of_file(file)]
    listed = [_listed(file) for page in by_project.values() for file in page.files]
    return [*listed, *own, *_changed(by_project, changes)]


def _listed(file: File) -> Fact:
    """Return a fact that no rule is about: the file is there."""
    return Fact("", Release(str(file.project), str(file.version)), sha256=str(file.sha256 or ""))


def _changed(pages: Mapping[str, Page], changes: Iterable[ReleaseChange]) -> Iterator[Fact]:
    for change in changes:
        page = pages.get(change.project) if change.kind in CHANGES else None
        for file in () if page is None else page.files:
            if file.listed and _is_meant(change, file):
                why = f": {change.text[:_LONGEST]}" if change.text else ""
                said = f"{file.filename} {'was yanked' if change.kind == YANKED else 'is gone'}{why}"
                release = Release(str(file.project), str(file.version))
                yield Fact(change.kind, release, said, (), str(file.sha256 or ""), file.filename)


def _is_meant(change: ReleaseChange, file: File) -> bool:
    if change.filename is not None:
        return change.filename in (file.filename, f"sha256:{file.sha256}")
    return change.version in (str(file.version), file.version_text)
