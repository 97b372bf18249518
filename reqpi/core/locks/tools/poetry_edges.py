"""The dependencies of a poetry.lock's packages, limited to those that poetry must have locked.

A table ``[package.dependencies]`` has constraints by name: a string, a table, or an array of both. poetry does not lock
a dependency that no choice of extras requires, or whose marker cannot hold where the package and the project apply.
From lock-version 2.1 on the lock states when they apply; in earlier versions, only dependencies without a marker are
sure to be locked.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import define, field
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from reqpi.core.locks.markers.checked import Markers
from reqpi.core.locks.markers.conditions import ALWAYS, NEVER, ConditionBudget, TooMuch, both, parse
from reqpi.core.locks.rules.requirements import Refused
from reqpi.core.locks.tools.entries import Entry
from reqpi.core.locks.tools.missing_packages import Missing

__all__ = ["Edges"]

_WORK = 1_000_000
_UNLESS = ", unless that is the project itself"
"""The name of the project is not in the lock, and a plug-in among its dependencies may depend on the project."""

_UNKNOWN = ("python", "platform")
"""Keys of a constraint that limit it in another way than by a marker; poetry before 1.1 wrote them."""


@define
class Edges:
    """The dependencies of one document.

    :param marked: whether the lock states when its packages apply.
    :param missing: collects the packages that the lock lacks.
    """

    marked: bool
    missing: Missing
    _pythons: str
    _markers: Markers = field(factory=Markers)
    _budget: ConditionBudget = field(factory=lambda: ConditionBudget(_WORK))

    @classmethod
    def within(cls, requires_python: str, marked: bool, packages: object) -> Edges:
        """Return the dependencies of a lock.

        :param requires_python: the Python versions that it is for, as a specifier; empty for all versions.
        :param marked: whether the lock states when its packages apply.
        :param packages: its array of packages; a value of any type.
        """
        pythons = (f"python_full_version {each.operator} '{each.version}'" for each in SpecifierSet(requires_python))
        return cls(marked, Missing(frozenset(_names(packages)), _UNLESS), " and ".join(sorted(pythons)))

    def look(self, entry: Entry, line: int, marker: str | None) -> None:
        """Look up the packages that must have been locked because of one package.

        :param line: the line of that package.
        :param marker: when the package applies; ``None`` for always.
        """
        dependencies = entry.table.get("dependencies")
        for name, constraint in dependencies.items() if isinstance(dependencies, dict) else ():
            wanted = canonicalize_name(name)
            listed = constraint if isinstance(constraint, list) else [constraint]
            if wanted not in self.missing.contained and any(self._is_locked(each, marker) for each in listed):
                self.missing.look(entry.name, line, wanted)

    def _is_locked(self, constraint: object, marker: str | None) -> bool:
        if not isinstance(constraint, dict):
            return isinstance(constraint, str)
        limit = constraint.get("markers")
        if constraint.get("optional") or any(key in constraint for key in _UNKNOWN):
            return False
        return limit is None or (self.marked and isinstance(limit, str) and self._may_hold(limit, marker))

    def _may_hold(self, limit: str, marker: str | None) -> bool:
        if "extra" in limit:
            return False
        condition = ALWAYS
        try:
            self._markers.check(limit)
            for each in filter(None, (limit, self._pythons, marker)):
                condition = both(condition, parse(each, self._budget), self._budget)
        except (Refused, TooMuch):
            return False
        return condition != NEVER


def _names(packages: object) -> Iterator[str]:
    for package in packages if isinstance(packages, list) else ():
        name = package.get("name") if isinstance(package, dict) else None
        if isinstance(name, str):
            yield canonicalize_name(name)
