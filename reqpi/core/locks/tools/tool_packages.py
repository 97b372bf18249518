"""What packages have in common in the locks of poetry, pdm and pipenv: format versions, markers, and the pins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from attrs import define, field
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from reqpi.core.locks.findings import Findings
from reqpi.core.locks.left_out import LeftOut, is_project_itself
from reqpi.core.locks.markers.checked import Markers
from reqpi.core.locks.markers.conditions import ConditionBudget, TooMuch, parse
from reqpi.core.locks.pip.requirement import NAME
from reqpi.core.locks.rules import entries, tools
from reqpi.core.locks.rules.requirements import Refused, counted, shown
from reqpi.core.locks.tools.entries import Entry
from reqpi.core.locks.tools.packages import Hashes, check_marker, note_overlaps, project, release, requirement
from reqpi.core.locks.tools.toml_document import TomlDocument
from reqpi.core.model import Archive, Git, Pin, Project
from reqpi.core.report import NOTE

__all__ = ["Packages", "check_version", "extras", "find", "older_files", "with_files"]

_EXTRA = re.compile(NAME)
_EXTRA_LENGTH = 256
_WORK = 1_000_000
_CHOICES = ("extra", "dependency_groups")


def find(document: TomlDocument, key: str) -> int:
    """The last line that begins with ``key`` and an equals sign; 0 where there is none."""
    for number in range(len(document.lines), 0, -1):
        start, equals, _ = document.lines[number - 1].partition("=")
        if equals and start.strip() == key:
            return number
    return 0


def check_version(document: TomlDocument, key: str, majors: Mapping[int, str], findings: Findings) -> Version:
    """The version of the format, which stands in ``[metadata]``.

    :param majors: what is read: major versions, and of each the newest that is known here.
    :raises reqpi.core.errors.BrokenLock: it is another one, or none.
    """
    metadata = document.tables.get("metadata")
    said = metadata.get(key) if isinstance(metadata, dict) else None
    try:
        version = Version(said) if isinstance(said, str) and len(said) < 20 else None
    except InvalidVersion:
        version = None
    line = find(document, key)
    if not version or version.epoch or version.major not in majors:
        spelled = "missing" if said is None else f"`{str(said)[:40]}`"
        known = " or ".join(f"{major}.x" for major in majors)
        findings.only(Refused(entries.LOCK_VERSION, spelled, f"{key} {known}"), line)
    if version > Version(newest := majors[version.major]):
        findings.note(line, f"{key} {version} is read as {newest}: what is new in it is ignored.")
    return version


def older_files(document: TomlDocument, findings: Findings) -> Mapping[str, object]:
    """What ``[metadata.files]`` says, which older versions of poetry and pdm wrote instead of a package's ``files``."""
    metadata = document.tables.get("metadata")
    files = metadata.get("files", {}) if isinstance(metadata, dict) else {}
    if not isinstance(files, dict):
        findings.refuse(entries.ENTRY, find(document, "files"), "`metadata.files` is not a table")
        return {}
    return files


def with_files(entry: Entry, files: object) -> Entry:
    """``entry`` with ``files``, unless it has its own."""
    return entry if files is None or "files" in entry.table else Entry({**entry.table, "files": files}, entry.name)


def extras(entry: Entry) -> tuple[str, ...]:
    """The extras that are asked for, normalised and sorted.

    :raises reqpi.core.locks.tools.entries.Flaw: one of them is none.
    """
    named = entry.texts("extras")
    for extra in named:
        if len(extra) > _EXTRA_LENGTH or not _EXTRA.fullmatch(extra):
            raise entry.flaw(tools.EXTRA, extra, "extras")
    return tuple(sorted({canonicalize_name(extra) for extra in named}))


