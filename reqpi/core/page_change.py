"""The difference between two frozen pages of a project: what the second one has that the first one had not."""

from __future__ import annotations

from typing import Any

from attrs import evolve, frozen

from reqpi.core.model import File, Page, Project

__all__ = ["ChangedFile", "PageChange", "change_between"]


@frozen
class ChangedFile:
    """A file that has other bytes under the same name.

    :param old: the sha256 of the bytes before, in hex.
    :param new: that of the bytes now.
    """

    filename: str
    old: str
    new: str


@frozen
class PageChange:
    """The result of freezing a page again.

    :param added: the filenames that only the new page has, in alphabetical order.
    :param removed: those that only the old page had.
    :param changed: the files with other bytes.
    :param facts: the filenames of the files that are the same, of which the index says something else: yanked,
        ``requires-python`` or the digest of core metadata.
    :param trouble: why the page was not frozen again; the old one stays.
    """

    project: Project
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[ChangedFile, ...] = ()
    facts: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing has changed."""
        return not (self.added or self.removed or self.changed or self.facts)

    def as_json(self) -> dict[str, Any]:
        """Return the change as JSON has it."""
        changed = [{"filename": each.filename, "old": each.old, "new": each.new} for each in self.changed]
        shown = {"added": self.added, "removed": self.removed, "changed": changed, "facts": self.facts}
        return {"project": self.project, **shown, "trouble": self.trouble or None}


def change_between(old: Page | None, new: Page) -> PageChange:
    """Return what has changed.

    :param old: ``None``: the page was not frozen before.
    """
    before = {} if old is None else old.by_filename
    after = new.by_filename
    both = sorted(before.keys() & after.keys())
    changed = [name for name in both if before[name].sha256 != after[name].sha256]
    return PageChange(
        new.project,
        added=tuple(sorted(after.keys() - before.keys())),
        removed=tuple(sorted(before.keys() - after.keys())),
        changed=tuple(ChangedFile(name, str(before[name].sha256), str(after[name].sha256)) for name in changed),
        facts=tuple(name for name in both if name not in changed and _facts(before[name]) != _facts(after[name])),
    )


def _facts(file: File) -> File:
    """Return a file without its place: an index may move it."""
    return evolve(file, url="", provenance=None, upload_time=None)
