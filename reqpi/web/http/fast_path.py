"""The fast path: a request that has a ready answer is answered here, and any other is passed to twisted.web unread.

Only unambiguous requests are answered here: one complete request in one piece, between two others, with GET or HEAD,
and a head in which every line is plain and no field is repeated. Anything unusual is left to twisted.web, and so is
every request with a field that frames, closes, upgrades, or makes conditional in another way than ``If-None-Match``.
"""

from __future__ import annotations

import re
from typing import Any

from attrs import frozen
from twisted.internet.interfaces import ISSLTransport
from twisted.internet.protocol import connectionDone
from twisted.internet.tcp import Connection
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel

from reqpi.core import simple
from reqpi.core.limits.limit import Limit
from reqpi.core.limits.rates import Bucket
from reqpi.web.http.authority import is_host, needs_tls
from reqpi.web.http.early_answers import MALFORMED, answer_early
from reqpi.web.http.pace import is_large
from reqpi.web.http.representation import STRICT_TRANSPORT, RepresentationRequest, takes_gzip
from reqpi.web.http.request_time import RequestTime, too_slow
from reqpi.web.http.unread import unsent

__all__ = ["FastPathChannel", "SimpleHead", "SimpleHeads", "simple_head"]

_LONGEST_HEAD = 2048
_ADDRESS = 65
"""Characters of a path that are the address, including the slash before it."""

_MOST_FIELDS = 32
_REMEMBERED = 1024
"""Simple heads that are remembered. A client repeats its head literally, except for the request line."""

_STRICT = "\r\n{}: {}".format(*STRICT_TRANSPORT).encode("ascii")

_FIELD = re.compile(rb"([A-Za-z0-9-]{1,64}):[ ]?([!-~](?:[ -~]*[!-~])?)?")
"""A field line that any two parsers read in the same way (:rfc:`9112`, section 5)."""

_ELSEWHERE = frozenset(
    b"content-length transfer-encoding expect upgrade te trailer range if-range if-match if-modified-since "
    b"if-unmodified-since http2-settings proxy-connection keep-alive".split()
)
"""Fields that may change where a request ends, or its meaning."""


@frozen
class SimpleHead:
    """A head that the fast path can answer.

    :param host: a valid one, with or without a port.
    :param authorization: empty if there is none.
    :param log: its referrer and user agent, in the format of the access log.
    :param forwarded: its ``X-Forwarded-For``; empty if there is none.
    """

    asked: RepresentationRequest
    host: str
    authorization: str
    log: str
    forwarded: str = ""


def simple_head(head: bytes) -> SimpleHead | None:
    """Parse the head of a request.

    :param head: from after the request line to the empty line, inclusive.
    :returns: ``None`` if it is not a simple one.
    """
    if len(head) > _LONGEST_HEAD or not head.endswith(b"\r\n\r\n"):
        return None
    lines = head[:-4].split(b"\r\n")
    matches = [_FIELD.fullmatch(line) for line in lines[: _MOST_FIELDS + 1]]
    fields = {match[1].lower(): (match[2] or b"").decode("ascii") for match in matches if match is not None}
    # There are fewer fields than lines if a line is not a field, or a field is repeated.
    if len(fields) != len(lines) or not _ELSEWHERE.isdisjoint(fields):
        return None
    host = fields.get(b"host", "")
    if not is_host(host):
        return None
    if fields.get(b"connection", "keep-alive").lower() != "keep-alive":
        return None
    asked = RepresentationRequest(
        simple.choose(fields.get(b"accept", "")),
        takes_gzip(fields.get(b"accept-encoding", "")),
        fields.get(b"if-none-match", ""),
    )
    referrer, agent = (fields.get(name, "").replace("\\", "\\\\").replace('"', '\\"') for name in _LOGGED)
    return SimpleHead(
        asked,
        host,
        fields.get(b"authorization", ""),
        f'"{referrer or "-"}" "{agent or "-"}"',
        fields.get(b"x-forwarded-for", ""),
    )


_LOGGED = (b"referer", b"user-agent")


class SimpleHeads:
    """The simple heads of recent requests."""

    def __init__(self) -> None:
        self._known: dict[bytes, SimpleHead] = {}

    def judge(self, head: bytes) -> SimpleHead | None:
        """Return the result of :func:`simple_head`, which is remembered for simple heads."""
        known = self._known.get(head)
        if known is None:
            known = simple_head(head)
            if known is not None:
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                self._known[head] = known
        return known


