"""What a project page lists, before any of it is judged: kept small, and judged file by file when it is asked for.

A page has thousands of files, of which a lock pins the few of one version. To make a :class:`~reqpi.core.model.File`
of each
entry takes 10 µs and 1,400 bytes; an entry that is packed takes 2 µs and 160 bytes. So entries are put together by the
version that their filenames have, and only those of the versions asked for are unpacked and judged: all of these, and
as strictly as ever.
"""

from __future__ import annotations

import marshal
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from attrs import frozen
from packaging.version import Version

from reqpi.core.errors import WrongPage
from reqpi.core.model import File, Page, Project, Status

__all__ = ["Entry", "Listing", "Packed"]

_TOGETHER = 64
"""Entries that are packed as one, about: some 40 KB, which take 0.2 ms to be unpacked."""

_LEVEL = 1
"""Of zlib. What is left of an entry is digests; level 6 takes twice the time, and leaves nine tenths."""

_OVERHEAD = 512
"""Bytes of a packed listing itself, and of each of its boxes 64."""

Entry = dict[str, Any]
"""One file as a page has it: a JSON object, or the attributes of a link."""


@frozen
class Listing:
    """The entries of a page, in its order.

    :param version: the version that an entry's filename has; ``None`` where it is no file of the project.
    :param judge: the file that an entry is; ``None`` where it cannot be used.
    """

    project: Project
    status: Status | None
    entries: Collection[Entry]
    version: Callable[[Entry], Version | None]
    judge: Callable[[Entry], File | None]

    def page(self) -> Page:
        """All of it, judged."""
        return self.judged(self.entries)

    def judged(self, entries: Iterable[Entry]) -> Page:
        """The page that some of its entries make."""
        files: dict[str, File] = {}
        for entry in entries:
            file = self.judge(entry)
            if file is not None:
                # One path serves one file, so of two entries with one filename the first stands, in JSON and in HTML.
                files.setdefault(file.filename, file)
        return Page(self.project, tuple(files.values()), self.status)


@frozen
class _Box:
    """Some entries, each with its place on the page.

    :param size: bytes, unpacked.
    """

    packed: bytes
    size: int

    def entries(self) -> list[tuple[int, Entry]]:
        unpacked: list[tuple[int, Entry]] = marshal.loads(zlib.decompress(self.packed))  # noqa: S302  # see Packed
        return unpacked


class Packed:
    """A listing in little memory. All entries of one version are in one box, found by the version's hash.

    Versions are compared as :pep:`440` has them equal, and what is equal has one hash: nothing is missed. Entries are
    packed by ``marshal``, the one module that gives back whatever JSON can hold. It is not safe with bytes of
    strangers, and never gets any: what is unpacked was packed by this process.

    :raises reqpi.core.errors.WrongPage: an entry is nested deeper than can be packed, which no page is that is meant.
    """

    def __init__(self, listing: Listing) -> None:
        boxes: list[list[tuple[int, Entry]]] = [[] for _ in range(len(listing.entries) // _TOGETHER + 1)]
        for place, entry in enumerate(listing.entries):
            version = listing.version(entry)
            if version is not None:
                boxes[hash(version) % len(boxes)].append((place, entry))
        try:
            self._boxes = [_packed(box) for box in boxes]
        except ValueError as error:
            raise WrongPage(
                f"the page of {listing.project} cannot be read", "Its JSON is nested too deeply."
            ) from error
        self._listing = Listing(listing.project, listing.status, (), listing.version, listing.judge)

    @property
    def weight(self) -> int:
        """Bytes that it takes in memory."""
        return _OVERHEAD + sum(len(box.packed) + 64 for box in self._boxes)

    def work(self, versions: Collection[Version] | None = None) -> int:
        """Bytes that :meth:`page` unpacks: of many it is for a thread."""
        return sum(box.size for box in self._of(versions))

    def page(self, versions: Collection[Version] | None = None) -> Page:
        """The page with its files of these versions, in the order of the page.

        :param versions: ``None``: all that there are.
        """
        entries = sorted((each for box in self._of(versions) for each in box.entries()), key=lambda each: each[0])
        wanted = (entry for _, entry in entries if versions is None or self._listing.version(entry) in versions)
        return self._listing.judged(wanted)

    def _of(self, versions: Collection[Version] | None) -> Iterator[_Box]:
        if versions is None:
            return iter(self._boxes)
        return (self._boxes[number] for number in {hash(version) % len(self._boxes) for version in versions})


def _packed(entries: list[tuple[int, Entry]]) -> _Box:
    data = marshal.dumps(entries)
    return _Box(zlib.compress(data, _LEVEL), len(data))
