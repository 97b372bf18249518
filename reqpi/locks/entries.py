"""What packages in a lock have in common, whatever the format: names, versions, digests, and the text of a pin."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar

from attrs import frozen
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from reqpi.locks import entry_rules as rules
from reqpi.locks.findings import Findings
from reqpi.locks.rules import TOO_LONG, TOO_MANY, Refused, Rule
from reqpi.locks.toml_document import Document
from reqpi.model import ALGORITHMS, Archive, Digest, Git, Pin, Project

__all__ = [
    "PACKAGES",
    "Entry",
    "Flaw",
    "Hashes",
    "entries",
    "note_overlaps",
    "project",
    "read_each",
    "release",
    "requirement",
]

PACKAGES = 50_000
"""Packages of a document."""

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*+(?<=[A-Za-z0-9]))?")
_NAME_LENGTH = 256
_VERSION_LENGTH = 128
_HEX = re.compile(r"[0-9a-f]*+")

_Of = TypeVar("_Of")
_KINDS = {str: "a string", list: "an array", dict: "a table", bool: "true or false"}


class Flaw(Refused):
    """A piece of an entry breaks a rule.

    :param key: of the entry, which stands where the piece is; empty for the entry as a whole.
    """

    def __init__(self, rule: Rule, what: str = "", name: str = "", key: str = "") -> None:
        super().__init__(rule, what, name)
        self.key = key


@frozen
class Entry:
    """A table of a lock, all of whose values may be of the wrong type.

    :param table: what it says.
    :param name: what it is about, for what is said of it.
    :param within: the key of the package that it is inside; empty for a package itself.
    """

    table: Mapping[str, object]
    name: str = ""
    within: str = ""

    def text(self, key: str) -> str | None:
        """A string; ``None`` where it is not there.

        :raises Flaw: it is no string; likewise with all that follow.
        """
        return self._get(key, str)

    def needed(self, key: str) -> str:
        """A string that must be there."""
        said = self.text(key)
        if said is None:
            raise self.flaw(rules.ENTRY, f"{self._called} has no `{key}`", key)
        return said

    def inner(self, key: str) -> Entry | None:
        """A table; ``None`` where it is not there."""
        table = self._get(key, dict)
        return None if table is None else Entry(table, self.name, self.within or key)

    def listed(self, key: str) -> list[Entry]:
        """An array of tables; none where it is not there."""
        return [Entry(table, self.name, self.within or key) for table in self._all(key, dict)]

    def texts(self, key: str) -> list[str]:
        """An array of strings; none where it is not there."""
        return self._all(key, str)

    def each(self, key: str) -> Iterator[tuple[str, list[Entry]]]:
        """A table of arrays of tables: their keys, and each array."""
        inner = self.inner(key)
        for name in inner.table if inner else ():
            assert inner
            yield name, inner.listed(name)

    @contextmanager
    def at(self, key: str) -> Iterator[None]:
        """Whatever is refused inside is about this key."""
        try:
            yield
        except Flaw:
            raise
        except Refused as refused:
            raise self.flaw(refused.rule, refused.what, key) from None

    def flaw(self, rule: Rule, what: str = "", key: str = "") -> Flaw:
        """Something wrong with the value of a key."""
        return Flaw(rule, what, self.name, self.within or key)

    @property
    def _called(self) -> str:
        return f"{self.name or 'an entry'}{f' ({self.within})' if self.within else ''}"

    def _get(self, key: str, kind: type[_Of]) -> _Of | None:
        value = self.table.get(key)
        if value is not None and not isinstance(value, kind):
            raise self.flaw(rules.ENTRY, f"`{key}` of {self._called} is not {_KINDS[kind]}", key)
        return value

    def _all(self, key: str, kind: type[_Of]) -> list[_Of]:
        values: list[_Of] = self._get(key, list) or []
        if not all(isinstance(value, kind) for value in values):
            raise self.flaw(rules.ENTRY, f"`{key}` of {self._called} has something that is not {_KINDS[kind]}", key)
        return values


def entries(document: Document, key: str, findings: Findings) -> Iterator[tuple[int, Entry]]:
    """The packages of a document, as many as are read, with their numbers from 0; defects for what is none."""
    listed = document.tables.get(key, [])
    if not isinstance(listed, list):
        findings.refuse(rules.ENTRY, document.top(key), f"`{key}` is not an array")
        return
    for number, table in enumerate(listed):
        if number == PACKAGES:
            findings.refuse(TOO_MANY, document.line(number), f"{PACKAGES} packages")
            return
        if isinstance(table, dict):
            name = table.get("name")
            yield number, Entry(table, name if isinstance(name, str) else "a package")
        else:
            findings.refuse(rules.ENTRY, document.line(number), f"`{key}` has something that is not a table")


def read_each(
    document: Document, key: str, findings: Findings, read: Callable[[int, Entry], Pin | None]
) -> Iterator[tuple[int, Pin]]:
    """What ``read`` makes of each package, with its number; defects for those that are flawed."""
    for number, entry in entries(document, key, findings):
        try:
            pin = read(number, entry)
        except Refused as flaw:
            findings.refused(flaw, document.line(number, flaw.key if isinstance(flaw, Flaw) else ""))
        else:
            if pin:
                yield number, pin


def project(entry: Entry) -> Project:
    """The project that the entry is about.

    :raises Flaw: its name is none.
    """
    name = entry.needed("name")
    if len(name) > _NAME_LENGTH:
        raise entry.flaw(TOO_LONG, f"name is longer than {_NAME_LENGTH} characters", "name")
    if not _NAME.fullmatch(name):
        raise entry.flaw(rules.PROJECT, name, "name")
    return canonicalize_name(name)


def release(entry: Entry) -> str:
    """The version that the entry pins, as it is spelled; empty where it has none.

    :raises Flaw: it is none by :pep:`440`.
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
    # A line break or a space around it would be one in an export.
    return version.strip()


