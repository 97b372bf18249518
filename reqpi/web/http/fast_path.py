"""The fast path: a request that has a ready answer is answered here, and any other is passed to twisted.web unread.

Only unambiguous requests are answered here: one complete request in one piece, between two others, with GET or HEAD,
and a head in which every line is plain and no field is repeated. Anything unusual is left to twisted.web, and so is
every request with a field that frames, closes, upgrades, or makes conditional in another way than ``If-None-Match``.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import ISSLTransport
from twisted.internet.protocol import connectionDone
from twisted.internet.tcp import Connection
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel

from reqpi.core.limits.limit import Limit
from reqpi.core.limits.rates import Bucket
from reqpi.web.http.authority import needs_tls
from reqpi.web.http.early_answers import MALFORMED, answer_early
from reqpi.web.http.pace import is_large
from reqpi.web.http.representation import STRICT_TRANSPORT
from reqpi.web.http.request_time import RequestTime, too_slow
from reqpi.web.http.simple_requests import SimpleHead
from reqpi.web.http.unread import unsent

__all__ = ["FastPathChannel"]

_MOST_HEADS = 4
"""Admitted heads that a connection remembers. One that connects clients has many."""

_AT_ONCE = 1 << 17
"""Bytes that are written to a socket by one call, at most, as in Twisted."""

_STRICT = "\r\n{}: {}".format(*STRICT_TRANSPORT).encode("ascii")


class FastPathChannel(HTTPChannel):
    """A connection. Its factory is a :class:`~reqpi.web.http.site.BoundedSite`."""

    site: Any
    transport: Any

    _between = False
    """No request is being answered, and no byte of the next one has arrived."""

    takes_turn = False
    """A request that is parsed now had arrived before the last response was complete, or has a large response."""

    _parses_again = False

    _heard_at = 0.0
    """When the time for silence began, in seconds since the epoch, to the second."""

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
        self._admitted: dict[SimpleHead, Bucket | None] = {}
        """The heads that the site admitted on this connection, each with the requests of the client that sent it."""

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
        site = self.site
        request = site.requests.read(data)
        if request is None:
            return False
        head = request.head
        if head not in self._admitted and not self._admits(head):
            return False
        now = self._now()
        found = site.ready_answers.find(request.target, head.asked, now)
        if found is None or self._waitingForTransport or self.transport.disconnecting or site.ending:
            return False
        size = 0 if request.no_body else len(found.body)
        bucket = self._admitted[head]
        self.takes_turn = is_large(size)
        if self.takes_turn or (bucket is not None and not bucket.take(now)):
            return False
        if not 0.0 <= now - self._heard_at < 1.0:
            self._heard_at = now
            self.resetTimeout()
        self.served += 1
        self.latest = request.latest
        if site.self_checks.waiting:
            site.self_checks.followed(self, *self.latest)
        more = _STRICT if self._secure and needs_tls(head.host) else b""
        self._send(found.wire(site.date(now), head=request.no_body, more=more))
        count = found.count
        count.number += 1
        count.size += size
        if request.size != size or request.status != found.status:
            site.first_answered(data, request, found.status, size)
        site.answered(self.peer, request, now)
        return True

    def _admits(self, head: SimpleHead) -> bool:
        """Return whether the site admits a head. uv sends one for pages and another one for metadata, in turn."""
        admitted: bool = self.site.admits(head, self._local)
        if admitted:
            if len(self._admitted) >= _MOST_HEADS:
                self._admitted.clear()
            self._admitted[head] = self.site.bucket_of(head, self.peer)
        return admitted

    def _send(self, data: bytes) -> None:
        """Write, directly to the socket if no earlier bytes wait: this saves a turn of the reactor."""
        transport = self.transport
        if self._plain and len(data) <= _AT_ONCE and not transport.dataBuffer and not transport._tempDataBuffer:
            try:
                sent = transport.socket.send(data)
            except OSError:
                sent = 0  # the reactor waits until it can write, or meets the same error and handles it
            if sent == len(data):
                return
            data = data[sent:]
        transport.write(data)
