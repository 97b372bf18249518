"""OSV's exports: a zip archive with a JSON file for each advisory of an ecosystem, and what is read from several."""

from __future__ import annotations

from typing import IO

from attrs import frozen

from reqpi.core.advisories.index import AdvisoryIndex
from reqpi.core.advisories.model import Advisory
from reqpi.core.advisories.packed import packed_documents
from reqpi.core.advisories.reading import LARGEST_ADVISORY, AdvisoryReader, BadAdvisory
from reqpi.core.metadata.zip_ranges import MAX_ENTRIES, UNREADABLE

__all__ = ["AdvisoryExports", "BadExport", "UnreadAdvisory"]

_MOST = 200_000
"""Advisories. PyPI has some 20,000 in 2026, crates.io 2,000; with all ecosystems of OSV there are 700,000."""

_IN_ARCHIVE = MAX_ENTRIES
"""Files in one archive."""

_BYTES = 1 << 30
"""Bytes of all documents: reading them takes about a minute."""

_WEIGHT = 512 << 20
"""Bytes of memory of all advisories."""

_NAMED = 100
"""Unreadable documents that are remembered, and characters of their names."""


class BadExport(ValueError):
    """A file is not an export, is damaged, or has more than a server keeps in memory."""


@frozen
class UnreadAdvisory:
    """A document that is not an advisory.

    :param name: of its file.
    """

    name: str
    problem: str

    def __str__(self) -> str:
        return f"{self.name}: {self.problem}"


class AdvisoryExports:
    """The advisories that were read from some exports, within bounds of memory and time.

    A document that is not an advisory is left out and counted: one of them must not hide all the others.

    :ivar unread: the first such documents.
    :ivar all_unread: how many there are.
    """

    def __init__(self) -> None:
        self.unread: list[UnreadAdvisory] = []
        self.all_unread = 0
        self._reader = AdvisoryReader()
        self._found: list[Advisory] = []
        self._bytes = 0
        self._weight = 0

    def add_document(self, name: str, data: bytes, packed: bytes | None = None) -> None:
        """Read one document.

        :param name: of its file, for messages.
        :param packed: the document as it is kept in memory, if it is at hand.
        :raises BadExport: there are too many.
        """
        self._bytes += len(data)
        try:
            advisory = self._reader.read(data, packed)
        except BadAdvisory as bad:
            self.all_unread += 1
            if len(self.unread) < _NAMED:
                self.unread.append(UnreadAdvisory(_printable(name), str(bad)))
        else:
            self._found.append(advisory)
            self._weight += advisory.weight
        weight = self._weight + self._reader.weight
        if len(self._found) + self.all_unread > _MOST or self._bytes > _BYTES or weight > _WEIGHT:
            raise BadExport("there are more advisories than a server keeps: use the exports of PyPI and crates.io only")

    def add_zip(self, file: IO[bytes]) -> None:
        """Read all documents of an archive.

        :raises BadExport: it is damaged, or there are too many.
        :raises OSError: the disk fails.
        """
        try:
            for each in packed_documents(file, ".json", most=_IN_ARCHIVE, largest=LARGEST_ADVISORY):
                self.add_document(*each)
        except BadExport:
            raise
        except UNREADABLE as error:
            raise BadExport(f"it is not a whole zip archive of advisories ({error})") from error

    def index(self) -> AdvisoryIndex:
        """Return the index of all that was read."""
        return AdvisoryIndex.of(self._found)


def _printable(name: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in name[-_NAMED:])
