"""The inside of a distribution file, for people: its core metadata, and the members of its archive."""

from __future__ import annotations

from attrs import frozen

from reqpi.core.metadata.archive_listing import ArchiveListing
from reqpi.core.metadata.headers import read_headers
from reqpi.core.model import File
from reqpi.core.sbom.about import about
from reqpi.core.sbom.model import About
from reqpi.core.sbom.text import words

__all__ = ["DescribedRelease", "FileInside", "described_release"]

_MOST = 500
"""Requirements, and classifiers, at most."""

_LONGEST = 500
"""Characters of one of them."""


@frozen
class DescribedRelease:
    """The core metadata of a release, as people are shown it: each text is one line without control characters.

    :param more: how many requirements and classifiers were left out.
    """

    summary: str
    licences: tuple[str, ...]
    requires: tuple[str, ...]
    classifiers: tuple[str, ...]
    more: int = 0


@frozen
class FileInside:
    """A file that a lock admits, and what the store has about its inside.

    :param size: in bytes, if the file is in the store; otherwise ``None``.
    :param described: its core metadata; ``None`` if the store does not have it.
    :param listing: the members of the archive; ``None`` if it was not read.
    :param unread: says why it was not read; empty if it was.
    """

    file: File
    size: int | None
    described: DescribedRelease | None
    listing: ArchiveListing | None
    unread: str = ""

    @property
    def verified(self) -> bool:
        """Whether the core metadata was read from the verified file. Otherwise it is the upstream's claim."""
        return self.size is not None


def described_release(metadata: bytes) -> DescribedRelease:
    """Return what core metadata says, within bounds.

    :param metadata: any bytes.
    """
    known: About = about(metadata)
    classifiers = read_headers(metadata).get("classifiers", [])
    return DescribedRelease(
        known.summary,
        tuple(licence.text for licence in known.licences[:_MOST]),
        tuple(words(line, _LONGEST) for line in known.requires[:_MOST]),
        tuple(words(line, _LONGEST) for line in classifiers[:_MOST]),
        max(0, len(known.requires) - _MOST) + max(0, len(classifiers) - _MOST),
    )
