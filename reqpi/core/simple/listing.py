"""The entries of a project page before they are checked: packed in little memory, and checked when they are needed.

A page has thousands of files, of which a lock pins the few of one version. Making a :class:`~reqpi.core.model.File` of
each entry takes 10 µs and 1,400 bytes; packing an entry takes 2 µs and 160 bytes. So entries are grouped by the version
in their filenames, and only those of the requested versions are unpacked and checked. All of these are checked, as
strictly as any.
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
"""Entries in one box, approximately: some 40 KB, which take 0.2 ms to unpack."""

_LEVEL = 1
"""The compression level of zlib. Mostly digests remain; level 6 takes twice the time, and the result is 0.9 times as
large.
"""

_OVERHEAD = 512
"""Bytes of a packed listing itself; each of its boxes takes 64 more."""

Entry = dict[str, Any]
"""One file as a page describes it: a JSON object, or the attributes of a link."""


@frozen
class Listing:
    """The entries of a page, in its order.

    :param version: returns the version in the filename of an entry; ``None`` if it is not a file of the project.
    :param judge: returns the file that an entry describes; ``None`` if the entry is unusable.
    """

    project: Project
    status: Status | None
    entries: Collection[Entry]
    version: Callable[[Entry], Version | None]
    judge: Callable[[Entry], File | None]

    def page(self) -> Page:
        """Return the page with all entries, checked."""
        return self.checked(self.entries)

    def checked(self, entries: Iterable[Entry]) -> Page:
        """Return the page with only ``entries``, checked."""
        files: dict[str, File] = {}
        for entry in entries:
            file = self.judge(entry)
            if file is not None:
                # One path serves one file, so the first of two entries with one filename counts, in JSON and in HTML.
                files.setdefault(file.filename, file)
        return Page(self.project, tuple(files.values()), self.status)


@frozen
class _Box:
    """Some entries, each with its place on the page.

    :param packed: the entries, marshalled and compressed.
    :param size: bytes of the marshalled entries before compression.
    """

    packed: bytes
    size: int

    def entries(self) -> list[tuple[int, Entry]]:
        unpacked: list[tuple[int, Entry]] = marshal.loads(zlib.decompress(self.packed))  # noqa: S302  # see Packed
        return unpacked


class Packed:
    """A listing in little memory. All entries of one version are in one box, found by the version's hash.

    Versions are compared by :pep:`440`, and equal versions have the same hash, so no entry is missed. ``marshal`` packs
    the entries, because it restores any value that JSON can contain. It is not safe for untrusted bytes, and never
    receives any: all bytes that are unpacked were packed by this process.

    :raises reqpi.core.errors.WrongPage: an entry is nested too deeply to be packed; no genuine page is.
    """

    def __init__(self, listing: Listing) -> None:
        self._pack(listing, _with_versions(listing))

    @classmethod
    def with_page(cls, listing: Listing, versions: Collection[Version] | None) -> tuple[Packed, Page]:
        """Return a listing in little memory, and the same as its :meth:`page`, for which nothing is unpacked."""
        packed, entries = cls.__new__(cls), _with_versions(listing)
        packed._pack(listing, entries)
        wanted = (entry for entry, version in entries if version and (versions is None or version in versions))
        return packed, listing.checked(wanted)

    def _pack(self, listing: Listing, entries: Iterable[tuple[Entry, Version | None]]) -> None:
        boxes: list[list[tuple[int, Entry]]] = [[] for _ in range(len(listing.entries) // _TOGETHER + 1)]
        for place, (entry, version) in enumerate(entries):
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
        """Bytes that it occupies in memory."""
        return _OVERHEAD + sum(len(box.packed) + 64 for box in self._boxes)

    def work(self, versions: Collection[Version] | None = None) -> int:
        """Return the number of bytes that :meth:`page` would unpack. If they are many, call it in a thread.

        :param versions: as for :meth:`page`.
        """
        return sum(box.size for box in self._of(versions))

    def page(self, versions: Collection[Version] | None = None) -> Page:
        """Return the page with its files of these versions, in the order of the page.

        :param versions: ``None`` for all versions.
        """
        entries = sorted((each for box in self._of(versions) for each in box.entries()), key=lambda each: each[0])
        wanted = (entry for _, entry in entries if versions is None or self._listing.version(entry) in versions)
        return self._listing.checked(wanted)

    def _of(self, versions: Collection[Version] | None) -> Iterator[_Box]:
        if versions is None:
            return iter(self._boxes)
        return (self._boxes[number] for number in {hash(version) % len(self._boxes) for version in versions})


def _with_versions(listing: Listing) -> list[tuple[Entry, Version | None]]:
    """Return the entries, each with the version in its filename: finding it takes half of the time of packing."""
    return [(entry, listing.version(entry)) for entry in listing.entries]


def _packed(entries: list[tuple[int, Entry]]) -> _Box:
    data = marshal.dumps(entries)
    return _Box(zlib.compress(data, _LEVEL), len(data))
