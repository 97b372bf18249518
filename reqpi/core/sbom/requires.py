"""The dependencies among the pinned projects, as declared by core metadata.

A requirement counts for every platform and every Python, because an SBOM covers all of them. A requirement of an extra
counts if the lock, or another requirement that counts, asks for that extra.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from attrs import frozen
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from reqpi.core.sbom.model import Component

__all__ = ["RequiresDist", "edges", "may_hold", "read"]

_EFFORT = 20_000_000
"""The work for one SBOM: characters of markers, and of specifiers multiplied by the versions they are compared with.

This much takes a second or two. A lock of 1,000 pins needs about 300,000.
"""

_EDGE = 50
"""The work of an edge, in the same unit. A lock may pin thousands of versions of projects that require each other."""

_NAME = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[([^\]]*)\])?")
_TOKEN = re.compile(
    r"\s*(?:(?P<open>\()|(?P<close>\))|(?P<op>===|==|~=|!=|<=|>=|<|>|(?:not\s+)?in\b)|(?P<word>(?:and|or)\b)"
    r"|(?P<side>'[^']*'|\"[^\"]*\"|[A-Za-z_][A-Za-z0-9_.]*))"
)
_EXTRA = re.compile(r"\bextra\s*===?\s*(?:'([^']*)'|\"([^\"]*)\")|(?:'([^']*)'|\"([^\"]*)\")\s*===?\s*extra\b")


@frozen
class RequiresDist:
    """One line of ``Requires-Dist``.

    :param project: the normalized name.
    :param extras: the normalized extras of that project.
    :param specifier: unchanged; empty for a URL.
    :param marker: unchanged.
    :param under: the normalized extras that the marker names.
    """

    project: str
    extras: tuple[str, ...] = ()
    specifier: str = ""
    marker: str = ""
    under: frozenset[str] = frozenset()


def read(line: str) -> RequiresDist | None:
    """Parse a line of ``Requires-Dist``; return ``None`` if it is not a requirement.

    It is not validated, because nothing is installed by it.
    """
    named = _NAME.match(line)
    if named is None:
        return None
    rest = line[named.end() :].strip()
    is_url = rest.startswith("@")
    said, _, marker = rest.partition(" ;" if is_url else ";")
    under = frozenset(canonicalize_name(next(filter(None, each), "")) for each in _EXTRA.findall(marker))
    extras = tuple(sorted({canonicalize_name(one) for each in (named[2] or "").split(",") if (one := each.strip())}))
    return RequiresDist(
        canonicalize_name(named[1]), extras, "" if is_url else said.strip().strip("()"), marker.strip(), under
    )


def may_hold(marker: str, extras: Iterable[str]) -> bool:
    """Return whether ``marker`` may hold in some environment if these extras are requested.

    Every comparison with anything other than ``extra`` is assumed to hold.
    """
    outer: list[tuple[bool, bool]] = []
    said, held = False, True  # the value before the last `or`; the value since
    sides: list[str] = []
    operator = ""
    at = 0
    while (token := _TOKEN.match(marker, at)) is not None:
        at = token.end()
        if token["side"]:
            sides.append(token["side"])
            if len(sides) == 2:
                held = held and _compares(sides, operator, extras)
                sides = []
        elif token["op"]:
            operator = token["op"]
        elif token["open"]:
            outer.append((said, held))
            said, held = False, True
        elif token["close"] and outer:
            inner = said or held
            said, held = outer.pop()
            held = held and inner
        elif token["word"] == "or":
            said, held = said or held, True
    return said or held


def _compares(sides: Sequence[str], operator: str, extras: Iterable[str]) -> bool:
    if "extra" not in sides or operator not in ("==", "==="):
        return True
    text = sides[1] if sides[0] == "extra" else sides[0]
    return canonicalize_name(text.strip("'\"")) in extras


def edges(
    components: Iterable[Component], asked: Mapping[str, Iterable[str]], requires: Mapping[str, Iterable[str]]
) -> tuple[tuple[str, str], ...]:
    """Return the dependencies as sorted (purl, purl of what it requires).

    :param asked: the extras that the lock requests, by purl.
    :param requires: the lines of ``Requires-Dist``, by purl.
    """
    return _Following(components, requires).edges(asked)


class _Following:
    """The requirements of every component, the extras requested so far, and the edges found so far."""

    def __init__(self, components: Iterable[Component], requires: Mapping[str, Iterable[str]]) -> None:
        self._by_project: dict[str, list[Component]] = {}
        for component in components:
            self._by_project.setdefault(component.name, []).append(component)
        self._always: dict[str, list[RequiresDist]] = {}
        self._under: dict[tuple[str, str], list[RequiresDist]] = {}
        for purl, lines in requires.items():
            self._sort(purl, lines)
        self._asked: dict[str, set[str]] = {}
        self._found: set[tuple[str, str]] = set()
        self._left = _EFFORT

    def _sort(self, purl: str, lines: Iterable[str]) -> None:
        for line in dict.fromkeys(lines):
            requirement = read(line)
            if requirement is None or requirement.project not in self._by_project:
                continue
            self._always.setdefault(purl, []).append(requirement)
            for extra in requirement.under:
                self._under.setdefault((purl, extra), []).append(requirement)

    def edges(self, asked: Mapping[str, Iterable[str]]) -> tuple[tuple[str, str], ...]:
        waiting: list[tuple[str, str]] = [(purl, "") for purl in self._always]
        waiting += [(purl, extra) for purl, extras in asked.items() for extra in extras]
        while waiting:
            purl, extra = waiting.pop()
            known = self._asked.setdefault(purl, set())
            if extra and extra in known:
                continue
            known.add(extra)
            for requirement in self._under.get((purl, extra), ()) if extra else self._always.get(purl, ()):
                waiting += self._follow(purl, requirement, known)
        return tuple(sorted(self._found))

    def _follow(self, purl: str, requirement: RequiresDist, extras: set[str]) -> list[tuple[str, str]]:
        """Add the edges of a requirement, if it counts; return the (purl, extra) pairs that it requests."""
        pinned = self._by_project[requirement.project]
        self._left -= len(requirement.marker) + _EDGE + (len(requirement.specifier) + _EDGE) * (len(pinned) - 1)
        if self._left < 0 or not may_hold(requirement.marker, extras):
            return []
        meant = _meant(requirement, pinned)
        self._found |= {(purl, component.purl) for component in meant if component.purl != purl}
        return [(component.purl, extra) for component in meant for extra in requirement.extras]


def _meant(requirement: RequiresDist, pinned: Sequence[Component]) -> Sequence[Component]:
    """Return the pinned versions of a project that a requirement admits; all versions, if it admits none of them."""
    if len(pinned) == 1:
        return pinned
    try:
        asked = SpecifierSet(requirement.specifier, prereleases=True)
        return [one for one in pinned if not one.version or asked.contains(one.version)] or pinned
    except InvalidSpecifier:
        return pinned
