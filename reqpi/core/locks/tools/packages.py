"""The fields of a package in any format of lock: name, version, marker and digests, and the text of its pin."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from reqpi.core.locks.findings import Findings
from reqpi.core.locks.markers.checked import LENGTH, Markers
from reqpi.core.locks.rules import entries as rules
from reqpi.core.locks.rules.requirements import MARKER, TOO_LONG, Refused, shown
from reqpi.core.locks.tools.entries import Entry
from reqpi.core.model import ALGORITHMS, Archive, Digest, Git, Pin, Project

__all__ = ["Hashes", "check_marker", "note_overlaps", "project", "release", "requirement"]

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*+(?<=[A-Za-z0-9]))?")
_NAME_LENGTH = 256
_VERSION_LENGTH = 128
_HEX = re.compile(r"[0-9a-f]*+")

# A marker is copied to a requirements.txt unchanged. Characters that would end it or its line there are rejected, even
# inside quotes.
_MARKER = re.compile(r"(?:[!\"%-\[\]-~]| (?!-))++")


def project(entry: Entry) -> Project:
    """Return the project of the entry, normalized.

    :raises EntryFlaw: its name is missing, or not a valid project name.
    """
    name = entry.needed("name")
    if len(name) > _NAME_LENGTH:
        raise entry.flaw(TOO_LONG, f"name is longer than {_NAME_LENGTH} characters", "name")
    if not _NAME.fullmatch(name):
        raise entry.flaw(rules.PROJECT, name, "name")
    return canonicalize_name(name)


def release(entry: Entry) -> str:
    """Return the version that the entry pins, as it is spelled; empty if it has none.

    :raises EntryFlaw: it is not a valid version by :pep:`440`.
    """
    version = entry.text("version")
    if version is None:
        return ""
    if len(version) > _VERSION_LENGTH:
        raise entry.flaw(TOO_LONG, f"version is longer than {_VERSION_LENGTH} characters", "version")
    try:
        Version(version)
    except InvalidVersion:
        raise entry.flaw(rules.RELEASE, version, "version") from None
    # Surrounding spaces or line breaks would end up in an export.
    return version.strip()


def check_marker(entry: Entry, key: str, marker: str, markers: Markers) -> None:
    """Check that ``marker`` is valid and can be written in a requirements.txt.

    :param key: the key of the entry that has the marker.
    :raises EntryFlaw: it is not such a marker.
    """
    if len(marker) <= LENGTH and not _MARKER.fullmatch(marker):
        raise entry.flaw(rules.CONDITION, marker, key)
    try:
        markers.check(marker)
    except Refused as refused:
        if refused.rule is MARKER:
            raise entry.flaw(rules.CONDITION, marker, key) from None
        raise entry.flaw(refused.rule, refused.what, key) from None


class Hashes:
    """The digests of a package's files, and the notes on digests that do not count."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry
        self.digests: set[Digest] = set()
        self.weak: set[str] = set()
        self.files = 0
        self.open = 0

    def add(self, file: Entry, pairs: Iterable[tuple[str, object]]) -> None:
        """Add the digests of one file.

        :param pairs: pairs of an algorithm and hex digits, in any letter case.
        :raises EntryFlaw: a digest is malformed, or the file has only digests that are too weak.
        """
        strong = weak = ""
        for algorithm, digits in pairs:
            name = algorithm.lower()
            if name in ALGORITHMS:
                self.digests.add(_digest(file, name, digits))
                strong = name
            else:
                weak = name
                self.weak.add(name)
        if weak and not strong:
            raise file.flaw(rules.ONLY_WEAK, weak)
        self.files += 1
        self.open += not strong

    def note(self, line: int, findings: Findings) -> None:
        """Report weak and missing digests to the user."""
        name = self._entry.name
        if self.weak:
            listed = shown(", ".join(sorted(self.weak)[:4]), 80)
            findings.note(line, f"The {listed} digests of {name} are ignored; only its stronger digests count.")
        if self.open and not self.digests:
            findings.note(line, f"{name} has no digests: the files seen first are frozen (trust on first use).")
        elif self.open:
            lack = "has no digest: it is" if self.open == 1 else "have no digest: they are"
            findings.note(line, f"{self.open} of the {self.files} files of {name} {lack} not admitted.")


def _digest(file: Entry, algorithm: str, digits: object) -> Digest:
    spelled = digits.lower() if isinstance(digits, str) else ""
    length = ALGORITHMS[algorithm]
    if not _HEX.fullmatch(spelled) or len(spelled) != length:
        raise file.flaw(rules.FILE_DIGEST, f"a {algorithm} digest of {file.name} is not {length} hex digits")
    return Digest(algorithm, spelled)


def requirement(name: str, version: str, source: Archive | Git | None, marker: str | None) -> str:
    """Return the requirement that a requirements.txt would have for a pin, without digests (:pep:`508`)."""
    if source is None:
        text = f"{name}=={version}"
    else:
        where = f"git+{source.url}@{source.commit}" if isinstance(source, Git) else source.url
        text = f"{name} @ {where}{f'#subdirectory={source.subdirectory}' if source.subdirectory else ''}"
    return f"{text} ; {marker}" if marker else text


def note_overlaps(pins: Sequence[Pin], findings: Findings) -> None:
    """Report a project that is pinned twice if no markers decide which of the pins applies.

    This is not a defect: these formats may leave the choice to extras and groups that exclude each other.
    """
    seen: dict[Project, dict[str | None, Pin]] = {}
    for pin in pins:
        others = seen.setdefault(pin.project, {})
        rival = (
            others.get(pin.marker)
            or others.get(None)
            or (next(iter(others.values()), None) if not pin.marker else None)
        )
        if rival:
            findings.note(
                pin.line,
                f"{pin.project} is pinned here and in line {rival.line}, and no markers distinguish the pins: both are "
                "served, and an installer given an export of the whole lock may refuse to choose.",
            )
        others.setdefault(pin.marker, pin)
