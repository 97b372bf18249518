"""When a pin applies, worked out from several markers (:pep:`508`): and, or, and the text of what comes of it.

A condition is held as alternatives; each says of some variables what they may be
(:mod:`reqpi.core.locks.markers.sets`), and
all that it says must hold. A condition is never narrower than the markers that it was made of: where something cannot
be told here, it is taken to hold. Pre-releases of Python count as the release. What it costs is bounded.
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
"""Alternatives of one condition."""

_SIZE = 16
"""Texts, or cuts between versions, that one variable keeps where a condition is cut down."""

_PASSES = 16
"""How often a condition is looked through for what is superfluous."""

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
"""What the person who installs chooses (:pep:`508`, :pep:`751`). An index serves every choice."""

_EXTRA = "extra == "
"""How the variable of one chosen extra begins, until it is known whether extras exclude each other."""

_HOLDS = Texts(frozenset([""]))
"""What a comparison that is not taken apart may be: it is a variable of its own."""


class TooMuch(Exception):
    """A condition has too many alternatives, or the work on them takes too long."""


@define
class ConditionBudget:
    """How much work may still be done on the conditions of one document; a unit is about a microsecond."""

    left: int

    def spend(self, units: int) -> None:
        """Count some work.

        :raises TooMuch: there is none left.
        """
        self.left -= units
        if self.left < 0:
            raise TooMuch


@frozen(slots=False)
class Alternative:
    """What some variables may be, all at once; a variable that is not named may be anything."""

    sets: frozenset[tuple[str, Texts | Versions]]

    @cached_property
    def named(self) -> Mapping[str, Texts | Versions]:
        """By variable."""
        return dict(self.sets)

    def __str__(self) -> str:
        parts = [_spelled(variable, said) for variable, said in sorted(self.named.items(), key=lambda item: item[0])]
        return " and ".join(f"({part})" if " or " in part and len(parts) > 1 else part for part in parts)


@frozen
class Condition:
    """When something applies.

    :param alternatives: one of them must hold; none of them is inside another.
    """

    alternatives: frozenset[Alternative] = field(factory=frozenset)

    @property
    def common(self) -> Condition:
        """One alternative around all of them: it holds wherever this condition does, and often elsewhere."""
        wide: dict[str, Texts | Versions] = {}
        for number, alternative in enumerate(self.alternatives):
            named = alternative.named
            wide = (
                {key: _joined(said, named[key]) for key, said in wide.items() if key in named} if number else {**named}
            )
        short = {key: said for key, said in wide.items() if said.size <= _SIZE}
        return Condition(frozenset([_alternative(short)])) if self.alternatives else self

    def __str__(self) -> str:
        """A marker; nothing, for what always or never applies."""
        spelled = sorted(map(str, self.alternatives))
        return " or ".join(f"({one})" if " and " in one and len(spelled) > 1 else one for one in spelled)

    def __len__(self) -> int:
        return len(self.alternatives)


ALWAYS = Condition(frozenset([Alternative(frozenset())]))
NEVER = Condition()


def parse(marker: str, budget: ConditionBudget, exclusive: Sequence[Set[str]] = ()) -> Condition:
    """The condition that ``marker`` spells. Comparisons with what a person chooses (extras, groups) are taken to hold.

    :param marker: one that packaging accepts.
    :param exclusive: values of ``extra`` of which at most one is chosen; what asks for two of them never applies.
    :raises TooMuch: it has too many alternatives, or the budget is spent.
    """
    outer: list[tuple[Condition, Condition]] = []
    said, held = NEVER, ALWAYS  # what stands before the last `or`; what stands since
    for part in _parts(marker):
        if isinstance(part, Condition):
            held = both(held, part, budget)
        elif part == "(":
            outer.append((said, held))
            said, held = NEVER, ALWAYS
        elif part == ")":
            inner = either(said, held, budget)
            said, held = outer.pop()
            held = both(held, inner, budget)
        elif part == "or":
            said, held = either(said, held, budget), ALWAYS
    return _chosen(either(said, held, budget), exclusive, budget)


def both(one: Condition, other: Condition, budget: ConditionBudget) -> Condition:
    """Where the one and the other hold.

    :raises TooMuch: it has too many alternatives, or the budget is spent.
    """
    if ALWAYS in (one, other):
        return one if other == ALWAYS else other
    budget.spend(16 * len(one) * len(other))
    met = {_met(left, right) for left in one.alternatives for right in other.alternatives}
    return _simplified((each for each in met if each is not None), budget)


def either(one: Condition, other: Condition, budget: ConditionBudget) -> Condition:
    """Where the one or the other holds, or both.

    :raises TooMuch: it has too many alternatives, or the budget is spent.
    """
    if one.alternatives >= other.alternatives:
        return one
    if ALWAYS in (one, other):
        return ALWAYS
    return _simplified(one.alternatives | other.alternatives, budget)


def _chosen(condition: Condition, exclusive: Sequence[Set[str]], budget: ConditionBudget) -> Condition:
    """``condition`` without what asks for two extras that exclude each other, and then without its extras."""
    kept: set[Alternative] = set()
    for alternative in condition.alternatives:
        extras = {variable.removeprefix(_EXTRA)[1:-1] for variable in alternative.named if variable.startswith(_EXTRA)}
        budget.spend(1 + len(extras) * len(exclusive))
        if not any(len(extras & one) > 1 for one in exclusive):
            rest = {key: said for key, said in alternative.named.items() if not key.startswith(_EXTRA)}
            kept.add(_alternative(rest))
    return _simplified(kept, budget) if kept != condition.alternatives else condition


def _met(one: Alternative, other: Alternative) -> Alternative | None:
    sets = {**one.named}
    for variable, said in other.named.items():
        sets[variable] = _narrowed(sets[variable], said) if variable in sets else said
        if sets[variable].empty:
            return None
    return _alternative(sets)


def _simplified(alternatives: Iterable[Alternative], budget: ConditionBudget) -> Condition:
    """The same condition with less text.

    Markers of forks exclude each other: what all forks need would never lose its marker otherwise.
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
    """``alternative`` together with what others say beside it: where they differ in one variable alone."""
    for other in known:
        beyond = _beyond(alternative, other)
        if len(beyond) == 1 and beyond[0] in alternative.named:
            (variable,) = beyond
            joined = _joined(alternative.named[variable], other.named[variable])
            alternative = _alternative({**alternative.named, variable: joined})
    return alternative


