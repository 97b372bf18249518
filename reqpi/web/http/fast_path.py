"""The way in: a request for something hot is answered at once, and any other goes into Twisted's own stack, unread.

Only what leaves no room for doubt is answered here: one whole request in one piece, between two others, with GET or
HEAD, and a head in which every line is plain and no field comes twice. Whatever is odd in any way, and whatever frames,
closes, upgrades or conditions in another way than ``If-None-Match``, is for the ordinary stack to judge.
"""

from __future__ import annotations

import re
from typing import Any

from attrs import frozen
from twisted.internet.protocol import connectionDone
from twisted.internet.tcp import Connection
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel

from reqpi.core import simple
from reqpi.web.http.representation import RepresentationRequest, takes_gzip

__all__ = ["FastPathChannel", "SimpleHead", "SimpleHeads", "simple_head"]

_LONGEST_HEAD = 2048
_ADDRESS = 65
"""Characters of a path that are an address, with the slash before it."""

_MOST_FIELDS = 32
_REMEMBERED = 1024
"""Heads that were judged. Clients repeat theirs to the letter, but for the request line."""

_FIELD = re.compile(rb"([A-Za-z0-9-]{1,64}):[ ]?([!-~](?:[ -~]*[!-~])?)?")
"""A line that any two readers read the same way (:rfc:`9112`, section 5)."""

_ELSEWHERE = frozenset(
    b"content-length transfer-encoding expect upgrade te trailer range if-range if-match if-modified-since "
    b"if-unmodified-since http2-settings proxy-connection keep-alive".split()
)
"""Fields that may change how a request ends, or what it means."""


@frozen
class SimpleHead:
    """What a head says, where it is a simple one.

    :param log: its referrer and agent, as the access log has them.
    """

    asked: RepresentationRequest
    log: str


def simple_head(head: bytes) -> SimpleHead | None:
    """Read the head of a request after its first line, down to the empty line; ``None``: it is not simple."""
    if len(head) > _LONGEST_HEAD or not head.endswith(b"\r\n\r\n"):
        return None
    lines = head[:-4].split(b"\r\n")
    matches = [_FIELD.fullmatch(line) for line in lines[: _MOST_FIELDS + 1]]
    fields = {match[1].lower(): (match[2] or b"").decode("ascii") for match in matches if match is not None}
    # Fewer than lines: one was no field, or came twice.
    if len(fields) != len(lines) or b"host" not in fields or not _ELSEWHERE.isdisjoint(fields):
        return None
    if fields.get(b"connection", "keep-alive").lower() != "keep-alive":
        return None
    asked = RepresentationRequest(
        simple.choose(fields.get(b"accept", "")),
        takes_gzip(fields.get(b"accept-encoding", "")),
        fields.get(b"if-none-match", ""),
    )
    referrer, agent = (fields.get(name, "").replace("\\", "\\\\").replace('"', '\\"') for name in _LOGGED)
    return SimpleHead(asked, f'"{referrer or "-"}" "{agent or "-"}"')


_LOGGED = (b"referer", b"user-agent")


class SimpleHeads:
    """The heads that were judged simple lately."""

    def __init__(self) -> None:
        self._judged: dict[bytes, SimpleHead] = {}

    def judge(self, head: bytes) -> SimpleHead | None:
        """See :func:`simple_head`."""
        known = self._judged.get(head)
        if known is None:
            known = simple_head(head)
            if known is not None:
                if len(self._judged) >= _REMEMBERED:
                    self._judged.clear()
                self._judged[head] = known
        return known


class FastPathChannel(HTTPChannel):
    """One connection. Its factory is a :class:`~reqpi.web.http.site.BoundedSite`."""

    site: Any
    transport: Any

    _between = False
    """No request is under way, and of the next nothing has come."""

    served = 0
    """Requests so far."""

    latest = (b"", "")
    """The beginning of the path that was asked for last, and who asked: its referrer and agent."""

    def connectionMade(self) -> None:
        """Begin."""
        super().connectionMade()
        self.site.self_checks.connected.add(self)
        self.peer = str(getattr(self.transport.getPeer(), "host", "-"))
        self._plain = isinstance(self.transport, Connection)
        self._between = True

    def dataReceived(self, data: bytes) -> None:
        """Some bytes came."""
        if self._between:
            if self._answered(data):
                return
            self._between = False
        super().dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """End."""
        self.site.self_checks.connected.discard(self)
        super().connectionLost(reason)

    def requestDone(self, request: Any) -> None:
        """An answer of the ordinary stack is complete."""
        super().requestDone(request)
        self._between = bool(self.persistent) and not self.requests and not self._buffer

    def _answered(self, data: bytes) -> bool:
        """Answer, if that is all there is to it."""
        line, _, head = data.partition(b"\r\n")
        if line[-9:] != b" HTTP/1.1":
            return False
        if line[:4] == b"GET ":
            target, no_body = line[4:-9], False
        elif line[:5] == b"HEAD ":
            target, no_body = line[5:-9], True
        else:
            return False
        site = self.site
        said = site.heads.judge(head)
        if said is None:
            return False
        found = site.ready_answers.find(target, said.asked)
        if found is None or self._waitingForTransport or self.transport.disconnecting or site.ending:
            return False
        self.resetTimeout()
        self.served += 1
        self.latest = (target[:_ADDRESS], said.log)
        if site.self_checks.waiting:
            site.self_checks.followed(self, *self.latest)
        self._send(found.wire(site.date(), head=no_body))
        site.answered(self.peer, line, found.status, 0 if no_body else len(found.body), said.log)
        return True

    def _send(self, data: bytes) -> None:
        """Write, at once where nothing waits to be written: the kernel then takes it with no turn of the reactor."""
        transport = self.transport
        if self._plain and not transport.dataBuffer and not transport._tempDataBuffer:
            sent = transport.writeSomeData(data)
            if sent == len(data):
                return
            data = data[sent if isinstance(sent, int) else 0 :]  # what went wrong, the reactor finds out
        transport.write(data)
