"""Measured values: a median with its minimum and maximum, a ratio, and a goal that is met or missed."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import Literal, Self

from attrs import frozen

__all__ = ["Goal", "Spread", "at_least", "at_most", "number"]


@frozen
class Spread:
    """Several measurements of the same quantity.

    :param middle: the median.
    :param least: the minimum.
    :param most: the maximum.
    """

    middle: float
    least: float
    most: float

    @classmethod
    def of(cls, measured: Iterable[float]) -> Self:
        """Return the spread of the measurements, of which there must be at least one."""
        values = list(measured)
        return cls(statistics.median(values), min(values), max(values))

    def over(self, other: Spread) -> float:
        """Return the ratio of the medians; infinity if the other median is zero."""
        return self.middle / other.middle if other.middle else float("inf")

    def __str__(self) -> str:
        if self.least == self.most:
            return number(self.middle)
        return f"{number(self.middle)} ({number(self.least)} to {number(self.most)})"


@frozen
class Goal:
    """A target, and the measurement that is compared with it.

    :param what: the quantity, such as "a page of 1 KB, 16 connections, of nginx".
    :param bound: the value that the measurement must reach or must not exceed, according to ``direction``.
    """

    what: str
    measured: float
    bound: float
    direction: Literal["at least", "at most"]
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether the target was reached."""
        return self.measured >= self.bound if self.direction == "at least" else self.measured <= self.bound

    @property
    def target(self) -> str:
        """The target in words: ``at most 5 ms``."""
        return " ".join([self.direction, number(self.bound), self.unit]).rstrip()

    @property
    def got(self) -> str:
        """The measurement, with its unit."""
        return f"{number(self.measured)} {self.unit}".rstrip()


def at_least(what: str, bound: float, measured: float, unit: str = "") -> Goal:
    """Return a goal for a quantity of which more is better."""
    return Goal(what, measured, bound, "at least", unit)


def at_most(what: str, bound: float, measured: float, unit: str = "") -> Goal:
    """Return a goal for a quantity of which less is better."""
    return Goal(what, measured, bound, "at most", unit)


def number(value: float) -> str:
    """Return a number with its significant digits only: ``102,800``, ``128``, ``9.6``, ``0.49``, ``0.0051``."""
    if value == 0 or abs(value) >= 1e4:
        return f"{_significant(value, 3):,.0f}"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.3g}"
    return f"{value:.2g}" if abs(value) < 0.1 else f"{value:.2f}".rstrip("0").rstrip(".")


def _significant(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")
