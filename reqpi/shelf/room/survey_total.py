"""The record of what the latest survey of a store found: a process that starts knows it before its own first one ends.

Any process of the store writes it. Until the own survey has ended it is better than nothing, however old it is: the
store was nearly as large, and without it a full store would be filled further.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from attrs import field, frozen

from reqpi.core.stored_json import finite, mapping, parse, typed

__all__ = ["SurveyTotal", "load_survey"]

_MOST = 10_000
"""Accounts that are recorded: those with the largest charges."""


@frozen
class SurveyTotal:
    """The outcome of a survey.

    :param at: when it ended, in seconds since the epoch.
    :param size: the bytes of the store.
    :param charged: those that each account has brought into it.
    """

    at: float
    size: int
    charged: Mapping[str, int] = field(factory=dict)

    def dump(self) -> bytes:
        """Return the content of the record."""
        largest = sorted(self.charged.items(), key=lambda each: -each[1])[:_MOST]
        return json.dumps({"layout": 1, "at": self.at, "size": self.size, "charged": dict(largest)}).encode()


def load_survey(data: bytes) -> SurveyTotal:
    """Return what :meth:`SurveyTotal.dump` wrote.

    :raises Exception: one of :data:`reqpi.core.stored_json.NOT_WRITTEN`: it is damaged.
    """
    value = mapping(parse(data))
    size, charged = typed(value["size"], int), mapping(value["charged"])
    if typed(value["layout"], int) != 1 or size < 0 or any(typed(each, int) < 0 for each in charged.values()):
        raise ValueError("it does not say how large the store is")
    return SurveyTotal(finite(value["at"]), size, charged)
