"""Sets of the values of one variable of a marker: some texts, or all but some; or ranges of Python versions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from attrs import frozen

__all__ = ["Cut", "Texts", "Versions", "read_version"]

_VERSION = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,5}){0,3})(\.\*)?")

Release = tuple[int, ...]
Cut = tuple[Release, int]
"""A place between two versions: just before a release (0), or just after it (1)."""


@frozen
class Texts:
    """A set of texts.

    :param others: whether it has all texts except ``texts`` instead of these.
    """

    texts: frozenset[str]
    others: bool = False

    @property
    def full(self) -> bool:
        """Whether it contains every text."""
        return self.others and not self.texts

    @property
    def empty(self) -> bool:
        """Whether it contains no text."""
        return not self.others and not self.texts

    @property
    def size(self) -> int:
        """Number of texts that it names."""
        return len(self.texts)

    def __or__(self, other: Texts) -> Texts:
        if self.others and other.others:
            return Texts(self.texts & other.texts, True)
        if self.others or other.others:
            without, some = (self, other) if self.others else (other, self)
            return Texts(without.texts - some.texts, True)
        return Texts(self.texts | other.texts)

    def __and__(self, other: Texts) -> Texts:
        return (self.complement | other.complement).complement

    @property
    def complement(self) -> Texts:
        """Set of all other texts."""
        return Texts(self.texts, not self.others)

    def spell(self, variable: str) -> str:
        """Return the set as a marker, which contains ``and`` or ``or`` if there are several texts."""
        operator, joint = ("!=", " and ") if self.others else ("==", " or ")
        return joint.join(f"{variable} {operator} {_quoted(text)}" for text in sorted(self.texts))


@frozen
class Versions:
    """A set of ranges of final releases.

    :param cuts: in order; at each of them, membership in the set changes.
    :param first: whether versions before the first cut are in the set.
    """

    cuts: tuple[Cut, ...]
    first: bool = False

    @property
    def full(self) -> bool:
        """Whether it contains every version."""
        return self.first and not self.cuts

    @property
    def empty(self) -> bool:
        """Whether it contains no version."""
        return not self.first and not self.cuts

    @property
    def size(self) -> int:
        """Number of its cuts."""
        return len(self.cuts)

    def __or__(self, other: Versions) -> Versions:
        return (self.complement & other.complement).complement

    def __and__(self, other: Versions) -> Versions:
        mine, theirs = self.first, other.first
        inside = first = mine and theirs
        cuts: list[Cut] = []
        for cut in sorted({*self.cuts, *other.cuts}):
            mine ^= cut in self.cuts
            theirs ^= cut in other.cuts
            if (mine and theirs) != inside:
                inside = not inside
                cuts.append(cut)
        return Versions(tuple(cuts), first)

    @property
    def complement(self) -> Versions:
        """Set of all other versions."""
        return Versions(self.cuts, not self.first)

    def spell(self, variable: str) -> str:
        """Return the set as a marker, which contains ``and`` or ``or`` if one comparison is not enough."""
        if self.first and len(self.cuts) == 2 and self.cuts[0][0] == self.cuts[1][0]:
            return f"{variable} != '{_spelled(self.cuts[0])}'"
        runs = list(self._runs(variable))
        return " or ".join(f"({run})" if " and " in run and len(runs) > 1 else run for run in runs)

    def _runs(self, variable: str) -> Iterator[str]:
        bounds: list[Cut | None] = [*([None] if self.first else []), *self.cuts]
        for low, high in zip(bounds[::2], [*bounds[1::2], None], strict=False):
            if low and high and low[0] == high[0]:
                yield f"{variable} == '{_spelled(low)}'"
                continue
            parts = [f"{variable} {'>' if low[1] else '>='} '{_spelled(low)}'"] if low else []
            parts += [f"{variable} {'<=' if high[1] else '<'} '{_spelled(high)}'"] if high else []
            yield " and ".join(parts)


def read_version(variable: str, operator: str, value: str) -> Versions | None:
    """Return the Python versions for which a comparison holds; ``None`` if this kind of comparison is not analysed.

    :param variable: ``python_full_version``, or ``python_version``, which has no third part.
    :param operator: a comparison operator of :pep:`508`.
    :param value: the version that the variable is compared with.
    """
    found = _VERSION.fullmatch(value)
    if not found or (found[2] and operator not in ("==", "!=")):
        return None
    release = tuple(int(part) for part in found[1].split("."))
    if variable == "python_version" and (len(release) != 2 or found[2]):
        return None
    # A partial version stands for all versions that begin with it.
    begins = bool(found[2]) or variable == "python_version"
    low: Cut = (_plain(release), 0)
    high: Cut = (_plain((*release[:-1], release[-1] + 1)), 0) if begins else (_plain(release), 1)
    known = {
        "<": Versions((low,), True),
        "<=": Versions((high,), True),
        ">": Versions((high,)),
        ">=": Versions((low,)),
        "==": Versions((low, high)),
        "!=": Versions((low, high), True),
    }
    return known.get(operator)


def _plain(release: Release) -> Release:
    """Return the release without trailing zeros: 3.10 and 3.10.0 are equal."""
    while release and not release[-1]:
        release = release[:-1]
    return release


def _spelled(cut: Cut) -> str:
    return ".".join(map(str, cut[0] if len(cut[0]) > 1 else (*(cut[0] or (0,)), 0)))


def _quoted(text: str) -> str:
    return f'"{text}"' if "'" in text else f"'{text}'"
