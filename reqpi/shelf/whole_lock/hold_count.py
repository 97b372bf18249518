"""How many files of a lock the store has, in numbers alone: a verdict that takes little time."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from attrs import frozen

from reqpi.core.model import Commitment, File, Page, Project
from reqpi.core.targets import EVERYWHERE, InstallTarget
from reqpi.runtime.singleflight import each
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.further_files import FurtherFiles

__all__ = ["HoldCount", "held_count", "held_sizes"]

_AT_ONCE = 8
"""Further files that one caller looks up concurrently."""

Sizes = dict[File, int | None]


@frozen
class HoldCount:
    """The numbers of a :class:`reqpi.shelf.whole_lock.hold_verdict.HoldVerdict`.

    :param files: the number of files of the projects that are frozen, and of further files.
    :param size: their bytes, as far as they are known.
    :param held: the number of these files that are in the store.
    :param held_size: the bytes of the files in the store.
    :param missing: the number of files that are not, and of projects that are not frozen.
    """

    files: int
    size: int
    held: int
    held_size: int
    missing: int


async def held_count(shelf: Shelf, further: FurtherFiles | None, commitment: Commitment) -> HoldCount:
    """Return how many files of a lock the store has, without asking an upstream.

    :param further: files that are held with those of the projects.
    """
    frozen_pages = await shelf.frozen(commitment, commitment.lock.projects)
    pages = {project: page for project, page in frozen_pages.items() if page.files}
    sizes, _ = await held_sizes(shelf, further, commitment, pages, EVERYWHERE)
    held = [size for size in sizes.values() if size is not None]
    return HoldCount(
        files=len(sizes),
        size=sum(size or file.size or 0 for file, size in sizes.items()),
        held=len(held),
        held_size=sum(held),
        missing=len(commitment.lock.projects) - len(pages) + len(sizes) - len(held),
    )


async def held_sizes(
    shelf: Shelf,
    further: FurtherFiles | None,
    commitment: Commitment,
    pages: Mapping[Project, Page],
    target: InstallTarget,
) -> tuple[Sizes, tuple[str, ...]]:
    """Return the size of each file that a target admits, in the order of the pages, and then of each further file.

    A file that is not in the store has ``None``. The second value has remarks about the further files.

    :param pages: the frozen pages.
    """
    sizes = await shelf.sizes(file for page in pages.values() for file in page.files if target.takes(file))
    if further is None:
        return sizes, ()
    needs = await further.needed(commitment, pages, target)
    return sizes | await each(needs.files, partial(further.held, commitment), _AT_ONCE), needs.remarks