class Hashes:
    """The digests of a package's files, and what to say of those that do not count."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry
        self.digests: set[Digest] = set()
        self.weak: set[str] = set()
        self.files = 0
        self.open = 0

    def add(self, file: Entry, said: Iterable[tuple[str, object]]) -> None:
        """Add one file's: pairs of an algorithm and hex digits, in any letter case.

        :raises Flaw: a digest is malformed, or the file has none that counts.
        """
        strong = weak = ""
        for algorithm, digits in said:
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
        """Say what a user should know about them."""
        name = self._entry.name
        if self.weak:
            listed = ", ".join(sorted(self.weak)[:4])
            findings.note(line, f"The {listed} digests of {name} do not count here; the stronger ones beside them do.")
        if self.open and not self.digests:
            findings.note(line, f"{name} has no digests: the files that are first seen upstream are kept to.")
        elif self.open:
            findings.note(
                line, f"{self.open} of the {self.files} files of {name} have no digest: they are not admitted."
            )


def _digest(file: Entry, algorithm: str, digits: object) -> Digest:
    spelled = digits.lower() if isinstance(digits, str) else ""
    length = ALGORITHMS[algorithm]
    if not _HEX.fullmatch(spelled) or len(spelled) != length:
        raise file.flaw(rules.FILE_DIGEST, f"a {algorithm} digest of {file.name} is not {length} hex digits")
    return Digest(algorithm, spelled)


def requirement(name: str, version: str, source: Archive | Git | None, marker: str | None) -> str:
    """What a requirements.txt would say of a pin, without digests (:pep:`508`)."""
    if source is None:
        said = f"{name}=={version}"
    else:
        where = f"git+{source.url}@{source.commit}" if isinstance(source, Git) else source.url
        said = f"{name} @ {where}{f'#subdirectory={source.subdirectory}' if source.subdirectory else ''}"
    return f"{said} ; {marker}" if marker else said


def note_overlaps(pins: Sequence[Pin], findings: Findings) -> None:
    """Say so where a project is pinned twice, and nothing tells which of the two applies.

    It is no defect: these formats may leave that to extras and groups which exclude each other.
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
                f"{pin.project} is pinned here and in line {rival.line}, and no markers tell them apart: both are served, "
                "and an installer given an export of the whole lock may refuse to choose.",
            )
        others.setdefault(pin.marker, pin)
