"""Conditions on when a pin applies, made from markers (:pep:`508`): and, or, and the marker that spells the result.

A condition is a set of alternatives. Each limits the values of some variables (:mod:`reqpi.core.locks.markers.sets`),
and all of its limits must hold. A condition is never narrower than the markers that it was made of: a part that cannot
be decided here is taken to hold. Pre-releases of Python count as the release. The cost is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import cached_property
from typing import cast

from attrs import define, field, frozen

from reqpi.core.locks.markers.sets import Texts, Versions, read_version

__all__ = [
    "ALTERNATIVES",
    "ALWAYS",
    "NEVER",
    "Alternative",
    "Condition",
    "ConditionBudget",
    "TooMuch",
    "both",
    "either",
    "parse",
]

ALTERNATIVES = 32
"""Alternatives of one condition, at most."""

_SIZE = 16
"""Texts, or cuts between versions, that one variable keeps at most when a condition is shortened."""

_PASSES = 16
"""Passes that search a condition for superfluous parts, at most."""

_TOKEN = re.compile(
    r"[ \t]*+(?:(?P<open>\()|(?P<close>\))|(?P<op>===|==|~=|!=|<=|>=|<|>|(?:not[ \t]++)?in\b)"
    r"|(?P<word>(?:and|or)\b)|(?P<side>'[^']*+'|\"[^\"]*+\"|[A-Za-z_][A-Za-z0-9_.]*+))"
)

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_VERSIONS = frozenset(["python_version", "python_full_version"])
_TEXTS = frozenset(
    [
        *("os_name", "sys_platform", "platform_machine", "platform_system"),
        *("implementation_name", "platform_python_implementation"),
    ]
)

_CHOICES = frozenset(["extra", "extras", "dependency_groups"])
"""Variables that the installing user chooses (:pep:`508`, :pep:`751`). An index serves every choice."""

_EXTRA = "extra == "
"""Prefix of the variable of one chosen extra, which exists until exclusive extras have been handled."""

_HOLDS = Texts(frozenset([""]))
"""The value of a comparison that is not analysed and holds. Such a comparison is a variable of its own."""


class TooMuch(Exception):
    """A condition has too many alternatives, or the work on them takes too long."""


@define
class ConditionBudget:
    """The work that may still be spent on the conditions of one document, in units of about a microsecond."""

    left: int

    def spend(self, units: int) -> None:
        """Count some work.

        :raises TooMuch: the budget is spent.
        """
        self.left -= units
        if self.left < 0:
            raise TooMuch


@frozen(slots=False)
class Alternative:
    """Limits on the values of some variables, all of which must hold. Other variables may have any value."""

    sets: frozenset[tuple[str, Texts | Versions]]

    @cached_property
    def named(self) -> Mapping[str, Texts | Versions]:
        """The limits by variable."""
        return dict(self.sets)

    def __str__(self) -> str:
        parts = [
            _spelled(variable, values) for variable, values in sorted(self.named.items(), key=lambda item: item[0])
        ]
        return " and ".join(f"({part})" if " or " in part and len(parts) > 1 else part for part in parts)


@frozen
class Condition:
    """A condition on when something applies.

    :param alternatives: at least one of them must hold; none of them is contained in another.
    """

    alternatives: frozenset[Alternative] = field(factory=frozenset)

    @property
    def common(self) -> Condition:
        """One alternative that contains all of them: it holds wherever this condition does, and often elsewhere."""
        wide: dict[str, Texts | Versions] = {}
        for number, alternative in enumerate(self.alternatives):
            named = alternative.named
            wide = (
                {key: _joined(values, named[key]) for key, values in wide.items() if key in named}
                if number
                else {**named}
            )
        short = {key: values for key, values in wide.items() if values.size <= _SIZE}
        return Condition(frozenset([_alternative(short)])) if self.alternatives else self

    def __str__(self) -> str:
        """Return the condition as a marker; an empty string if it always or never applies."""
        spelled = sorted(map(str, self.alternatives))
        return " or ".join(f"({one})" if " and " in one and len(spelled) > 1 else one for one in spelled)

    def __len__(self) -> int:
        return len(self.alternatives)


ALWAYS = Condition(frozenset([Alternative(frozenset())]))
NEVER = Condition()


def parse(marker: str, budget: ConditionBudget, exclusive: Sequence[Set[str]] = ()) -> Condition:
    """Return the condition that ``marker`` spells. Comparisons with a user's choice (extras, groups) are taken to hold.

    :param marker: a marker that packaging accepts.
    :param exclusive: sets of values of ``extra`` of which at most one is chosen; an alternative with two never applies.
    :raises TooMuch: the condition has too many alternatives, or the budget is spent.
    """
    outer: list[tuple[Condition, Condition]] = []
    before, current = NEVER, ALWAYS  # the condition before the last `or`; the condition since then
    for part in _parts(marker):
        if isinstance(part, Condition):
            current = both(current, part, budget)
        elif part == "(":
            outer.append((before, current))
            before, current = NEVER, ALWAYS
        elif part == ")":
            inner = either(before, current, budget)
            before, current = outer.pop()
            current = both(current, inner, budget)
        elif part == "or":
            before, current = either(before, current, budget), ALWAYS
    return _chosen(either(before, current, budget), exclusive, budget)


def both(one: Condition, other: Condition, budget: ConditionBudget) -> Condition:
    """Return the condition that holds where both do.

    :raises TooMuch: it has too many alternatives, or the budget is spent.
    """
    if ALWAYS in (one, other):
        return one if other == ALWAYS else other
    budget.spend(16 * len(one) * len(other))
    met = {_met(left, right) for left in one.alternatives for right in other.alternatives}
    return _simplified((each for each in met if each is not None), budget)


def either(one: Condition, other: Condition, budget: ConditionBudget) -> Condition:
    """Return the condition that holds where at least one of the two does.

    :raises TooMuch: it has too many alternatives, or the budget is spent.
    """
    if one.alternatives >= other.alternatives:
        return one
    if ALWAYS in (one, other):
        return ALWAYS
    return _simplified(one.alternatives | other.alternatives, budget)


def _chosen(condition: Condition, exclusive: Sequence[Set[str]], budget: ConditionBudget) -> Condition:
    """Return ``condition`` without alternatives that need two exclusive extras, and then without its extras."""
    remaining: set[Alternative] = set()
    for alternative in condition.alternatives:
        extras = {variable.removeprefix(_EXTRA)[1:-1] for variable in alternative.named if variable.startswith(_EXTRA)}
        budget.spend(1 + len(extras) * len(exclusive))
        if not any(len(extras & one) > 1 for one in exclusive):
            rest = {key: values for key, values in alternative.named.items() if not key.startswith(_EXTRA)}
            remaining.add(_alternative(rest))
    return _simplified(remaining, budget) if remaining != condition.alternatives else condition


def _met(one: Alternative, other: Alternative) -> Alternative | None:
    sets = {**one.named}
    for variable, values in other.named.items():
        sets[variable] = _narrowed(sets[variable], values) if variable in sets else values
        if sets[variable].empty:
            return None
    return _alternative(sets)


def _simplified(alternatives: Iterable[Alternative], budget: ConditionBudget) -> Condition:
    """Return the same condition with less text.

    Markers of forks exclude each other, so a package that all forks need would otherwise never lose its marker.
    """
    known = set(alternatives)
    for _ in range(_PASSES):
        if len(known) > 4 * ALTERNATIVES:
            raise TooMuch
        if len(known) < 2:
            break
        budget.spend(8 * len(known) ** 2)
        wider = {_widened(each, known) for each in known}
        widest = {each for each in wider if not any(other != each and not _beyond(each, other) for other in wider)}
        if widest == known:
            break
        known = widest
    if len(known) > ALTERNATIVES:
        raise TooMuch
    return Condition(frozenset(known))


def _widened(alternative: Alternative, known: Iterable[Alternative]) -> Alternative:
    """Return ``alternative`` widened by each of ``known`` that contains it except in one variable."""
    for other in known:
        beyond = _beyond(alternative, other)
        if len(beyond) == 1 and beyond[0] in alternative.named:
            (variable,) = beyond
            joined = _joined(alternative.named[variable], other.named[variable])
            alternative = _alternative({**alternative.named, variable: joined})
    return alternative


def _beyond(one: Alternative, other: Alternative) -> list[str]:
    """Return the variables in which ``one`` is not contained in ``other``; at most two of them."""
    found: list[str] = []
    for variable, values in other.named.items():
        mine = one.named.get(variable)
        if mine is None or _joined(mine, values) != values:
            found.append(variable)
            if len(found) == 2:
                break
    return found


def _alternative(sets: Mapping[str, Texts | Versions]) -> Alternative:
    return Alternative(frozenset((variable, values) for variable, values in sets.items() if not values.full))


# The sets of one variable are always of one kind.
def _joined(one: Texts | Versions, other: Texts | Versions) -> Texts | Versions:
    return one | cast(Texts, other) if isinstance(one, Texts) else one | cast(Versions, other)


def _narrowed(one: Texts | Versions, other: Texts | Versions) -> Texts | Versions:
    return one & cast(Texts, other) if isinstance(one, Texts) else one & cast(Versions, other)


def _spelled(variable: str, values: Texts | Versions) -> str:
    if " " not in variable:
        return values.spell(variable)
    if isinstance(values, Texts) and values.others:
        left, operator, right = _sides(variable)
        return f"{left} {'!=' if operator == '==' else 'not in'} {right}"
    return variable


def _sides(comparison: str) -> tuple[str, str, str]:
    left, operator, right = (found[0].strip() for found in _TOKEN.finditer(comparison))
    return left, operator, right


def _comparison(left: str, operator: str, right: str) -> Condition:
    """Return the condition of one comparison; each side is a variable or a quoted value."""
    if _CHOICES.intersection((left, right)) and not (left == "extra" and operator == "==" and right[0] in "'\""):
        return ALWAYS
    if left[0] in "'\"" and right[0] not in "'\"" and operator in _MIRRORED:
        left, operator, right = right, _MIRRORED[operator], left
    value = right[1:-1]
    values: Texts | Versions | None = None
    variable = left
    if left in _VERSIONS and right[0] in "'\"":
        variable, values = "python_full_version", read_version(left, operator, value.strip())
    elif left in _TEXTS and right[0] in "'\"" and operator in ("==", "!="):
        values = Texts(frozenset([value]), operator == "!=")
    if values is None:
        # A comparison and its opposite are one variable.
        positive = {"!=": "==", "not in": "in"}.get(operator, operator)
        variable, values = f"{left} {positive} {right}", _HOLDS.complement if positive != operator else _HOLDS
    return Condition(frozenset([_alternative({variable: values})]))


def _parts(marker: str) -> Iterator[Condition | str]:
    """Yield the parts of a marker: parentheses, ``and``, ``or``, and comparisons."""
    sides: list[str] = []
    operator = ""
    for found in _TOKEN.finditer(marker):
        kind = found.lastgroup
        if kind == "op":
            operator = " ".join(found["op"].split())
        elif kind == "side":
            sides.append(found["side"])
            if len(sides) == 2:
                yield _comparison(sides[0], operator, sides[1])
                sides = []
        else:
            yield found[0].strip()
