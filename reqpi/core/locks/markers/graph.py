"""Derivation of when each package of a uv.lock applies. The file has no markers at packages, only at dependencies.

Conditions start at the direct requirements of the project (dependencies, every extra, every group: all of them always
apply) and flow along the dependencies until nothing changes: *and* along a path, *or* over the paths. A condition that
becomes too long is shortened to what its alternatives share. It then holds more often, never less; the result lists
these packages.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence

from attrs import define, field, frozen

from reqpi.core.locks.markers.conditions import ALWAYS, NEVER, Condition, ConditionBudget, TooMuch, both, either

__all__ = ["Conditions", "Dependency", "GraphPackage", "Node", "conditions"]

WORK = 1_500_000
"""Units of :class:`~reqpi.core.locks.markers.conditions.ConditionBudget` for one document: about two seconds. A large
real lock takes 1 % of that.
"""


@frozen
class Dependency:
    """One dependency: a table of ``dependencies``.

    :param name: the package that it needs, as normalized by uv.
    :param version: its version, given only where there are several packages of that name.
    :param source: its source, given only where there are several packages of that name.
    :param extras: the extras of that package that it needs.
    :param condition: when it applies.
    """

    name: str
    version: str | None
    source: Mapping[str, object] | None
    extras: tuple[str, ...]
    condition: Condition


@frozen
class GraphPackage:
    """The part of one ``[[package]]`` that matters here.

    :param dependencies: by extra; the unconditional ones are under the empty string.
    :param root: whether it is the project itself or a member of its workspace. Its groups are then among its
        dependencies.
    """

    name: str
    version: str
    source: Mapping[str, object]
    dependencies: Mapping[str, Sequence[Dependency]]
    root: bool = False


@frozen
class Conditions:
    """The conditions on which the packages apply.

    :param each: the condition of each package; :data:`NEVER` for a package that nothing depends on.
    :param cut: the numbers of the packages whose condition was shortened, or follows from a shortened one.
    :param given_up: whether the work was not finished, so that no condition is known.
    """

    each: Sequence[Condition]
    cut: frozenset[int] = frozenset()
    given_up: bool = False


Node = tuple[int, str]
"""The number of a package and one of its extras; the empty string stands for the package without extras."""


def conditions(packages: Sequence[GraphPackage], asked: Iterable[Dependency], budget: ConditionBudget) -> Conditions:
    """Return when each of ``packages`` applies.

    :param asked: requirements of the document itself, such as those of a script.
    """
    flow = _Flow(packages, budget)
    try:
        flow.run(asked)
    except TooMuch:
        return Conditions([ALWAYS] * len(packages), given_up=True)
    each = [flow.known.get((number, ""), NEVER) for number in range(len(packages))]
    return Conditions(each, frozenset(number for number, extra in flow.cut if not extra))


@define
class _Flow:
    packages: Sequence[GraphPackage]
    budget: ConditionBudget
    known: dict[Node, Condition] = field(factory=dict)
    cut: set[Node] = field(factory=set)
    _by_name: dict[str, list[int]] = field(factory=dict)
    _certain: deque[Node] = field(factory=deque)
    _rest: deque[Node] = field(factory=deque)
    _waiting: set[Node] = field(factory=set)

    def run(self, asked: Iterable[Dependency]) -> None:
        """Find every condition.

        :raises TooMuch: the budget is spent.
        """
        for number, package in enumerate(self.packages):
            self._by_name.setdefault(package.name, []).append(number)
        for number, package in enumerate(self.packages):
            for extra in ["", *package.dependencies] if package.root else ():
                self._reach((number, extra), ALWAYS, False)
        for dependency in asked:
            self._follow(dependency, ALWAYS, False)
        # Nodes that always apply come first: they settle most packages at once.
        while self._certain or self._rest:
            node = (self._certain or self._rest).popleft()
            self._waiting.discard(node)
            for dependency in self.packages[node[0]].dependencies.get(node[1], ()):
                self._follow(dependency, self.known[node], node in self.cut)

    def _follow(self, dependency: Dependency, source: Condition, cut: bool) -> None:
        self.budget.spend(1)
        try:
            condition = both(source, dependency.condition, self.budget)
        except TooMuch:
            self._must_go_on()
            condition, cut = both(source.common, dependency.condition.common, self.budget), True
        if condition == NEVER:
            return
        for number in self._meant(dependency):
            for extra in ("", *dependency.extras):
                self._reach((number, extra), condition, cut)

    def _reach(self, node: Node, condition: Condition, cut: bool) -> None:
        self.budget.spend(1)
        before = self.known.get(node, NEVER)
        try:
            after = either(before, condition, self.budget)
        except TooMuch:
            self._must_go_on()
            after, cut = either(before.common, condition.common, self.budget).common, True
        if after == before:
            return
        self.known[node] = after
        if cut:
            self.cut.add(node)
        if node not in self._waiting:
            self._waiting.add(node)
            (self._certain if after == ALWAYS else self._rest).append(node)

    def _must_go_on(self) -> None:
        """Check that work may go on: that a condition was too long, and the budget is not spent.

        :raises TooMuch: the budget is spent.
        """
        if self.budget.left <= 0:
            raise TooMuch

    def _meant(self, dependency: Dependency) -> Iterator[int]:
        for number in self._by_name.get(dependency.name, ()):
            package = self.packages[number]
            self.budget.spend(1)
            right = dependency.version in (None, package.version)
            if right and dependency.source in (None, package.source):
                yield number