class FastPathChannel(HTTPChannel):
    """A connection. Its factory is a :class:`~reqpi.web.http.site.BoundedSite`."""

    site: Any
    transport: Any

    _between = False
    """No request is being answered, and no byte of the next one has arrived."""

    _admitted: SimpleHead | None = None
    """The latest head that the site admitted on this connection."""

    _bucket: Bucket | None = None
    """The requests of the client that sent it; ``None``: they are not limited."""

    takes_turn = False
    """A request that is parsed now had arrived before the last response was complete, or has a large response."""

    _parses_again = False

    served = 0
    """Number of requests so far."""

    latest = (b"", "")
    """The beginning of the last request's path, and its referrer and user agent."""

    def connectionMade(self) -> None:
        """Register the connection."""
        super().connectionMade()
        self.site.self_checks.connected.add(self)
        self.peer = str(getattr(self.transport.getPeer(), "host", "-"))
        limits = self.site.limits
        limits.connections.opened(self, self.peer)
        self._now = self.site.clock.seconds
        self._time = RequestTime(self.site.clock, limits.seconds, self._too_slow)
        self._secure = ISSLTransport.providedBy(self.transport)
        self._local = self.transport.getHost()
        self._plain = isinstance(self.transport, Connection)
        self._between = True

    def dataReceived(self, data: bytes) -> None:
        """Answer the bytes on the fast path, or pass them to twisted.web."""
        self.takes_turn = self._parses_again
        if self._between:
            if self._answered(data):
                return
            self._between = False
        super().dataReceived(data)
        self._note_part()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Forget the connection."""
        self.site.self_checks.connected.discard(self)
        self._forget()
        super().connectionLost(reason)

    def requestDone(self, request: Any) -> None:
        """Return to the fast path, if twisted.web has answered everything that has arrived."""
        self.takes_turn = self._parses_again = True
        self._time.receives(None)  # the next head may begin in the same piece
        super().requestDone(request)  # what has arrived meanwhile is received again
        self._parses_again = False
        self._between = bool(self.persistent) and not self.requests and not self._buffer
        self._note_part()

    @property
    def is_idle(self) -> bool:
        """See :class:`~reqpi.web.http.connections.OpenConnection`. One whose response is not read cannot end soon."""
        return self._between and not unsent(self.transport)

    def hang_up(self) -> None:
        """See :class:`~reqpi.web.http.connections.OpenConnection`."""
        self._between = False
        self.setTimeout(None)
        self.loseConnection()
        self._abortingCall = self.callLater(self.abortTimeout, self.forceAbortClient)

    def cut(self, limit: Limit) -> None:
        """See :class:`~reqpi.web.http.unread.Reader`."""
        self.site.refused(limit, self.peer)
        self._forget()
        self.transport.abortConnection()

    def pauseProducing(self) -> None:
        """Wait until the client has read what waits for it."""
        super().pauseProducing()
        unwritten = self.requests[0].unwritten if self.requests else 0
        self.site.limits.unread.waits(self, self.peer, unsent(self.transport) + unwritten)

    def resumeProducing(self) -> None:
        """Go on: the client has read."""
        self.site.limits.unread.has_read(self, self.peer)
        super().resumeProducing()

    def _forget(self) -> None:
        """Hold this connection to no limit any more."""
        limits = self.site.limits
        limits.connections.closed(self, self.peer)
        limits.unread.has_read(self, self.peer)
        self._time.end()

    def _note_part(self) -> None:
        """Note which part of a request is being received, if any."""
        if self._between or self._handlingRequest or self.transport.disconnecting:
            self._time.receives(None)
        else:
            self._time.receives(Limit.HEAD_TIME if self.line_mode else Limit.BODY_TIME)

    def _too_slow(self, part: Limit) -> None:
        """Refuse a request that takes too long to arrive. One that was refused before is closed soon anyway."""
        if self.requests and self.requests[-1].is_refused:
            return
        self.site.refused(part, self.peer)
        self.transport.write(answer_early(self.site, self.peer, too_slow(part), self))
        self.hang_up()

    def _respondToBadRequestAndDisconnect(self) -> None:
        """Respond to a request that is malformed, with words, which Twisted lacks. One that was refused got others."""
        if not (self.requests and self.requests[-1].is_refused):
            self.transport.write(answer_early(self.site, self.peer, MALFORMED, self))
        self.loseConnection()

    def _answered(self, data: bytes) -> bool:
        """Answer the bytes if they are a request with a ready answer; return whether they were."""
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
        simple_one = site.heads.judge(head)
        if simple_one is None or (simple_one is not self._admitted and not self._admits(simple_one)):
            return False
        found = site.ready_answers.find(target, simple_one.asked)
        if found is None or self._waitingForTransport or self.transport.disconnecting or site.ending:
            return False
        size = 0 if no_body else len(found.body)
        bucket = self._bucket
        self.takes_turn = is_large(size)
        if self.takes_turn or (bucket is not None and not bucket.take(self._now())):
            return False
        self.resetTimeout()
        self.served += 1
        self.latest = (target[:_ADDRESS], simple_one.log)
        if site.self_checks.waiting:
            site.self_checks.followed(self, *self.latest)
        more = _STRICT if self._secure and needs_tls(simple_one.host) else b""
        self._send(found.wire(site.date(), head=no_body, more=more))
        count = found.count
        count.number += 1
        count.size += size
        site.answered(self.peer, line, found.status, size, simple_one)
        return True

    def _admits(self, head: SimpleHead) -> bool:
        """Return whether the site admits a head. Clients repeat their heads, and a known head is the same object."""
        admitted: bool = self.site.admits(head, self._local)
        self._admitted = head if admitted else None
        self._bucket = self.site.bucket_of(head, self.peer) if admitted else None
        return admitted

    def _send(self, data: bytes) -> None:
        """Write, directly to the socket if no earlier bytes wait: this saves a turn of the reactor."""
        transport = self.transport
        if self._plain and not transport.dataBuffer and not transport._tempDataBuffer:
            sent = transport.writeSomeData(data)
            if sent == len(data):
                return
            data = data[sent if isinstance(sent, int) else 0 :]  # the reactor meets the same error, and handles it
        transport.write(data)
