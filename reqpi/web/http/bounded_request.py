"""A request to a site: its rate, its login and its body are checked while it arrives.

Twisted does not limit the body of a request.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import partial
from io import BytesIO
from typing import IO, Any, cast

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionAborted
from twisted.internet.interfaces import IDelayedCall
from twisted.web.resource import IResource
from twisted.web.server import Request

from reqpi.core.access.clients import AccessScope
from reqpi.core.errors import StoreTrouble
from reqpi.core.limits.limit import Limit
from reqpi.runtime.on_behalf import on_behalf_of
from reqpi.web.http.access import problem_of_scope
from reqpi.web.http.authority import let_target_name, split_target
from reqpi.web.http.body_turns import BodyTurns
from reqpi.web.http.early_answers import answer_early
from reqpi.web.http.headers import header
from reqpi.web.http.login_cookie import authorization_of
from reqpi.web.http.pace import SLICE, Stalled, is_large, pump
from reqpi.web.http.problems import DOCUMENT_TOO_LARGE, Problem, problem_of
from reqpi.web.http.rate_limits import too_many
from reqpi.web.http.refusal import LINGER
from reqpi.web.http.representation import for_one_client
from reqpi.web.http.self_check import index_of
from reqpi.web.http.sendfile import STALL
from reqpi.web.http.turns import Turns, WaitingForReader
from reqpi.web.http.uploads import Uploads, too_many_bytes

__all__ = ["BoundedRequest"]

_SMALL = 1 << 16
"""Bytes of a body that no route reads, at most."""


class BoundedRequest(Request):
    """A request whose body is refused as soon as it is known to be too large: by its length, or by counting bytes."""

    began_at = 0.0
    """When it was received as a whole, in seconds on the clock of the site."""

    _body: IO[bytes]
    _taken = 0
    _most = _SMALL
    """Bytes of the body, at most: decided once, because to check a signed login takes longer than to add a piece."""

    unwritten = 0
    """Bytes of a large response that were not written yet."""

    _writing: Deferred[bool] | None = None
    """A large response that is being written; its result is whether the client took all of it."""

    _takes_turns = False
    """Its connection is one of those that take turns with their bodies."""

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
        self._client = site.client_of(
            authorization_of(self, channel._command), channel.peer, header(self, "X-Forwarded-For")
        )
        reached = site.limits.rates.reached(channel._command, channel._path, self._client)
        if reached is not None:
            site.refused(reached[0], self._client)
            self._refuse(too_many(*reached))
        elif length != 0:
            self._most = self._limit
            if length is not None and length > self._most:
                self._refuse(self._too_large)

    def setHeader(self, name: Any, value: Any) -> None:
        """Set a header of the response. What needs a login is for no shared cache (:rfc:`9111`, section 5.2.2.7)."""
        if self._site.private and name == "Cache-Control":
            value = for_one_client(value)
        super().setHeader(name, value)

    def handleContentChunk(self, data: bytes) -> None:
        """Add a piece of the body, and check its length."""
        if self._taken or self.is_refused:
            self._take_turn()
        if self.is_refused:
            return
        if self._taken + len(data) > self._most:
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

    def _take_turn(self) -> None:
        """Receive no more of the body before it is its connection's turn, if many send bodies."""
        turns: BodyTurns = self._site.body_turns  # looked up now: a request whose client is gone has no site
        client, transport = self._client, cast(Any, self.channel).transport
        if not self._takes_turns:
            self._takes_turns = True
            self.notifyFinish().addErrback(lambda _: turns.leave(client, transport))
        turns.received(client, transport)

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
        Here each request waits until the client has read the response before it. It waits for a turn of the reactor,
        too, if it is not the first of its piece, or if enough others began in this turn.
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
        if channel._waitingForTransport:
            self._wait_for_reader()
        elif channel.takes_turn or not self._site.turns.may_begin():
            self._wait_for_turn()
        else:
            self._load()

    def _wait_for_reader(self) -> None:
        """Answer once the client has read the responses before, and it is the turn of this one."""
        stalled = self._site.clock.callLater(STALL, cast(Any, self.channel).cut, Limit.UNREAD)
        self.notifyFinish().addErrback(lambda _: stalled.cancel() if stalled.active() else None)
        self.registerProducer(WaitingForReader(partial(self._has_read, stalled)), True)

    def _has_read(self, stalled: IDelayedCall) -> None:
        if stalled.active():
            stalled.cancel()
        self.unregisterProducer()
        self._wait_for_turn()

    def _wait_for_turn(self) -> None:
        turns: Turns = self._site.turns  # looked up now: a request whose client is gone has no site
        self.notifyFinish().addErrback(lambda _: turns.leave(self._client, self))
        turns.wait(self._client, self, self._load)

    def render(self, resrc: IResource) -> None:
        """Answer the request on behalf of its client, which takes turns with others."""
        with on_behalf_of(self._client):
            super().render(resrc)

    def _load(self) -> None:
        """Answer once the body may be in memory."""
        self._site.limits.uploads.load(self, self._client, self._taken, super().process)

    def write(self, data: bytes) -> None:
        """Write a part of the response. A large one is the last, and is written as fast as the client reads it."""
        if is_large(len(data)) and self.producer is None and self.method != b"HEAD" and not self._disconnected:
            self._writing = Deferred.fromCoroutine(self._write_slowly(data))
        else:
            super().write(data)

    def finish(self) -> None:
        """End the response, once all of it was written."""
        end = super().finish
        if self._writing is None:
            end()
        else:
            self._writing.addCallback(lambda whole: end() if whole else None)

    async def _write_slowly(self, body: bytes) -> bool:
        channel: Any = self.channel
        try:
            await pump(self, self._slices(body), len(body))
        except Stalled:
            channel.cut(Limit.UNREAD)
        except ConnectionAborted:
            pass
        else:
            return True
        return False

    async def _slices(self, body: bytes) -> AsyncGenerator[bytes, None]:
        for start in range(0, len(body), SLICE):
            piece = body[start : start + SLICE]
            self.unwritten = len(body) - start - len(piece)
            yield piece

    def getRequestHostname(self) -> bytes:
        """Return a valid host name. No route depends on it, and klein fails if it is not valid."""
        return b"localhost"

    @property
    def _site(self) -> Any:
        """The site, a :class:`~reqpi.web.http.site.BoundedSite`; Twisted sets :attr:`site` only at the end."""
        channel: Any = self.channel
        return channel.site

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
        return problem_of_scope(
            clients, clients.client_of(authorization_of(self, cast(Any, self.channel)._command)), AccessScope.COMMIT
        )

    @property
    def _too_large(self) -> Problem:
        detail = f"At most {self._most} bytes; the operator can allow more."
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
