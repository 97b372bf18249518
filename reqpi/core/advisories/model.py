"""The values of an advisory."""

from __future__ import annotations

from enum import IntEnum

from attrs import field, frozen

from reqpi.core.advisories.packed import unpacked

__all__ = ["BEGINNING", "CRATES", "ECOSYSTEMS", "PYPI", "Advisory", "Affected", "EventKind", "VersionEvent"]

PYPI = "PyPI"
CRATES = "crates.io"

ECOSYSTEMS = frozenset({PYPI, CRATES})
"""The ecosystems whose packages a lock can pin, as OSV spells them."""

BEGINNING = "0"
"""The version of an ``introduced`` event that sorts before any other."""

_ADVISORY, _AFFECTED, _EVENT, _SLOT = 600, 250, 150, 8
"""Bytes of memory of an advisory, a package, an event, and of a version, whose text many advisories share."""


class EventKind(IntEnum):
    """The kind of an event, in the order in which events of one version count: the last one decides."""

    INTRODUCED = 0
    LAST_AFFECTED = 1
    FIXED = 2
    LIMIT = 3


@frozen
class VersionEvent:
    """One event of a range: from this version on, or up to it, releases are affected or not.

    :param version: as the advisory spells it; :data:`BEGINNING` sorts before any other.
    """

    kind: EventKind
    version: str


@frozen
class Affected:
    """The releases of one package that an advisory is about.

    :param ecosystem: one of :data:`ECOSYSTEMS`.
    :param name: normalized.
    :param versions: the affected versions that are listed one by one, in their canonical spelling.
    :param ranges: the events of each range, in the order of the document. Ranges of git commits are not among them.
    """

    ecosystem: str
    name: str
    versions: tuple[str, ...] = ()
    ranges: tuple[tuple[VersionEvent, ...], ...] = ()


@frozen
class Advisory:
    """One advisory.

    :param id: for example ``PYSEC-2024-1``.
    :param modified: when it was changed last, as the document spells it (RFC 3339).
    :param aliases: other names of the same vulnerability, such as ``CVE-2024-1``.
    :param summary: one line; empty if the document has none.
    :param severity: a word such as ``HIGH``, or else the first CVSS vector; ``None`` if the document has neither.
    :param withdrawn: the advisory does not hold any more.
    :param affected: the packages of :data:`ECOSYSTEMS` that it is about.
    :param packed: the document, compressed.
    """

    id: str
    modified: str
    aliases: tuple[str, ...] = ()
    summary: str = ""
    severity: str | None = None
    withdrawn: bool = False
    affected: tuple[Affected, ...] = ()
    packed: bytes = field(default=b"", repr=False)

    @property
    def malware(self) -> bool:
        """Whether it is about a malicious release."""
        return any(name.startswith("MAL-") for name in (self.id, *self.aliases))

    @property
    def document(self) -> bytes:
        """The document, byte for byte: an object of JSON."""
        return unpacked(self.packed)

    @property
    def weight(self) -> int:
        """Bytes of memory that the advisory takes, rounded up."""
        events = sum(len(events) for each in self.affected for events in each.ranges)
        versions = sum(len(each.versions) for each in self.affected)
        return _ADVISORY + len(self.packed) + _AFFECTED * len(self.affected) + _EVENT * events + _SLOT * versions
