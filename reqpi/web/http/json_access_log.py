"""The access log as lines of JSON, with the members of the Combined Log Format under names of their own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from reqpi.web.http.accesslog import AccessLog
from reqpi.web.http.headers import header
from reqpi.web.http.redaction import redacted
from reqpi.web.http.request_ids import id_if_any

__all__ = ["JsonAccessLog"]

_READY = re.compile(r'(\d{3}) (\d+|-) "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"')
"""The part after the request line in the Combined Log Format."""

_ESCAPED = re.compile(r"\\(.)")


class JsonAccessLog(AccessLog):
    """An access log whose lines are objects.

    :param stamp: returns a time, in seconds since the epoch, as text.
    """

    def __init__(self, *args: Any, stamp: Callable[[float], str], **options: Any) -> None:
        super().__init__(*args, **options)
        self._stamp = stamp

    def note_request(self, request: Any) -> None:
        """See :meth:`AccessLog.note_request`."""
        peer = getattr(request.getClientAddress(), "host", "-")
        method, target, protocol = (
            text.decode("latin-1") for text in (request.method, request.uri, request.clientproto)
        )
        self._note(
            client=self.client(peer, header(request, "X-Forwarded-For")),
            method=method,
            target=target,
            protocol=protocol,
            status=request.code,
            bytes=request.sentLength,
            seconds=round(max(0.0, self.now() - request.began_at), 6),
            referrer=header(request, "Referer"),
            agent=header(request, "User-Agent"),
            request_id=id_if_any(request),
        )

    def note_ready(self, peer: str, forwarded: str, line: str, response: str) -> None:
        """See :meth:`AccessLog.note_ready`."""
        method, target, protocol = line.split(" ", 2)
        match = _READY.fullmatch(response)
        status, size, referrer, agent = ("0", "-", "-", "-") if match is None else match.groups()
        self._note(
            client=self.client(peer, forwarded),
            method=method,
            target=target,
            protocol=protocol,
            status=int(status),
            bytes=0 if size == "-" else int(size),
            referrer=_plain(referrer),
            agent=_plain(agent),
        )

    def note_unread(self, peer: str, status: int, size: int, request_id: str) -> None:
        """See :meth:`AccessLog.note_unread`."""
        self._note(client=peer, status=status, bytes=size, request_id=request_id)

    def _note(self, **members: Any) -> None:
        shown = {"time": self._stamp(self.now()), "level": "info", "namespace": "reqpi.access"}
        kept = {name: value for name, value in members.items() if value != ""}
        kept |= {name: redacted(kept[name]) for name in ("target", "referrer", "agent") if name in kept}
        self.note("", json.dumps(shown | kept).replace("\x7f", "\\u007f"))


def _plain(logged: str) -> str:
    """Return a header's value from its form in the log; empty if there was none."""
    return "" if logged == "-" else _ESCAPED.sub(r"\1", logged)
