"""The HTTP server: a site of twisted.web with bounds that Twisted lacks.

Twisted parses a form before the application asks for it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.web.http import datetimeToString
from twisted.web.resource import IResource
from twisted.web.server import Request, Site

from reqpi.core.limits.limit import Limit
from reqpi.core.limits.rates import Bucket
from reqpi.runtime.counts import ServerCounts
from reqpi.web.http.access import Access, is_private, may_read
from reqpi.web.http.accesslog import AccessLog
from reqpi.web.http.audit import AuditLog
from reqpi.web.http.authority import ANY_NAME, OwnNames
from reqpi.web.http.body_turns import BodyTurns
from reqpi.web.http.bounded_request import BoundedRequest
from reqpi.web.http.connections import CutConnection, RefusedConnection
from reqpi.web.http.early_answers import answer_early
from reqpi.web.http.fast_path import FastPathChannel
from reqpi.web.http.ready_answers import ReadyAnswers
from reqpi.web.http.repeats import Repeats
from reqpi.web.http.route_names import route_of
from reqpi.web.http.self_check import SelfChecks
from reqpi.web.http.sent import SentResponse
from reqpi.web.http.simple_requests import SimpleHead, SimpleRequest, SimpleRequests
from reqpi.web.http.site_limits import SiteLimits
from reqpi.web.http.turns import Turns

__all__ = ["BoundedSite"]

_CLIENT_GONE = 499
"""The status, in numbers for the operator, of a request whose client left before the response began, as in nginx."""


class BoundedSite(Site):
    """A site that knows the requests in flight, so that it can stop once they are answered.

    :param largest_body: bytes of a request's body, at most.
    :param ready_answers: the answers of the fast path.
    :param access: the access log; ``None``: there is none.
    :param clients: the clients of the server; ``None``: it requires no login.
    :param limits: ``None``: there are none.
    :param counts: counts what happens; ``None``: it counts for itself.
    :param trust_proxy: believe what the operator's own proxy sends about a request.
    :ivar private: reading needs a login.
    :ivar names: the names that the server answers to. They depend on where it listens.
    :ivar audit: notes the requests that change something; ``None``: nothing does.
    :ivar observer: receives each response that was sent, also a part of one; ``None``: there is no observer.
    """

    noisy = False  # Twisted would log that it starts, with its address in memory
    requestFactory = BoundedRequest
    protocol = FastPathChannel  # type: ignore[assignment]  # HTTP/2 is not offered, so no protocol has to be chosen

    def __init__(
        self,
        root: IResource,
        clock: IReactorTime,
        largest_body: int,
        ready_answers: ReadyAnswers | None = None,
        access: AccessLog | None = None,
        *,
        clients: Access | None = None,
        limits: SiteLimits | None = None,
        counts: ServerCounts | None = None,
        trust_proxy: bool = False,
    ) -> None:
        super().__init__(root, parsePOSTFormSubmission=False, reactor=clock)
        self.clock = clock
        self.largest_body = largest_body
        self.ready_answers = ready_answers or ReadyAnswers(0)
        self.requests = SimpleRequests()
        self.names: OwnNames = ANY_NAME
        self.observer: Callable[[SentResponse], None] | None = None
        self.audit: AuditLog | None = None
        self.clients = clients
        self.limits = limits or SiteLimits(clock.seconds)
        self.counts = counts or ServerCounts()
        self.trust_proxy = trust_proxy
        self.private = self.ready_answers.private = is_private(clients)
        self.ending = False
        self.troubles = Repeats(clock.seconds)
        self.turns = Turns(clock)
        self.body_turns = BodyTurns(clock)
        self.access = access
        self._second = -1.0
        self._date = b""
        self._in_flight: set[Request] = set()
        self.self_checks = SelfChecks(clock)
        self._idle: list[Deferred[None]] = []

    def admits(self, head: SimpleHead, local: Any) -> bool:
        """Return whether a request with this head is for this server, and of a client that may use it.

        :param local: the Twisted address at which it came in.
        """
        return self.names.accept(head.host, local) and (
            self.clients is None or may_read(self.clients, head.authorization)
        )

    def clients_changed(self) -> None:
        """Ask again for each head whether its client may read: a connection remembers the head that it admitted."""
        self.requests = SimpleRequests()

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """Return the protocol of a new connection; if there is no room for it, one that says so, or closes at once."""
        peer = str(getattr(addr, "host", "-"))
        connections = self.limits.connections
        reached = connections.reached(peer)
        if reached is None:
            return super().buildProtocol(addr)
        self.refused(reached, peer)
        if not connections.may_answer_refused:
            return CutConnection()
        answer = partial(answer_early, self, peer)
        return RefusedConnection(connections, self.clock, reached, answer)

    def refused(self, limit: Limit, client: str) -> None:
        """Report that a client has reached a limit."""
        self.limits.report(limit, client, self.counts)

    def client_of(self, authorization: str, peer: str, forwarded: str) -> str:
        """Return the text that identifies a client, for limits."""
        client = self.clients.client_of(authorization) if self.clients is not None and authorization else None
        return self.limits.rates.client("" if client is None else client.account, peer, forwarded)

    def bucket_of(self, head: SimpleHead, peer: str) -> Bucket | None:
        """Return the bucket for the requests of the client that sends this head."""
        client = self.client_of(head.authorization, peer, head.forwarded)
        return self.limits.rates.bucket(Limit.REQUESTS, client)

    def acceptableProtocols(self) -> list[bytes]:
        """Return HTTP/1.1 only: Twisted's HTTP/2 is slower than its HTTP/1.1 over TLS."""
        return [b"http/1.1"]

    def startFactory(self) -> None:
        """Do nothing. Twisted would set up a log of its own, and a timer for its timestamps."""

    def stopFactory(self) -> None:
        """Do nothing. Twisted would close the log that :meth:`startFactory` does not open."""

    def date(self, now: float) -> bytes:
        """Return the present time in the format of HTTP (:rfc:`9110`, section 5.6.7).

        :param now: in seconds since the epoch.
        """
        if not 0.0 <= now - self._second < 1.0:
            second = int(now)
            self._second, self._date = float(second), datetimeToString(second)
        return self._date

    def log(self, request: Any) -> None:
        """Log a response of twisted.web."""
        self._count(request, request.code)
        if self.access is not None:
            self.access.note_request(request)
        if self.audit is not None:
            self.audit.note_request(request, whole=True)
        if self.observer is not None:
            self.observer(SentResponse.of(request, whole=True))

    def first_answered(self, data: bytes, request: SimpleRequest, status: int, size: int) -> None:
        """Remember a request of the fast path whose response is another one than before, if there was any.

        :param data: all of the request.
        :param size: the bytes of the body that were sent.
        """
        request.status, request.size = status, size
        if self.access is not None:
            said = f"{status} {size or '-'} {request.head.log}"
            request.logged = self.access.text_of(request.line.decode("ascii"), said)
        self.requests.remember(data, request)

    def answered(self, peer: str, request: SimpleRequest, now: float) -> None:
        """Log a response of the fast path, after :meth:`first_answered`."""
        if self.access is not None:
            self.access.note_ready(peer, request.head.forwarded, request.logged, now)
        if self.observer is not None:
            self.observer(SentResponse.logged(request.line, request.status, request.head.log))

    def began(self, request: BoundedRequest) -> None:
        """Count a request as being in flight until its response is complete or its client is gone."""
        request.began_at = self.clock.seconds()
        self._in_flight.add(request)
        request.notifyFinish().addErrback(lambda _: self._gone(request)).addBoth(lambda _: self._ended(request))

    def drained(self) -> Deferred[None]:
        """Return a deferred that fires once no request is in flight. From now on a response closes its connection."""
        self.ending = True
        done: Deferred[None] = Deferred()
        if self._in_flight:
            self._idle.append(done)
        else:
            done.callback(None)
        return done

    def stop_observing(self) -> None:
        """Tell the observer about the responses in flight, and nothing from then on."""
        for request in self._in_flight:
            self._cut_short(request)
        self.observer = None

    @property
    def in_flight(self) -> int:
        """The number of requests that are being answered."""
        return len(self._in_flight)

    def _count(self, request: Any, status: int) -> None:
        self.counts.request(route_of(request.path), status, request.sentLength, self.clock.seconds() - request.began_at)

    def _gone(self, request: Any) -> None:
        """Take note that the client of a request is gone before all of the response was sent."""
        self.counts.cut += 1
        self._count(request, request.code if request.startedWriting else _CLIENT_GONE)
        if self.audit is not None:
            self.audit.note_request(request, whole=False)
        self._cut_short(request)

    def _cut_short(self, request: Request) -> None:
        if self.observer is not None and request.startedWriting:
            self.observer(SentResponse.of(request, whole=False))

    def _ended(self, request: Request) -> None:
        self._in_flight.discard(request)
        if not self._in_flight:
            idle, self._idle = self._idle, []
            for done in idle:
                done.callback(None)
