"""Facts from what became of frozen files: their index has yanked them, or has them no longer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from reqpi.core.model import File
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


def facts_of_changes(files: Iterable[File], changes: Iterable[ReleaseChange]) -> list[Fact]:
    """Return the facts about frozen files: those of their pages, and then the changes."""
    by_project: dict[str, list[File]] = {}
    for file in files:
        by_project.setdefault(str(file.project), []).append(file)
    own = [fact for theirs in by_project.values() for file in theirs for fact in facts_of_file(file)]
    return [*own, *_changed(by_project, changes)]


def _changed(files: Mapping[str, Sequence[File]], changes: Iterable[ReleaseChange]) -> Iterator[Fact]:
    for change in changes:
        for file in files.get(change.project, ()) if change.kind in CHANGES else ():
            if file.listed and _is_meant(change, file):
                why = f": {change.text[:_LONGEST]}" if change.text else ""
                said = f"{file.filename} {'was yanked' if change.kind == YANKED else 'is gone'}{why}"
                release = Release(str(file.project), str(file.version))
                yield Fact(change.kind, release, said, (), str(file.sha256 or ""), file.filename)


def _is_meant(change: ReleaseChange, file: File) -> bool:
    if change.filename is not None:
        return change.filename in (file.filename, f"sha256:{file.sha256}")
    return change.version in (str(file.version), file.version_text)
