"""The packages of a lock in TOML: tables whose values may be of any type, and the reading of one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from attrs import frozen

from reqpi.core.locks.findings import Findings
from reqpi.core.locks.rules import entries as rules
from reqpi.core.locks.rules.requirements import TOO_MANY, Refused, Rule
from reqpi.core.locks.tools.toml_document import TomlDocument
from reqpi.core.model import Pin

__all__ = ["PACKAGES", "Entry", "EntryFlaw", "entries", "read_each"]

PACKAGES = 50_000
"""Packages of a document."""

_Of = TypeVar("_Of")
_KINDS = {str: "a string", list: "an array", dict: "a table", bool: "true or false"}


class EntryFlaw(Refused):
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
        except EntryFlaw:
            raise
        except Refused as refused:
            raise self.flaw(refused.rule, refused.what, key) from None

    def flaw(self, rule: Rule, what: str = "", key: str = "") -> EntryFlaw:
        """Something wrong with the value of a key."""
        return EntryFlaw(rule, what, self.name, self.within or key)

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


def entries(document: TomlDocument, key: str, findings: Findings) -> Iterator[tuple[int, Entry]]:
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
    document: TomlDocument, key: str, findings: Findings, read: Callable[[int, Entry], Pin | None]
) -> Iterator[tuple[int, Pin]]:
    """What ``read`` makes of each package, with its number; defects for those that are flawed."""
    for number, entry in entries(document, key, findings):
        try:
            pin = read(number, entry)
        except Refused as flaw:
            findings.refused(flaw, document.line(number, flaw.key if isinstance(flaw, EntryFlaw) else ""))
        else:
            if pin:
                yield number, pin
