"""The HTTP server: a site of twisted.web with bounds that Twisted lacks.

Twisted does not limit the body of a request, and parses a form before the application asks for it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from io import BytesIO
from typing import IO, Any, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IDelayedCall, IReactorTime
from twisted.web.http import datetimeToString
from twisted.web.resource import IResource
from twisted.web.server import Request, Site

from reqpi.core.access.clients import AccessScope
from reqpi.core.errors import StoreTrouble
from reqpi.core.limits.limit import Limit
from reqpi.core.limits.rates import Bucket
from reqpi.runtime.counts import ServerCounts
from reqpi.runtime.on_behalf import on_behalf_of
from reqpi.web.http.access import Access, is_private, may_read, problem_of_scope
from reqpi.web.http.accesslog import AccessLog
from reqpi.web.http.audit import AuditLog
from reqpi.web.http.authority import ANY_NAME, OwnNames, let_target_name, split_target
from reqpi.web.http.connections import CutConnection, RefusedConnection
from reqpi.web.http.early_answers import answer_early
from reqpi.web.http.fast_path import FastPathChannel, SimpleHead, SimpleHeads
from reqpi.web.http.headers import header
from reqpi.web.http.problems import DOCUMENT_TOO_LARGE, Problem, problem_of
from reqpi.web.http.rate_limits import too_many
from reqpi.web.http.ready_answers import ReadyAnswers
from reqpi.web.http.refusal import LINGER
from reqpi.web.http.repeats import Repeats
from reqpi.web.http.representation import for_one_client
from reqpi.web.http.route_names import route_of
from reqpi.web.http.self_check import SelfChecks, index_of
from reqpi.web.http.sendfile import STALL
from reqpi.web.http.sent import SentResponse
from reqpi.web.http.site_limits import SiteLimits
from reqpi.web.http.turns import Turns, WaitingForReader
from reqpi.web.http.uploads import Uploads, too_many_bytes

__all__ = ["BoundedRequest", "BoundedSite"]

_SMALL = 1 << 16
"""Bytes of a body that no route reads, at most."""

_CLIENT_GONE = 499
"""The status, in numbers for the operator, of a request whose client left before the response began, as in nginx."""


class BoundedRequest(Request):
    """A request whose body is refused as soon as it is known to be too large: by its length, or by counting bytes."""

    began_at = 0.0
    """When it was received as a whole, in seconds on the clock of the site."""

    _body: IO[bytes]
    _taken = 0
    is_refused = False
    """The response is a refusal, and nothing else of the request counts."""

    def gotLength(self, length: int | None) -> None:
        """Check the rate of the client and the length of the body, once the head is complete.

        :param length: ``None``: it has no known length.
        """
        if self.is_refused:
            return
        site, channel = self._site, cast(Any, self.channel)
        self.content = self._body = BytesIO() if length == 0 else site.limits.uploads.file()
        self._client = site.client_of(header(self, "Authorization"), channel.peer, header(self, "X-Forwarded-For"))
        reached = site.limits.rates.reached(channel._command, channel._path, self._client)
        if reached is not None:
            site.refused(reached[0], self._client)
            self._refuse(too_many(*reached))
        elif length is not None and length > self._limit:
            self._refuse(self._too_large)

    def setHeader(self, name: Any, value: Any) -> None:
        """Set a header of the response. What needs a login is for no shared cache (:rfc:`9111`, section 5.2.2.7)."""
        if self._site.private and name == "Cache-Control":
            value = for_one_client(value)
        super().setHeader(name, value)

    def handleContentChunk(self, data: bytes) -> None:
        """Add a piece of the body, and check its length."""
        if self.is_refused:
            return
        if self._taken + len(data) > self._limit:
            self._refuse(self._too_large)
            return
        limits = self._site.limits
        reached = limits.uploads.take(self._client, len(data))
        if reached is not None:
            self._site.refused(reached, self._client)
            self._refuse(too_many_bytes(reached))
            return
        if not self._taken:
            self.notifyFinish().addBoth(lambda _: self._release(limits.uploads))
        self._taken += len(data)
        try:
            self._body.write(data)
        except OSError as error:
            trouble = StoreTrouble("a large body could not be written to disk", f"{error.strerror or error}.")
            self._refuse(problem_of(trouble))

    def _release(self, uploads: Uploads) -> None:
        """Count the body no longer."""
        uploads.release(self._client, self._taken)
        uploads.unload(self)
        self._body.close()

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """Process the request, once its body is complete."""
        absolute = split_target(path)
        if absolute is not None:
            authority, path = absolute
            let_target_name(self, authority, version)
        if not self.is_refused:
            super().requestReceived(command, path, version)

    def process(self) -> None:
        """Answer the request, and count it as being in flight meanwhile.

        Twisted goes on to the next request of a pipeline once a response is written, and its responses fill the memory.
        Here each request waits until the client has read the response before it, and for a turn of the reactor.
        """
        self._site.began(self)
        channel: Any = self.channel
        channel.served += 1
        channel.latest = (index_of(self.path), header(self, "User-Agent"))
        if not self.path.rstrip(b"/").endswith(b"/simple/pip"):
            self._site.self_checks.followed(channel, *channel.latest)
        if self._site.ending:
            channel.persistent = False
            self.responseHeaders.setRawHeaders(b"Connection", [b"close"])
        if not channel.in_pipeline:
            return self._begin()
        turns = self._site.turns  # looked up now: a request whose client is gone has no site
        self.notifyFinish().addErrback(lambda _: turns.leave(self))
        return turns.wait(self, self._begin)

    def _begin(self) -> None:
        """Answer once the client has read the responses before."""
        channel: Any = self.channel
        if not channel._waitingForTransport:
            return self._load()
        stalled = self._site.clock.callLater(STALL, channel.cut, Limit.UNREAD)
        self.notifyFinish().addErrback(lambda _: stalled.cancel() if stalled.active() else None)
        return cast(None, self.registerProducer(WaitingForReader(partial(self._answer, stalled)), True))

    def render(self, resrc: IResource) -> None:
        """Answer the request on behalf of its client, which takes turns with others."""
        with on_behalf_of(self._client):
            super().render(resrc)

    def _answer(self, stalled: IDelayedCall) -> None:
        if stalled.active():
            stalled.cancel()
        self.unregisterProducer()
        self._load()

    def _load(self) -> None:
        """Answer once the body may be in memory."""
        self._site.limits.uploads.load(self, self._client, self._taken, super().process)

    def getRequestHostname(self) -> bytes:
        """Return a valid host name. No route depends on it, and klein fails if it is not valid."""
        return b"localhost"

    @property
    def _site(self) -> BoundedSite:
        """The site; Twisted sets :attr:`site` only once a request is complete."""
        channel: Any = self.channel
        return cast(BoundedSite, channel.site)

    @property
    def _limit(self) -> int:
        """Bytes of the body, at most. There is only one route that reads a body."""
        channel: Any = self.channel
        takes_documents = channel._command == b"POST" and channel._path.partition(b"?")[0].rstrip(b"/").endswith(
            b"/locks"
        )
        return self._site.largest_body if takes_documents and self._not_for_client is None else _SMALL

    @property
    def _not_for_client(self) -> Problem | None:
        """The problem of a client that may not commit, and whose lock is not worth receiving."""
        clients = self._site.clients
        if clients is None:
            return None
        return problem_of_scope(clients, clients.client_of(header(self, "Authorization")), AccessScope.COMMIT)

    @property
    def _too_large(self) -> Problem:
        detail = f"At most {self._limit} bytes; the operator can allow more."
        return self._not_for_client or Problem(DOCUMENT_TOO_LARGE, "the document is too large", detail)

    def _refuse(self, problem: Problem) -> None:
        """Respond with a problem in the middle of the request, and close the connection."""
        self.requestHeaders.removeHeader(b"Expect")
        self._body.close()
        channel: Any = self.channel
        transport = channel.transport
        transport.write(answer_early(self._site, channel.peer, problem, channel))
        cut = self._site.clock.callLater(LINGER, transport.abortConnection)
        self.notifyFinish().addErrback(lambda _: cut.cancel() if cut.active() else None)


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
        self.ready_answers = ready_answers or ReadyAnswers(0, clock.seconds)
        self.heads = SimpleHeads()
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
        self.access = access
        self._second = -1
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
        self.heads = SimpleHeads()

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
        return self.limits.rates.client("" if client is None else client.name, peer, forwarded)

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

    def date(self) -> bytes:
        """Return the present time in the format of HTTP (:rfc:`9110`, section 5.6.7)."""
        second = int(self.clock.seconds())
        if second != self._second:
            self._second, self._date = second, datetimeToString(second)
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

    def answered(self, peer: str, line: bytes, status: int, length: int, head: SimpleHead) -> None:
        """Log a response of the fast path.

        :param line: the request line, in which nothing has to be escaped.
        """
        if self.access is not None:
            self.access.note_ready(peer, head.forwarded, line.decode("ascii"), f"{status} {length or '-'} {head.log}")
        if self.observer is not None:
            self.observer(SentResponse.logged(line, status, head.log))

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
