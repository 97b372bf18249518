"""Decisions of the operator as records of a store: a denial, or something that was undone."""

from __future__ import annotations

import json

from attrs import frozen

from reqpi.core.denials import Denial, read_denied, read_reason
from reqpi.core.stored_json import finite, mapping, parse, typed

__all__ = ["UNSEALED", "Decision", "dump_decision", "load_decision"]

DENY, FORGET, REFREEZE = "deny", "forget", "refreeze"

UNSEALED = "it has no valid seal: decide again with the --record-key of the servers, or seal it: reqpi verify --seal"
"""The problem of a decision that was made without the key of the servers, or by someone who does not have it."""

_LONGEST = 500
"""Characters of the name of a person or a token."""


@frozen
class Decision:
    """One decision.

    :param kind: ``deny``, ``forget`` or ``refreeze``.
    :param what: what is denied; otherwise the address of a lock.
    :param because: the reason of a denial; otherwise empty.
    :param at: seconds since the epoch.
    :param by: who decided.
    """

    kind: str
    what: str
    because: str
    at: float
    by: str

    @property
    def denial(self) -> Denial | None:
        """The denial, if it is one."""
        return Denial(self.what, self.because, self.at, self.by) if self.kind == DENY else None


def dump_decision(decision: Decision) -> bytes:
    """Return a decision as it is stored."""
    shown = {"decision": decision.kind, "what": decision.what, "because": decision.because}
    return json.dumps({"layout": 1, **shown, "at": decision.at, "by": decision.by[:_LONGEST]}).encode()


def load_decision(data: bytes) -> Decision:
    """Read what :func:`dump_decision` wrote.

    :raises ValueError: it is something else, as :data:`reqpi.core.stored_json.NOT_WRITTEN` lists.
    """
    value = mapping(parse(data))
    kind, what, because = (typed(value[name], str) for name in ("decision", "what", "because"))
    if typed(value["layout"], int) != 1 or kind not in (DENY, FORGET, REFREEZE):
        raise ValueError("it is no decision")
    if kind == DENY and (read_denied(what) != what or read_reason(because) != because):
        raise ValueError("it denies nothing")
    by = typed(value["by"], str)
    if len(by) > _LONGEST or not by.isprintable():
        raise ValueError("it does not say who decided")
    return Decision(kind, what, because, finite(value["at"]), by)
