"""The body of a response, pulled by its reader instead of pushed by the network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.iweb import IResponse

from reqpi.core.errors import UpstreamTrouble
from reqpi.upstream.http.reasons import reasons_of

__all__ = ["Body"]

_AHEAD = 1 << 20
"""Bytes that are read from the network before the reader asks for them."""

_STALL = 30.0
"""Seconds without a byte after which the transfer fails."""

_SPARE = 1 << 14
_SPARE_SECONDS = 10.0
"""Bytes that may remain of an unwanted body, and seconds they may take, for its connection to be reused."""


class Body(Protocol):
    """An asynchronous iterator over a response body: each step yields all bytes that arrived since the last one.

    Reading from the network pauses while :data:`_AHEAD` bytes wait here, so memory stays bounded however slow the
    reader is. Every failure is an :class:`~reqpi.core.errors.UpstreamTrouble`, and every later step raises it again.

    :ivar unsure: whether the body ended without a length or a last chunk, so it may be incomplete.
    """

    def __init__(self, response: IResponse, clock: IReactorTime) -> None:
        self._clock = clock
        self._arrived: list[bytes] = []
        self._waiting = 0
        self._taker: Deferred[None] | None = None
        self.unsure = False
        self._ended: Failure | None = None
        self._paused = False
        self._closed = False
        self._spare = 0
        self._overdue: IDelayedCall | None = None
        response.deliverBody(self)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if not self._arrived and self._ended is None and not self._closed:
            await self._more()
        if self._closed:
            raise UpstreamTrouble("the transfer was closed")
        if self._arrived:
            data = b"".join(self._arrived)
            self._arrived.clear()
            self._waiting = 0
            self._resume()
            return data
        if self._ended is None or self._ended.check(ResponseDone):
            raise StopAsyncIteration
        if isinstance(self._ended.value, UpstreamTrouble):
            raise self._ended.value
        detail = f"{reasons_of(self._ended)}."
        raise UpstreamTrouble("the connection to the upstream failed", detail) from self._ended.value

    def close(self) -> None:
        """Stop reading. A body that has not ended is cut off."""
        if self._closed:
            return
        self._closed = True
        self._arrived.clear()
        self._cut()
        self._wake()

    def dismiss(self) -> None:
        """Discard the body. If little of it remains, read the rest, so that the connection can be reused."""
        if self._ended is None and not self._paused and not self._closed:
            self._closed = True
            self._arrived.clear()
            self._spare = _SPARE
            self._overdue = self._clock.callLater(_SPARE_SECONDS, self._cut)
        else:
            self.close()

    async def whole(self, limit: int, seconds: float) -> bytes:
        """Return the whole body.

        :raises reqpi.core.errors.UpstreamTrouble: it has more than ``limit`` bytes, or did not arrive within
            ``seconds``.
        """
        pieces, size = [], 0
        slow = UpstreamTrouble("the upstream is too slow", f"The response did not arrive within {seconds:g} s.")
        deadline = self._clock.callLater(seconds, self._fail, slow)
        try:
            async for piece in self:
                size += len(piece)
                if size > limit:
                    raise _too_much(limit)
                pieces.append(piece)
        finally:
            if deadline.active():
                deadline.cancel()
            self.close()
        return b"".join(pieces)

    # twisted.internet.interfaces.IProtocol

    def dataReceived(self, data: bytes) -> None:
        """Accept some bytes of the body."""
        if self._closed:
            self._spare -= len(data)
            if self._spare < 0:
                self._cut()
            return
        self._arrived.append(data)
        self._waiting += len(data)
        if self._waiting >= _AHEAD and not self._paused:
            self._paused = True
            self._network.pauseProducing()
        self._wake()

    def connectionLost(self, reason: Failure = Failure(ResponseDone())) -> None:  # noqa: B008
        """Note the end of the body, successful or not.

        ``PotentialDataLoss`` is accepted as an end, since HTTP/1.0 has no other, but it may have come too early. A file
        that ended like this fails its digest; a reader of anything else checks :attr:`unsure`.
        """
        if self._overdue is not None and self._overdue.active():
            self._overdue.cancel()
        if self._ended is None:
            self.unsure = bool(reason.check(PotentialDataLoss))
            self._ended = Failure(ResponseDone()) if self.unsure else reason
        self._wake()

    @property
    def _network(self) -> Any:
        """The transport that the response provides, which is a push producer."""
        return self.transport

    async def _more(self) -> None:
        """Wait until bytes arrive or the body ends."""
        self._taker = Deferred()
        stalled = UpstreamTrouble("the upstream stalled", f"No data arrived for {_STALL:g} s.")
        stall = self._clock.callLater(_STALL, self._fail, stalled)
        try:
            await self._taker
        finally:
            self._taker = None
            if stall.active():
                stall.cancel()

    def _resume(self) -> None:
        if self._paused and self._ended is None and not self._closed:
            self._paused = False
            self._network.resumeProducing()

    def _fail(self, trouble: UpstreamTrouble) -> None:
        """End the body for a reason of our own, such as a timeout."""
        if self._ended is None:
            self._cut()
            self._ended = Failure(trouble)
            self._wake()

    def _cut(self) -> None:
        """Close the connection, unless the body has ended.

        Over TLS ``loseConnection`` would wait for the other side to agree, which a hanging server never does.
        """
        if self._ended is None:
            self._network.stopProducing()

    def _wake(self) -> None:
        if self._taker is not None and not self._taker.called:
            self._taker.callback(None)


def _too_much(limit: int) -> UpstreamTrouble:
    return UpstreamTrouble("the upstream sent too much", f"The response has more than {limit} bytes.", final=True)
