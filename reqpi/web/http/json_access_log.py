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

    def text_of(self, line: str, response: str) -> str:
        """See :meth:`AccessLog.text_of`."""
        method, target, protocol = line.split(" ", 2)
        match = _READY.fullmatch(response)
        status, size, referrer, agent = ("0", "-", "-", "-") if match is None else match.groups()
        return _members(
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

    def note_ready(self, peer: str, forwarded: str, text: str, now: float) -> None:
        """See :meth:`AccessLog.note_ready`."""
        self._write_members(_members(client=self.client(peer, forwarded)), text, now)

    def _note(self, *, client: str, **members: Any) -> None:
        self._write_members(_members(client=client), _members(**members), self.now())

    def _write_members(self, client: str, rest: str, now: float) -> None:
        self._add(f'{{"time": "{self._stamp(now)}", "level": "info", "namespace": "reqpi.access", {client}, {rest}}}')


def _members(**members: Any) -> str:
    """Return members of an object in JSON, without those that are empty, and without tokens."""
    kept = {name: value for name, value in members.items() if value != ""}
    kept |= {name: redacted(kept[name]) for name in ("target", "referrer", "agent") if name in kept}
    return json.dumps(kept)[1:-1].replace("\x7f", "\\u007f")


def _plain(logged: str) -> str:
    """Return a header's value from its form in the log; empty if there was none."""
    return "" if logged == "-" else _ESCAPED.sub(r"\1", logged)
