"""The dependencies among the pinned projects, as declared by core metadata.

A requirement counts for every platform and every Python, because an SBOM covers all of them. A requirement of an extra
counts if the lock, or another requirement that counts, asks for that extra.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from reqpi.core.requires_dist import RequiresDist, may_hold, read, walk
from reqpi.core.sbom.model import Component

__all__ = ["edges"]

_EFFORT = 20_000_000
"""The work for one SBOM: characters of markers, and of specifiers multiplied by the versions they are compared with.

This much takes a second or two. A lock of 1,000 pins needs about 300,000.
"""

_EDGE = 50
"""The work of an edge, in the same unit. A lock may pin thousands of versions of projects that require each other."""


def edges(
    components: Iterable[Component], asked: Mapping[str, Iterable[str]], requires: Mapping[str, Iterable[str]]
) -> tuple[tuple[str, str], ...]:
    """Return the dependencies as sorted (purl, purl of what it requires).

    :param asked: the extras that the lock requests, by purl.
    :param requires: the lines of ``Requires-Dist``, by purl.
    """
    return _Following(components, requires).edges(asked)


class _Following:
    """The requirements of every component, and the edges found so far."""

    def __init__(self, components: Iterable[Component], requires: Mapping[str, Iterable[str]]) -> None:
        self._by_project: dict[str, list[Component]] = {}
        for component in components:
            self._by_project.setdefault(component.name, []).append(component)
        self._requires = {purl: list(self._of_interest(lines)) for purl, lines in requires.items()}
        self._found: set[tuple[str, str]] = set()
        self._left = _EFFORT

    def _of_interest(self, lines: Iterable[str]) -> Iterator[RequiresDist]:
        for line in dict.fromkeys(lines):
            requirement = read(line)
            if requirement is not None and requirement.project in self._by_project:
                yield requirement

    def edges(self, asked: Mapping[str, Iterable[str]]) -> tuple[tuple[str, str], ...]:
        walk(self._requires, asked, self._follow)
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
