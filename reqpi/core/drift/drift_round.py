"""The record of a look for drift in all locks, from which each server of a store has its metrics."""

from __future__ import annotations

import json
from collections.abc import Mapping

from attrs import field, frozen

from reqpi.core.drift.finding import KINDS
from reqpi.core.stored_json import finite, mapping, parse, typed

__all__ = ["DriftRound", "load_round"]

_LATEST = 253_402_300_799.0
"""The last second of the year 9999."""


@frozen
class DriftRound:
    """The outcome of a round.

    :param ended: when, in seconds since the epoch; ``None`` while the first one is under way.
    :param locks: how many locks were looked at.
    :param drifted: how many of them have a finding of each kind that is new, or not.
    :param by: distinguishes the first rounds of several processes.
    """

    ended: float | None = None
    locks: int = 0
    drifted: Mapping[tuple[str, bool], int] = field(factory=dict)
    by: str = field(default="", kw_only=True)

    def dump(self) -> bytes:
        """Return the record."""
        drifted = [[kind, new, number] for (kind, new), number in sorted(self.drifted.items())]
        said = {"layout": 1, "ended": self.ended, "locks": self.locks, "drifted": drifted, "by": self.by}
        return json.dumps(said).encode()


def load_round(data: bytes) -> DriftRound:
    """Read a record.

    :raises ValueError: it is something else, as :data:`reqpi.core.stored_json.NOT_WRITTEN` lists.
    """
    value = mapping(parse(data))
    ended = None if value["ended"] is None else finite(value["ended"])
    if typed(value["layout"], int) != 1 or not 0 <= (ended or 0.0) <= _LATEST:
        raise ValueError("it is not the outcome of a look for drift")
    drifted: dict[tuple[str, bool], int] = {}
    for kind, new, number in typed(value["drifted"], list):
        if typed(kind, str) not in KINDS or typed(number, int) < 0:
            raise ValueError("it counts something else than findings")
        drifted[kind, typed(new, bool)] = number
    return DriftRound(ended, typed(value["locks"], int), drifted)
