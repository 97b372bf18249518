"""Decisions of the operator as records of a store: a denial, or something that was undone."""

from __future__ import annotations

import json

from attrs import asdict, frozen

from reqpi.core.denials import Denial, Ground, read_denied, read_reason
from reqpi.core.stored_json import finite, mapping, parse, sequence, typed

__all__ = ["UNSEALED", "Decision", "dump_decision", "load_decision"]

DENY, FORGET, REFREEZE = "deny", "forget", "refreeze"

ALLOW = "allow"
"""The operator has revoked a denial of the policy: it is not denied again for the same reasons."""

UNSEALED = "it has no valid seal: decide again with the --record-key of the servers, or seal it: reqpi verify --seal"
"""The problem of a decision that was made without the key of the servers, or by someone who does not have it."""

_LONGEST = 500
"""Characters of the name of a person or a token, and of a reason of the policy."""

_MOST_CAUSES = 100


@frozen
class Decision:
    """One decision.

    :param kind: ``deny``, ``allow``, ``forget`` or ``refreeze``.
    :param what: what is denied or allowed; otherwise the address of a lock.
    :param because: the reason of a denial; otherwise empty.
    :param at: seconds since the epoch.
    :param by: who decided.
    :param ground: the reasons of the policy, for a denial that it has made or that was revoked.
    """

    kind: str
    what: str
    because: str
    at: float
    by: str
    ground: Ground | None = None

    @property
    def denial(self) -> Denial | None:
        """The denial, if it is one."""
        if self.kind != DENY:
            return None
        return Denial(self.what, self.because, self.at, self.by, self.ground)


def dump_decision(decision: Decision) -> bytes:
    """Return a decision as it is stored."""
    shown = {"decision": decision.kind, "what": decision.what, "because": decision.because}
    ground = {} if decision.ground is None else {"policy": asdict(decision.ground)}
    return json.dumps({"layout": 1, **shown, "at": decision.at, "by": decision.by[:_LONGEST], **ground}).encode()


def load_decision(data: bytes) -> Decision:
    """Read what :func:`dump_decision` wrote.

    :raises ValueError: it is something else, as :data:`reqpi.core.stored_json.NOT_WRITTEN` lists.
    """
    value = mapping(parse(data))
    kind, what, because = (typed(value[name], str) for name in ("decision", "what", "because"))
    if typed(value["layout"], int) != 1 or kind not in (DENY, ALLOW, FORGET, REFREEZE):
        raise ValueError("it is no decision")
    if kind in (DENY, ALLOW) and (read_denied(what) != what or read_reason(because) != because):
        raise ValueError("it denies nothing")
    by = typed(value["by"], str)
    if len(by) > _LONGEST or not by.isprintable():
        raise ValueError("it does not say who decided")
    ground = _ground(value["policy"]) if "policy" in value else None
    if kind == ALLOW and ground is None:
        raise ValueError("it allows nothing")
    return Decision(kind, what, because, finite(value["at"]), by, ground)


def _ground(written: object) -> Ground:
    value = mapping(written)
    causes, release = sequence(value["causes"], str), typed(value["release"], str)
    if not causes or len(causes) > _MOST_CAUSES or max(map(len, causes)) > _LONGEST or read_denied(release) != release:
        raise ValueError("it has no reasons of a policy")
    return Ground(causes, release, None if value["until"] is None else finite(value["until"]))
