"""What was measured, as values: a median with its least and its most, a ratio, a goal that was met or not."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import Literal, Self

from attrs import frozen

__all__ = ["Goal", "Spread", "at_least", "at_most", "number"]


@frozen
class Spread:
    """Some measurements of the same thing.

    :param middle: their median.
    """

    middle: float
    least: float
    most: float

    @classmethod
    def of(cls, measured: Iterable[float]) -> Self:
        """Of at least one measurement."""
        values = list(measured)
        return cls(statistics.median(values), min(values), max(values))

    def over(self, other: Spread) -> float:
        """The ratio of the medians; over nothing, infinite."""
        return self.middle / other.middle if other.middle else float("inf")

    def __str__(self) -> str:
        if self.least == self.most:
            return number(self.middle)
        return f"{number(self.middle)} ({number(self.least)} to {number(self.most)})"


@frozen
class Goal:
    """A target, and what came of it.

    :param what: "a page of 1 KB, 16 connections, of nginx".
    :param bound: what it has to reach, or to stay below.
    """

    what: str
    measured: float
    bound: float
    direction: Literal["at least", "at most"]
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether it was reached."""
        return self.measured >= self.bound if self.direction == "at least" else self.measured <= self.bound

    @property
    def target(self) -> str:
        """In words: ``at most 5 ms``."""
        return " ".join([self.direction, number(self.bound), self.unit]).rstrip()

    @property
    def got(self) -> str:
        """The measurement, with its unit."""
        return f"{number(self.measured)} {self.unit}".rstrip()


def at_least(what: str, bound: float, measured: float, unit: str = "") -> Goal:
    """A goal that more is better for."""
    return Goal(what, measured, bound, "at least", unit)


def at_most(what: str, bound: float, measured: float, unit: str = "") -> Goal:
    """A goal that less is better for."""
    return Goal(what, measured, bound, "at most", unit)


def number(value: float) -> str:
    """As much of a number as is worth reading: ``102,800``, ``128``, ``9.6``, ``0.49``, ``0.0051``."""
    if value == 0 or abs(value) >= 1e4:
        return f"{_significant(value, 3):,.0f}"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.3g}"
    return f"{value:.2g}" if abs(value) < 0.1 else f"{value:.2f}".rstrip("0").rstrip(".")


def _significant(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")
