"""The parts that the readers of poetry, pdm and pipenv locks share: format versions, markers, and pins."""

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
    """Return the last line that begins with ``key`` and an equals sign; 0 if there is none."""
    for number in range(len(document.lines), 0, -1):
        start, equals, _ = document.lines[number - 1].partition("=")
        if equals and start.strip() == key:
            return number
    return 0


def check_version(document: TomlDocument, key: str, majors: Mapping[int, str], findings: Findings) -> Version:
    """Return the version of the format, which ``[metadata]`` states.

    :param key: the key of the version.
    :param majors: the supported major versions, and the newest known version of each.
    :raises reqpi.core.errors.BrokenLock: the version is not supported, or missing.
    """
    metadata = document.tables.get("metadata")
    stated = metadata.get(key) if isinstance(metadata, dict) else None
    try:
        version = Version(stated) if isinstance(stated, str) and len(stated) < 20 else None
    except InvalidVersion:
        version = None
    line = find(document, key)
    if not version or version.epoch or version.major not in majors:
        spelled = "missing" if stated is None else f"`{str(stated)[:40]}`"
        known = " or ".join(f"{major}.x" for major in majors)
        findings.only(Refused(entries.LOCK_VERSION, spelled, f"{key} {known}"), line)
    if version > Version(newest := majors[version.major]):
        findings.note(line, f"{key} {version} is read as {newest}: newer features are ignored.")
    return version


def older_files(document: TomlDocument, findings: Findings) -> Mapping[str, object]:
    """Return ``[metadata.files]``, which older versions of poetry and pdm wrote instead of a package's ``files``."""
    metadata = document.tables.get("metadata")
    files = metadata.get("files", {}) if isinstance(metadata, dict) else {}
    if not isinstance(files, dict):
        findings.refuse(entries.ENTRY, find(document, "files"), "`metadata.files` is not a table")
        return {}
    return files


def with_files(entry: Entry, files: object) -> Entry:
    """Return ``entry`` with ``files`` added, unless it has its own."""
    return entry if files is None or "files" in entry.table else Entry({**entry.table, "files": files}, entry.name)


def extras(entry: Entry) -> tuple[str, ...]:
    """Return the requested extras, normalized and sorted.

    :raises reqpi.core.locks.tools.entries.EntryFlaw: one of them is not a valid extra.
    """
    named = entry.texts("extras")
    for extra in named:
        if len(extra) > _EXTRA_LENGTH or not _EXTRA.fullmatch(extra):
            raise entry.flaw(tools.EXTRA, extra, "extras")
    return tuple(sorted({canonicalize_name(extra) for extra in named}))


@define
class Packages:
    """A builder of pins from the packages of one document.

    :param findings: receives the notes and defects.
    """

    findings: Findings
    _chosen: int = 0
    _left_out: LeftOut = field(factory=LeftOut)
    _markers: Markers = field(factory=Markers)
    _budget: ConditionBudget = field(factory=lambda: ConditionBudget(_WORK))
    _parsed: dict[str, str] = field(factory=dict)

    def marker(self, entry: Entry, markers: Sequence[str], key: str) -> str | None:
        """Return a marker that holds where any of ``markers`` does, without conditions on extras; ``None`` for always.

        :param key: the key of the entry that has the markers.
        :raises reqpi.core.locks.tools.entries.EntryFlaw: one is not a valid marker.
        """
        for marker in markers:
            check_marker(entry, key, marker.strip(), self._markers)
        each = list(dict.fromkeys(self._without_choices(entry, marker.strip()) for marker in markers))
        if not each or not all(each):
            return None
        return each[0] if len(each) == 1 else " or ".join(f"({marker})" for marker in each)

    def _without_choices(self, entry: Entry, marker: str) -> str:
        """Return a marker without its conditions on extras; an empty string if nothing else is in it."""
        if not any(choice in marker for choice in _CHOICES):
            return marker
        if marker not in self._parsed:
            self._chosen += 1
            try:
                self._parsed[marker] = str(parse(marker, self._budget))
            except TooMuch:
                self.findings.note(
                    0, f"The marker of {shown(entry.name, 80)} is too long to be analysed: it is left out."
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
        """Return the pin of a package.

        :param span: its first and last line.
        :param source: its archive or git repository; ``None`` for an index.
        :param extras: normalized and sorted.
        :param indexes: the URLs of its indexes; empty for the server's default one.
        :raises reqpi.core.locks.rules.requirements.Refused: its name or version is missing or not valid.
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
        """Report that a package is left out.

        :param what: the reason, as the end of a sentence that begins with its name and "is".
        :param path: its path on the machine that locked.
        :raises reqpi.core.locks.rules.requirements.Refused: its name is missing or not valid.
        """
        name = project(entry)
        self.findings.local.add(name)
        if is_project_itself(path):
            self._left_out.project()
        else:
            self.findings.note(line, f"{name} is {what}: it is left out.")

    def conclude(self, pins: Sequence[Pin]) -> tuple[Pin, ...]:
        """Return all pins of the document, and report the findings that concern several of them."""
        _check_digests(pins, self.findings)
        self._left_out.note(self.findings)
        if self._chosen:
            self.findings.note(
                0,
                f"{counted(self._chosen, 'marker depends', 'markers depend')} on extras: every choice of them is "
                "served, and exports leave out that part of the marker.",
                NOTE,
            )
        note_overlaps(_differing(pins), self.findings)
        return tuple(pins)


def _check_digests(pins: Sequence[Pin], findings: Findings) -> None:
    """Reject releases without digests if any package has one. This is pip's rule, and pipenv gives its locks to pip."""
    hashed = any(pin.digests for pin in pins)
    unhashed = [pin for pin in pins if not pin.digests and not pin.source]
    for pin in unhashed if hashed else ():
        findings.refuse(tools.NO_DIGESTS, pin.line, name=pin.project)
    if unhashed and not hashed:
        findings.note(0, "No package has digests: the files seen first are frozen (trust on first use).")


def _differing(pins: Iterable[Pin]) -> list[Pin]:
    """Return the pins of projects that are pinned to several versions or sources, without repetitions.

    These locks list a package a second time for its extras, or for another category.
    """
    known: dict[Project, dict[tuple[str, Archive | Git | None, str | None], Pin]] = {}
    for pin in pins:
        known.setdefault(pin.project, {}).setdefault((pin.version, pin.source, pin.marker), pin)
    several = (each for each in known.values() if len({key[:2] for key in each}) > 1)
    return [pin for each in several for pin in each.values()]
