"""When each package of a uv.lock applies: it has no marker at a package, but on the dependencies that lead there.

From what the project itself asks for (dependencies, every extra, every group: all of them always apply), conditions
flow along the dependencies, *and* along a path, *or* over the paths, until nothing changes. A condition that becomes
too long is cut down to what its alternatives share, which is true more often, never less; it is told which those are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence

from attrs import define, field, frozen

from reqpi.core.locks.markers.conditions import ALWAYS, NEVER, Condition, ConditionBudget, TooMuch, both, either

__all__ = ["Conditions", "Dependency", "GraphPackage", "Node", "conditions"]

WORK = 1_500_000
"""Units of :class:`~reqpi.core.locks.markers.conditions.ConditionBudget` for one document: about two seconds; a
large real lock takes 1 %.
"""


@frozen
class Dependency:
    """One dependency: a table of ``dependencies``.

    :param name: as uv normalised it.
    :param version: where it says which of several packages of that name is meant; likewise ``source``.
    :param extras: of that package.
    :param condition: when it applies.
    """

    name: str
    version: str | None
    source: Mapping[str, object] | None
    extras: tuple[str, ...]
    condition: Condition


@frozen
class GraphPackage:
    """What matters of one ``[[package]]``.

    :param dependencies: by extra; those that it always has are under the empty text.
    :param root: it is the project itself, or a member of its workspace; its groups are among its dependencies.
    """

    name: str
    version: str
    source: Mapping[str, object]
    dependencies: Mapping[str, Sequence[Dependency]]
    root: bool = False


@frozen
class Conditions:
    """When each package applies.

    :param each: by the package's number; never, for one that nothing leads to.
    :param cut: the packages whose condition was cut down, or follows from one that was.
    :param given_up: the work was not finished, so that no condition is known.
    """

    each: Sequence[Condition]
    cut: frozenset[int] = frozenset()
    given_up: bool = False


Node = tuple[int, str]
"""A package's number and one of its extras; the empty text is the package without extras."""


def conditions(packages: Sequence[GraphPackage], asked: Iterable[Dependency], budget: ConditionBudget) -> Conditions:
    """When each of ``packages`` applies.

    :param asked: what the document asks for by itself (a script's requirements).
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
        # What always applies comes first: most packages are settled by it at once.
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
        """Tell a condition that is too long from a budget that is spent."""
        if self.budget.left <= 0:
            raise TooMuch

    def _meant(self, dependency: Dependency) -> Iterator[int]:
        for number in self._by_name.get(dependency.name, ()):
            package = self.packages[number]
            self.budget.spend(1)
            right = dependency.version in (None, package.version)
            if right and dependency.source in (None, package.source):
                yield number
