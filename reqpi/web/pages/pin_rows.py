"""The rows of the table of pins: what a lock, the frozen pages and the store have about each pin. No upstream is asked.

A frozen page may be long, and a lock may have many. So pages are read a few at a time, and a row keeps the first files
of its pin, with the sums of all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import chain, islice

from attrs import evolve, frozen
from packaging.version import InvalidVersion, Version

from reqpi.core import admission
from reqpi.core.model import Archive, Commitment, File, Git, Page, Pin, Project
from reqpi.core.platform_tags import platforms_of
from reqpi.core.sbom.model import Licence
from reqpi.runtime.offload import DECIDED_FILES, in_thread
from reqpi.shelf.shelf import Shelf
from reqpi.web.pages.pin_drift import DriftWords
from reqpi.web.pages.text import counted

__all__ = ["PinRow", "read_rows", "rows_of", "version_key"]

_PAGES = 50
"""Frozen pages that are in memory for a table at the same time."""

_LOOKED_FOR = 1000
"""Files of one table that are looked for in the store."""

_WHEELS = 3
"""Wheels of a pin whose core metadata is looked for, until one has some."""

_FAMILIES = (("manylinux", "Linux"), ("linux", "Linux"), ("musllinux", "musl"), ("macosx", "macOS"), ("win", "Windows"))
"""The families of platform tags, by how a tag begins."""


Sizes = Mapping[File, int | None]
Licences = Mapping[File, tuple[Licence, ...] | None]


@frozen(slots=False)
class PinRow:
    """Everything that is known about one pin.

    :param files: the first files that the pin admits; ``None``: its project was not requested yet.
    :param count: of all files that it admits.
    :param size: of all of them, in bytes; ``None`` if that is not known of each.
    :param kinds: of all of them, in words.
    :param held: how many of them are in the store; ``None``: they were not looked for.
    :param licences: as the core metadata in the store says; ``None``: it is not there.
    :param withheld: the operator denies files of the project.
    :param drift: what became of the release, as far as that is known already.
    """

    pin: Pin
    files: tuple[File, ...] | None = None
    count: int = 0
    size: int | None = None
    kinds: str = ""
    held: int | None = None
    licences: tuple[str, ...] | None = None
    withheld: bool = False
    drift: tuple[DriftWords, ...] = ()

    @property
    def digests(self) -> str:
        """Say where the digests of the files come from."""
        if self.pin.trusted_on_first_use:
            return "trust on first use"
        return "the commit" if isinstance(self.pin.source, Git) else "the lock"

    @property
    def version(self) -> str:
        """The version, or the place of the source if the lock does not say it."""
        source = self.pin.source
        if self.pin.version or source is None:
            return self.pin.version
        return source.url if isinstance(source, Archive) else source.place

    @cached_property
    def found_by(self) -> str:
        """The text in which a search looks, in lower case."""
        return f"{self.pin.project}[{','.join(self.pin.extras)}] {self.version} {self.pin.marker or ''}".lower()


def version_key(pin: Pin) -> tuple[int, Version | str]:
    """Return the key that sorts pins by version. A version that is only text comes last."""
    try:
        return 0, Version(pin.version)
    except InvalidVersion:
        return 1, pin.version


async def read_rows(shelf: Shelf, commitment: Commitment, pins: Sequence[Pin], most: int) -> list[PinRow]:
    """Return a row for each of ``pins``, in their order.

    :param most: files that a row keeps.
    """
    rows: dict[Pin, PinRow] = {pin: PinRow(pin) for pin in pins}
    for group in _groups(list(dict.fromkeys(pin.project for pin in pins))):
        for row in await rows_of(shelf, commitment, rows, await shelf.frozen(commitment, group), most):
            rows[row.pin] = row
    return await _looked_up(shelf, commitment, [rows[pin] for pin in pins])


async def rows_of(
    shelf: Shelf, commitment: Commitment, pins: Iterable[Pin], pages: Mapping[Project, Page], most: int
) -> list[PinRow]:
    """Return a row for each of ``pins`` whose project is among the frozen ``pages``."""
    wanted: dict[Project, list[Pin]] = {}
    for pin in pins:
        if pin.project in pages:
            wanted.setdefault(pin.project, []).append(pin)
    rows = []
    for project, theirs in wanted.items():
        page = pages[project]
        files = await DECIDED_FILES.run(len(page.files), admission.by_pin, commitment.lock, page)
        rows += [_row(pin, files.get(pin, ()), most, withheld=page.withheld) for pin in theirs]
    return rows


def _row(pin: Pin, files: Sequence[File], most: int, *, withheld: bool) -> PinRow:
    sizes = [file.size for file in files if file.size is not None]
    size = sum(sizes) if len(sizes) == len(files) else None
    return PinRow(pin, tuple(files[:most]), len(files), size, _kinds(files), withheld=withheld)


def _kinds(files: Sequence[File]) -> str:
    """Return the kinds of some files in words: ``3 wheels (Linux, macOS), 1 sdist``."""
    wheels = [file for file in files if file.wheel]
    parts = []
    if wheels:
        families = sorted({_family(tag) for wheel in wheels for tag in platforms_of(wheel)}, key=str.lower)
        parts.append(f"{counted(len(wheels), 'wheel')} ({', '.join(families)})")
    if len(wheels) < len(files):
        parts.append(counted(len(files) - len(wheels), "sdist"))
    return ", ".join(parts) or "no file"


@lru_cache(1024)
def _family(tag: str) -> str:
    if tag == "any":
        return "any platform"
    return next((name for start, name in _FAMILIES if tag.startswith(start)), "other")


async def _looked_up(shelf: Shelf, commitment: Commitment, rows: Sequence[PinRow]) -> list[PinRow]:
    """Add what the store has: which files are held, and the licences of the first wheel that has core metadata."""
    looked_for = dict.fromkeys(islice(chain.from_iterable(row.files or () for row in rows), _LOOKED_FOR))
    sizes = await shelf.sizes(looked_for)
    described = await in_thread(_described, rows, sizes)
    licences = await shelf.insides.licences(commitment, dict.fromkeys(chain.from_iterable(described)))
    return await in_thread(_completed, rows, sizes, described, licences)


def _described(rows: Iterable[PinRow], sizes: Sizes) -> list[list[File]]:
    """Return the wheels of each row whose core metadata may be in the store: first those that are there."""
    wheels = ([file for file in row.files or () if file.wheel] for row in rows)
    return [sorted(each, key=lambda file: sizes.get(file) is None)[:_WHEELS] for each in wheels]


def _completed(
    rows: Iterable[PinRow], sizes: Sizes, described: Iterable[Iterable[File]], licences: Licences
) -> list[PinRow]:
    """Return the rows with what was looked up."""
    found = []
    for row, wheels in zip(rows, described, strict=True):
        names = next((named for each in wheels if (named := licences[each]) is not None), None)
        texts = None if names is None else tuple(licence.text for licence in names)
        found.append(evolve(row, held=_held(row, sizes), licences=texts))
    return found


def _held(row: PinRow, sizes: Sizes) -> int | None:
    """Return how many files of a pin are in the store; ``None`` if they were not all looked for."""
    if row.files is None or len(row.files) < row.count or any(file not in sizes for file in row.files):
        return None
    return sum(sizes[file] is not None for file in row.files)


def _groups(projects: Sequence[Project]) -> Iterator[Sequence[Project]]:
    for start in range(0, len(projects), _PAGES):
        yield projects[start : start + _PAGES]
