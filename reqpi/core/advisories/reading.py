"""Reading of an advisory from a document of OSV, which may come from anyone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reqpi.core.advisories.model import BEGINNING, ECOSYSTEMS, Advisory, Affected, EventKind, VersionEvent
from reqpi.core.advisories.ordering import LONGEST_VERSION, VERSION_RULES, is_readable
from reqpi.core.advisories.packed import packed
from reqpi.core.stored_json import NOT_WRITTEN, mapping, optional, parse, typed

__all__ = ["LARGEST_ADVISORY", "AdvisoryReader", "BadAdvisory"]

LARGEST_ADVISORY = 4 << 20
"""Bytes of a document. The largest ones list all releases of dozens of packages, in less than 1 MiB."""

_MOST_EVENTS = 2_000
"""Events of one advisory: comparing a version with them takes 10 ms."""

_MOST_VERSIONS = 100_000
_MOST_PACKAGES = 5_000
_MOST_ALIASES = 200

_SUMMARY = 300
"""Characters of a summary and of a severity."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}")
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,24}(?:Z|[+-][0-9]{2}:[0-9]{2})")

_KINDS = {kind.name.lower(): kind for kind in EventKind}
_COMPARED = frozenset({"ECOSYSTEM", "SEMVER"})
"""The types of ranges that are compared as versions. ``GIT`` has commits."""

_TEXT = 150
"""Bytes of memory of the text of a version, without its characters."""

_MOST_SPELLINGS = 200_000
"""Versions whose texts are shared at a time. All releases of PyPI that have advisories have fewer spellings."""


class BadAdvisory(ValueError):
    """A document is not an advisory of OSV."""


class AdvisoryReader:
    """The reader of the advisories of some exports, which share the texts of their versions.

    :ivar weight: bytes of memory of these texts, rounded up.
    """

    def __init__(self) -> None:
        self.weight = 0
        self._canonical: dict[str, dict[str, str]] = {ecosystem: {} for ecosystem in ECOSYSTEMS}

    def read(self, data: bytes, already: bytes | None = None) -> Advisory:
        """Return an advisory.

        :param already: the document as :func:`reqpi.core.advisories.packed.packed` returns it, if it is at hand.

        :raises BadAdvisory: the document is not one, or exceeds a bound.
        """
        if len(data) > LARGEST_ADVISORY:
            raise BadAdvisory(f"it has more than {LARGEST_ADVISORY} bytes")
        try:
            return self._advisory(mapping(parse(data)), packed(data) if already is None else already)
        except NOT_WRITTEN as error:
            raise BadAdvisory(_problem(error)) from None

    def _advisory(self, document: Mapping[str, Any], already: bytes) -> Advisory:
        affected = _items(document, "affected", dict, _MOST_PACKAGES)
        aliases = _items(document, "aliases", str, _MOST_ALIASES)
        return Advisory(
            _matching(_ID, document["id"], "an id"),
            _matching(_TIMESTAMP, document["modified"], "a timestamp"),
            tuple(alias for alias in aliases if _ID.fullmatch(alias)),
            _line(optional(document.get("summary"), str) or ""),
            _severity(document),
            document.get("withdrawn") is not None,
            tuple(self._affected(affected)),
            already,
        )

    def _affected(self, items: Iterable[Mapping[str, Any]]) -> Iterator[Affected]:
        """Yield what is said about packages of the ecosystems that a lock can pin."""
        events = versions = 0
        for item in items:
            package = optional(item.get("package"), dict)  # a git repository has none
            ecosystem = "" if package is None else typed(package["ecosystem"], str).partition(":")[0]
            if package is None or ecosystem not in ECOSYSTEMS:
                continue
            name = VERSION_RULES[ecosystem].name_of(typed(package["name"], str))
            found = Affected(ecosystem, name, self._versions(ecosystem, item), tuple(_ranges(ecosystem, item)))
            events += sum(map(len, found.ranges))
            versions += len(found.versions)
            if events > _MOST_EVENTS or versions > _MOST_VERSIONS:
                raise BadAdvisory("it has too many events or versions")
            yield found

    def _versions(self, ecosystem: str, item: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the canonical spellings of the listed versions: one object for all advisories that have one."""
        texts = _items(item, "versions", str, _MOST_VERSIONS)
        known = self._canonical[ecosystem].get
        return tuple([known(text) or self._spelled(ecosystem, text) for text in texts])

    def _spelled(self, ecosystem: str, text: str) -> str:
        """Return the canonical spelling of a version that was not known; an endless one is that of no pin."""
        if len(text) > LONGEST_VERSION:
            return ""
        canonical, spellings = VERSION_RULES[ecosystem].canonical(text), self._canonical[ecosystem]
        if len(spellings) >= _MOST_SPELLINGS:
            spellings.clear()
        known = spellings.setdefault(canonical, canonical)
        if known is canonical:
            self.weight += _TEXT + 4 * len(canonical)
        spellings[text] = known
        return known


def _ranges(ecosystem: str, item: Mapping[str, Any]) -> Iterator[tuple[VersionEvent, ...]]:
    for each in _items(item, "ranges", dict, _MOST_EVENTS):
        if typed(each["type"], str) in _COMPARED:
            yield tuple(_events(ecosystem, _items(each, "events", dict, _MOST_EVENTS)))


def _events(ecosystem: str, items: Iterable[Mapping[str, Any]]) -> Iterator[VersionEvent]:
    """Yield events. A version that cannot be read makes a range longer, never shorter."""
    for item in items:
        for name, kind in _KINDS.items():
            version = optional(item.get(name), str)
            if version is None:
                continue
            if is_readable(ecosystem, version) or version == "*":
                yield VersionEvent(kind, version)
            elif kind is EventKind.INTRODUCED:
                yield VersionEvent(kind, BEGINNING)


def _severity(document: Mapping[str, Any]) -> str | None:
    specific = document.get("database_specific")
    word = specific.get("severity") if isinstance(specific, dict) else None
    scores = _items(document, "severity", dict, _MOST_ALIASES)
    found = next((each for each in (word, *(score.get("score") for score in scores)) if isinstance(each, str)), None)
    return None if found is None else _line(found)


def _items(document: Mapping[str, Any], key: str, kind: type, most: int) -> tuple[Any, ...]:
    """Return the items of an array that may be absent.

    :raises ValueError: there are more than ``most``, or they are of another type.
    """
    value = document.get(key)
    items: tuple[Any, ...] = () if value is None else tuple(typed(value, list))
    if len(items) > most:
        raise BadAdvisory(f"it has more than {most} {key}")
    if not {kind}.issuperset(map(type, items)):
        raise BadAdvisory(f"the items of {key} are not all of type {kind.__name__}")
    return items


def _matching(pattern: re.Pattern[str], value: object, name: str) -> str:
    text = typed(value, str)
    if not pattern.fullmatch(text):
        raise BadAdvisory(f"a text is not {name}")
    return text


def _line(text: str) -> str:
    """Return one line of printable characters."""
    if text.isprintable():
        return text[:_SUMMARY].strip()
    return "".join(char if char.isprintable() else " " for char in text[: 2 * _SUMMARY]).strip()[:_SUMMARY]


def _problem(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"it has no {error.args[0]}"
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
