"""The packages of a lock as tables whose values may have any type, and the loop that reads them."""

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
"""Packages of a document, at most."""

_Of = TypeVar("_Of")
_KINDS = {str: "a string", list: "an array", dict: "a table", bool: "true or false"}


class EntryFlaw(Refused):
    """A defect of an entry.

    :param key: the key of the entry that has the defect; empty for the entry as a whole.
    """

    def __init__(self, rule: Rule, what: str = "", name: str = "", key: str = "") -> None:
        super().__init__(rule, what, name)
        self.key = key


@frozen
class Entry:
    """A table of a lock. All of its values may have the wrong type.

    :param table: its keys and values.
    :param name: the name of the package, for messages.
    :param within: the key of the package under which the table is; empty for the package itself.
    """

    table: Mapping[str, object]
    name: str = ""
    within: str = ""

    def text(self, key: str) -> str | None:
        """Return a string; ``None`` if it is missing.

        :raises EntryFlaw: it is not a string. The methods below raise the same error.
        """
        return self._get(key, str)

    def needed(self, key: str) -> str:
        """Return a string that must be present.

        :raises EntryFlaw: it is missing, or not a string.
        """
        stated = self.text(key)
        if stated is None:
            raise self.flaw(rules.ENTRY, f"{self._called} has no `{key}`", key)
        return stated

    def inner(self, key: str) -> Entry | None:
        """Return a table; ``None`` if it is missing."""
        table = self._get(key, dict)
        return None if table is None else Entry(table, self.name, self.within or key)

    def listed(self, key: str) -> list[Entry]:
        """Return an array of tables; an empty list if it is missing."""
        return [Entry(table, self.name, self.within or key) for table in self._all(key, dict)]

    def texts(self, key: str) -> list[str]:
        """Return an array of strings; an empty list if it is missing."""
        return self._all(key, str)

    def each(self, key: str) -> Iterator[tuple[str, list[Entry]]]:
        """Yield each key and array of a table whose values are arrays of tables."""
        inner = self.inner(key)
        for name in inner.table if inner else ():
            assert inner
            yield name, inner.listed(name)

    @contextmanager
    def at(self, key: str) -> Iterator[None]:
        """Attribute defects that are raised in the block to this key."""
        try:
            yield
        except EntryFlaw:
            raise
        except Refused as refused:
            raise self.flaw(refused.rule, refused.what, key) from None

    def flaw(self, rule: Rule, what: str = "", key: str = "") -> EntryFlaw:
        """Return a defect of the value of a key, for the caller to raise."""
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
            raise self.flaw(rules.ENTRY, f"`{key}` of {self._called} has an item that is not {_KINDS[kind]}", key)
        return values


def entries(document: TomlDocument, key: str, findings: Findings) -> Iterator[tuple[int, Entry]]:
    """Yield the packages of a document with their numbers from 0, and report items that are not tables.

    No more than :data:`PACKAGES` are read; the next one is reported as a defect.
    """
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
            findings.refuse(rules.ENTRY, document.line(number), f"`{key}` has an item that is not a table")


def read_each(
    document: TomlDocument, key: str, findings: Findings, read: Callable[[int, Entry], Pin | None]
) -> Iterator[tuple[int, Pin]]:
    """Yield the number and the pin of each package, and report the packages that have defects.

    :param read: makes a pin of a package, given its number; ``None`` if it is to be left out.
    """
    for number, entry in entries(document, key, findings):
        try:
            pin = read(number, entry)
        except Refused as flaw:
            findings.refused(flaw, document.line(number, flaw.key if isinstance(flaw, EntryFlaw) else ""))
        else:
            if pin:
                yield number, pin
