"""Request ids: with one of them, an operator finds in the log what a client has met.

Only errors have one, because only they are asked about, and the fast path sends none.
"""

from __future__ import annotations

import re
from secrets import token_hex
from typing import Any

from twisted.web.server import Request

from reqpi.web.http.headers import listed

__all__ = ["REQUEST_ID", "id_if_any", "id_of", "new_id"]

REQUEST_ID = "X-Request-ID"

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""An id that can be in a header, in a line of a log and on a terminal as it is."""

_BYTES = 8


def id_of(request: Request) -> str:
    """Return the id of a request, which has one from now on.

    It is the one that a trusted proxy has sent, if that is plain and has at most 64 characters; otherwise a new one.
    """
    known = id_if_any(request)
    if known:
        return known
    identified: Any = request
    site = getattr(request, "site", None) or identified.channel.site  # a request that is not complete has no site
    sent = listed(request, REQUEST_ID) if site.trust_proxy else ""
    identified.request_id = sent if _PLAIN.fullmatch(sent) else new_id()
    return str(identified.request_id)


def new_id() -> str:
    """Return an id that no other request has."""
    return token_hex(_BYTES)


def id_if_any(request: Any) -> str:
    """Return the id of a request; empty if it has none."""
    return str(getattr(request, "request_id", ""))