@define
class Packages:
    """Makes pins of the packages of one document."""

    findings: Findings
    _chosen: int = 0
    _left_out: LeftOut = field(factory=LeftOut)
    _markers: Markers = field(factory=Markers)
    _budget: ConditionBudget = field(factory=lambda: ConditionBudget(_WORK))
    _parsed: dict[str, str] = field(factory=dict)

    def marker(self, entry: Entry, markers: Sequence[str], key: str) -> str | None:
        """The marker that holds where one of ``markers`` does, without what they say of extras; ``None`` for always.

        :param key: what they stand under.
        :raises reqpi.core.locks.tools.entries.Flaw: one is no marker.
        """
        for marker in markers:
            check_marker(entry, key, marker.strip(), self._markers)
        each = list(dict.fromkeys(self._without_choices(entry, marker.strip()) for marker in markers))
        if not each or not all(each):
            return None
        return each[0] if len(each) == 1 else " or ".join(f"({marker})" for marker in each)

    def _without_choices(self, entry: Entry, marker: str) -> str:
        """A marker without what it says of extras; nothing where that leaves nothing."""
        if not any(choice in marker for choice in _CHOICES):
            return marker
        if marker not in self._parsed:
            self._chosen += 1
            try:
                self._parsed[marker] = str(parse(marker, self._budget))
            except TooMuch:
                self.findings.note(
                    0, f"The marker of {shown(entry.name, 80)} is too long to be taken apart: it is left out."
                )
                self._parsed[marker] = ""
        return self._parsed[marker]

    def pin(
        self,
        entry: Entry,
        span: tuple[int, int],
        hashes: Hashes,
        *,
        source: Archive | Git | None = None,
        marker: str | None = None,
        extras: tuple[str, ...] = (),
        indexes: tuple[str, ...] = (),
    ) -> Pin:
        """The pin that a package is.

        :param span: its first and last line.
        :param source: what it is taken from; ``None`` for an index.
        :raises reqpi.core.locks.rules.requirements.Refused: its name or version is none.
        """
        name, version = project(entry), release(entry)
        if not version and not source:
            raise entry.flaw(entries.ENTRY, f"{entry.name} has no `version`")
        hashes.note(span[0], self.findings)
        spelled = f"{name}[{','.join(extras)}]" if extras else name
        return Pin(
            project=name,
            version=version,
            digests=frozenset(hashes.digests),
            extras=extras,
            marker=marker,
            line=span[0],
            last_line=span[1],
            text=requirement(spelled, version, source, marker),
            source=source,
            indexes=indexes,
        )

    def left_out(self, entry: Entry, line: int, what: str, path: str = "") -> None:
        """Note that a package is no pin.

        :param path: where it is on the machine that locked.
        :raises reqpi.core.locks.rules.requirements.Refused: its name is none.
        """
        name = project(entry)
        if is_project_itself(path):
            self._left_out.project()
        else:
            self.findings.note(line, f"{name} is {what}: it is left out.")

    def conclude(self, pins: Sequence[Pin]) -> tuple[Pin, ...]:
        """The same pins, now that all are known; adds what is to be said of them together."""
        _check_digests(pins, self.findings)
        self._left_out.note(self.findings)
        if self._chosen:
            self.findings.note(
                0,
                f"{counted(self._chosen, 'marker speaks', 'markers speak')} of extras: every choice of them is "
                "served, and exports leave that part of the marker out.",
                NOTE,
            )
        note_overlaps(_differing(pins), self.findings)
        return tuple(pins)


def _check_digests(pins: Sequence[Pin], findings: Findings) -> None:
    """Refuse releases without digests where any package has one: pip's rule, and pipenv hands its locks to pip."""
    hashed = any(pin.digests for pin in pins)
    unhashed = [pin for pin in pins if not pin.digests and not pin.source]
    for pin in unhashed if hashed else ():
        findings.refuse(tools.NO_DIGESTS, pin.line, name=pin.project)
    if unhashed and not hashed:
        findings.note(0, "No package has digests: the files that are first seen upstream are kept to.")


def _differing(pins: Iterable[Pin]) -> list[Pin]:
    """The pins of projects that are pinned to several versions or sources, each once.

    These locks list a package once more for its extras, or for another category.
    """
    known: dict[Project, dict[tuple[str, Archive | Git | None, str | None], Pin]] = {}
    for pin in pins:
        known.setdefault(pin.project, {}).setdefault((pin.version, pin.source, pin.marker), pin)
    several = (each for each in known.values() if len({key[:2] for key in each}) > 1)
    return [pin for each in several for pin in each.values()]
