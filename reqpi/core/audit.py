"""Lines of the audit log: who has done what to a server or a store, when, and how it ended.

Each is a JSON object on one line, with the members ``time``, ``what``, ``address`` (of the lock), ``outcome``,
``client`` and, for what is neither, ``detail``. A member without a value is left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from reqpi.core.timestamps import timestamp

__all__ = ["DONE", "FAILED", "REFUSED", "UNKNOWN", "AuditedClient", "audit_line"]

DONE = "done"

REFUSED = "refused"
"""It was not allowed, or not possible as requested: a status from 400 to 499."""

FAILED = "failed"
"""The server, its store or its upstream could not do it: a status from 500 on."""

UNKNOWN = "unknown"
"""The client was gone before the answer: the work may have gone on."""

_LONGEST = 500
"""Characters of a text that comes from outside."""


@frozen
class AuditedClient:
    """The one who has done something.

    :param address: the network address.
    :param token: the name of the token.
    :param subject: the claim ``sub`` of a signed token.
    :param issuer: the claim ``iss`` of a signed token.
    :param user: the user of this machine who runs a command.
    """

    address: str = ""
    token: str = ""
    subject: str = ""
    issuer: str = ""
    user: str = ""


def audit_line(
    at: float,
    what: str,
    outcome: str,
    client: AuditedClient,
    *,
    address: str = "",
    detail: Mapping[str, Any] | None = None,
) -> str:
    """Return a line, with its line break.

    :param at: seconds since the epoch.
    :param detail: further members, such as the status of the response and the id of the request.
    """
    who = {name: getattr(client, name)[:_LONGEST] for name in ("address", "token", "subject", "issuer", "user")}
    line: dict[str, Any] = {"time": timestamp(at), "what": what, "address": address, "outcome": outcome}
    line["client"] = {name: value for name, value in who.items() if value}
    for name, value in (detail or {}).items():
        line[name] = value[:_LONGEST] if isinstance(value, str) else value
    return json.dumps({name: value for name, value in line.items() if value not in ("", None)}) + "\n"
