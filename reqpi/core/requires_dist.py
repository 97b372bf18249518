"""The lines of ``Requires-Dist``, and the order in which those that count are found: extras lead to further lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from attrs import frozen
from packaging.utils import NormalizedName, canonicalize_name

__all__ = ["RequiresDist", "may_hold", "read", "walk"]

_N = TypeVar("_N", bound=Hashable)

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
    :param by_url: it names a URL.
    """

    project: NormalizedName
    extras: tuple[str, ...] = ()
    specifier: str = ""
    marker: str = ""
    under: frozenset[str] = frozenset()
    by_url: bool = False

    def __str__(self) -> str:
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        return f"{self.project}{extras}{' @ a URL' if self.by_url else self.specifier.replace(' ', '')}"


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
    specifier = "" if is_url else said.strip().strip("()")
    return RequiresDist(canonicalize_name(named[1]), extras, specifier, marker.strip(), under, is_url)


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


def walk(
    requires: Mapping[_N, Collection[RequiresDist]],
    asked: Mapping[_N, Iterable[str]],
    follow: Callable[[_N, RequiresDist, set[str]], Iterable[tuple[_N, str]]],
) -> None:
    """Look at the requirements of each release, and again at those of each extra once that is requested.

    :param requires: the requirements, by release.
    :param asked: the extras that are requested from the start, by release.
    :param follow: receives a release, one of its requirements, and the requested extras of the release. It returns the
        releases that the requirement means, each with an extra that it requests there.
    """
    under: dict[tuple[_N, str], list[RequiresDist]] = {}
    for release, requirements in requires.items():
        for requirement in requirements:
            for extra in requirement.under:
                under.setdefault((release, extra), []).append(requirement)
    waiting: list[tuple[_N, str]] = [(release, "") for release in requires]
    waiting += [(release, extra) for release, extras in asked.items() for extra in extras]
    known: dict[_N, set[str]] = {}
    while waiting:
        release, extra = waiting.pop()
        extras = known.setdefault(release, set())
        if extra and extra in extras:
            continue
        extras.add(extra)
        for requirement in under.get((release, extra), ()) if extra else requires.get(release, ()):
            waiting += follow(release, requirement, extras)
