"""When a pin applies, worked out from several markers (:pep:`508`): and, or, and the text of what comes of it.

A condition is held as alternatives, each a set of comparisons that must all hold. It is never narrower than the
markers that it was made of: where something cannot be told here, it is taken to hold. What it costs is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from attrs import define, frozen

__all__ = ["ALTERNATIVES", "ALWAYS", "NEVER", "Budget", "Comparison", "Condition", "TooMuch", "both", "either", "parse"]

ALTERNATIVES = 32
"""Alternatives of one condition."""

COMPARISONS = 32
"""Comparisons of one alternative."""

_PASSES = 16
"""How often a condition is looked through for what is superfluous."""

_TOKEN = re.compile(
    r"[ \t]*+(?:(?P<open>\()|(?P<close>\))|(?P<op>===|==|~=|!=|<=|>=|<|>|(?:not[ \t]++)?in\b)"
    r"|(?P<word>(?:and|or)\b)|(?P<side>'[^']*+'|\"[^\"]*+\"|[A-Za-z_][A-Za-z0-9_.]*+))"
)

_OPPOSITES = {"==": "!=", "in": "not in"}
# Of versions alone: packaging compares other values as text, or refuses to.
_VERSION_OPPOSITES = {"<": ">=", ">": "<=", **_OPPOSITES}
_OPPOSITE = {**_OPPOSITES, **{value: key for key, value in _OPPOSITES.items()}}
_VERSION_OPPOSITE = {**_VERSION_OPPOSITES, **{value: key for key, value in _VERSION_OPPOSITES.items()}}
_VERSIONS = frozenset(["python_version", "python_full_version", "implementation_version"])

_CHOICES = frozenset(["extra", "extras", "dependency_groups"])
"""What the person who installs chooses (:pep:`508`, :pep:`751`). An index serves every choice."""


class TooMuch(Exception):
    """A condition has too many alternatives, or the work on them takes too long."""


@define
class Budget:
    """How much work may still be done on the conditions of one document; a unit is about a microsecond."""

    left: int

    def spend(self, units: int) -> None:
        """Count some work.

        :raises TooMuch: there is none left.
        """
        self.left -= units
        if self.left < 0:
            raise TooMuch


@frozen(order=True)
class Comparison:
    """One comparison of a marker: ``python_full_version < '3.10'``; each side a variable or a quoted value."""

    left: str
    operator: str
    right: str

    def __str__(self) -> str:
        return f"{self.left} {self.operator} {self.right}"

    @property
    def opposite(self) -> Comparison | None:
        """What holds where this does not; ``None`` where that is not to be told."""
        known = _VERSION_OPPOSITE if self.left in _VERSIONS else _OPPOSITE
        operator = known.get(self.operator)
        return Comparison(self.left, operator, self.right) if operator else None


_Alternative = frozenset[Comparison]


@frozen
class Condition:
    """When something applies.

    :param alternatives: one of them must hold; none of them is part of another.
    """

    alternatives: frozenset[_Alternative]

    @property
    def common(self) -> Condition:
        """The comparisons that all alternatives share: it holds wherever this condition does, and often elsewhere."""
        return Condition(frozenset([frozenset.intersection(*self.alternatives)])) if self.alternatives else self

    def __str__(self) -> str:
        """A marker; nothing, for what always or never applies."""
        spelled = sorted(" and ".join(map(str, sorted(one))) for one in self.alternatives)
        return " or ".join(f"({one})" if " and " in one and len(spelled) > 1 else one for one in spelled)

    def __len__(self) -> int:
        return len(self.alternatives)


ALWAYS = Condition(frozenset([frozenset()]))
NEVER = Condition(frozenset())


def parse(marker: str, budget: Budget) -> Condition:
    """The condition that ``marker`` spells. Comparisons with what a person chooses (extras, groups) are taken to hold.

    :param marker: one that packaging accepts.
    :raises TooMuch: it has too many alternatives, or the budget is spent.
    """
    outer: list[tuple[Condition, Condition]] = []
    said, held = NEVER, ALWAYS  # what stands before the last `or`; what stands since
    for part in _parts(marker):
        if isinstance(part, Comparison):
            held = both(held, _alone(part), budget)
        elif part == "(":
            outer.append((said, held))
            said, held = NEVER, ALWAYS
        elif part == ")":
            inner = either(said, held, budget)
            said, held = outer.pop()
            held = both(held, inner, budget)
        elif part == "or":
            said, held = either(said, held, budget), ALWAYS
    return either(said, held, budget)


def both(one: Condition, other: Condition, budget: Budget) -> Condition:
    """Where the one and the other hold.

    :raises TooMuch: it has too many alternatives, or the budget is spent.
    """
    if ALWAYS in (one, other):
        return one if other == ALWAYS else other
    budget.spend(8 * len(one) * len(other))
    joined = {left | right for left in one.alternatives for right in other.alternatives}
    return _simplified((each for each in joined if not _contradicts(each)), budget)


def either(one: Condition, other: Condition, budget: Budget) -> Condition:
    """Where the one or the other holds, or both.

    :raises TooMuch: it has too many alternatives, or the budget is spent.
    """
    if one.alternatives >= other.alternatives:
        return one
    if ALWAYS in (one, other):
        return ALWAYS
    return _simplified(one.alternatives | other.alternatives, budget)


def _alone(comparison: Comparison) -> Condition:
    if _CHOICES.intersection((comparison.left, comparison.right)):
        return ALWAYS
    return Condition(frozenset([frozenset([comparison])]))


def _contradicts(alternative: _Alternative) -> bool:
    return any(each.opposite in alternative for each in alternative)


def _simplified(alternatives: Iterable[_Alternative], budget: Budget) -> Condition:
    """The same condition with less text: ``a and b or not a`` is ``b or not a``.

    uv writes the markers of forks so that they exclude each other: what all forks need would never lose its marker.
    """
    known = set(alternatives)
    for _ in range(_PASSES):
        if len(known) > 4 * ALTERNATIVES:
            raise TooMuch
        budget.spend(4 * len(known) ** 2)
        shorter = {_shortened(each, known) for each in known}
        shortest = {each for each in shorter if not any(other < each for other in shorter)}
        if shortest == known:
            break
        known = shortest
    if len(known) > ALTERNATIVES or any(len(each) > COMPARISONS for each in known):
        raise TooMuch
    return Condition(frozenset(known))


def _shortened(alternative: _Alternative, known: set[_Alternative]) -> _Alternative:
    """``alternative`` without one comparison that another alternative makes superfluous."""
    for comparison in sorted(alternative):
        opposite = comparison.opposite
        rest = alternative - {comparison}
        if opposite and any(opposite in other and other - {opposite} <= rest for other in known):
            return rest
    return alternative


def _parts(marker: str) -> Iterator[Comparison | str]:
    """Parentheses, ``and``, ``or``, and comparisons."""
    sides: list[str] = []
    operator = ""
    for found in _TOKEN.finditer(marker):
        kind = found.lastgroup
        if kind == "op":
            operator = " ".join(found["op"].split())
        elif kind == "side":
            sides.append(_side(found["side"]))
            if len(sides) == 2:
                yield Comparison(sides[0], operator, sides[1])
                sides = []
        else:
            yield found[0].strip()


def _side(spelled: str) -> str:
    if spelled[0] == '"' and "'" not in spelled:
        return f"'{spelled[1:-1]}'"
    return spelled