def _beyond(one: Alternative, other: Alternative) -> list[str]:
    """The variables by which ``one`` is not inside ``other``; two of them at most."""
    found: list[str] = []
    for variable, said in other.named.items():
        mine = one.named.get(variable)
        if mine is None or _joined(mine, said) != said:
            found.append(variable)
            if len(found) == 2:
                break
    return found


def _alternative(sets: Mapping[str, Texts | Versions]) -> Alternative:
    return Alternative(frozenset((variable, said) for variable, said in sets.items() if not said.full))


# The sets of one variable are always of one kind.
def _joined(one: Texts | Versions, other: Texts | Versions) -> Texts | Versions:
    return one | cast(Texts, other) if isinstance(one, Texts) else one | cast(Versions, other)


def _narrowed(one: Texts | Versions, other: Texts | Versions) -> Texts | Versions:
    return one & cast(Texts, other) if isinstance(one, Texts) else one & cast(Versions, other)


def _spelled(variable: str, said: Texts | Versions) -> str:
    if " " not in variable:
        return said.spell(variable)
    if isinstance(said, Texts) and said.others:
        left, operator, right = _sides(variable)
        return f"{left} {'!=' if operator == '==' else 'not in'} {right}"
    return variable


def _sides(comparison: str) -> tuple[str, str, str]:
    left, operator, right = (found[0].strip() for found in _TOKEN.finditer(comparison))
    return left, operator, right


def _comparison(left: str, operator: str, right: str) -> Condition:
    """The condition of one comparison; each side is a variable or a quoted value."""
    if _CHOICES.intersection((left, right)) and not (left == "extra" and operator == "==" and right[0] in "'\""):
        return ALWAYS
    if left[0] in "'\"" and right[0] not in "'\"" and operator in _MIRRORED:
        left, operator, right = right, _MIRRORED[operator], left
    value = right[1:-1]
    said: Texts | Versions | None = None
    variable = left
    if left in _VERSIONS and right[0] in "'\"":
        variable, said = "python_full_version", read_version(left, operator, value.strip())
    elif left in _TEXTS and right[0] in "'\"" and operator in ("==", "!="):
        said = Texts(frozenset([value]), operator == "!=")
    if said is None:
        # A comparison and its opposite are one variable.
        positive = {"!=": "==", "not in": "in"}.get(operator, operator)
        variable, said = f"{left} {positive} {right}", _HOLDS.complement if positive != operator else _HOLDS
    return Condition(frozenset([_alternative({variable: said})]))


def _parts(marker: str) -> Iterator[Condition | str]:
    """Parentheses, ``and``, ``or``, and comparisons."""
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
