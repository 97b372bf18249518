"""The body of a response, pulled by who wants it instead of pushed by the network."""

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

from reqpi.errors import UpstreamTrouble

__all__ = ["Body"]

_AHEAD = 1 << 20
"""Bytes taken from the network before anybody asked for them."""

_STALL = 30.0
"""Seconds without a byte after which an upstream counts as gone."""


class Body(Protocol):
    """Iterate over it for the bytes as they come: at each step all that arrived since the last.

    Reading from the network stops while :data:`_AHEAD` bytes wait here: memory stays bounded however slow the taker.
    """

    def __init__(self, response: IResponse, clock: IReactorTime) -> None:
        self._clock = clock
        self._arrived: list[bytes] = []
        self._waiting = 0
        self._taker: Deferred[None] | None = None
        self._ended: Failure | None = None
        self._paused = False
        self._closed = False
        self._stall: IDelayedCall | None = None
        response.deliverBody(self)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if not self._arrived and self._ended is None and not self._closed:
            self._taker = Deferred()
            self._resume()
            self._stall = self._clock.callLater(_STALL, self._stalled)
            try:
                await self._taker
            finally:
                self._taker = None
                if self._stall is not None and self._stall.active():
                    self._stall.cancel()
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
        raise UpstreamTrouble("the upstream broke off", self._ended.getErrorMessage()) from self._ended.value

    def close(self) -> None:
        """No more is wanted: a body that has not ended is cut off."""
        if self._closed:
            return
        self._closed = True
        self._arrived.clear()
        if self._ended is None:
            self._network.loseConnection()
        self._wake()

    async def whole(self, limit: int) -> bytes:
        """The whole body.

        :raises reqpi.errors.UpstreamTrouble: it has more than ``limit`` bytes.
        """
        pieces, size = [], 0
        try:
            async for piece in self:
                size += len(piece)
                if size > limit:
                    raise UpstreamTrouble("the upstream sent too much", f"More than {limit} bytes.")
                pieces.append(piece)
        finally:
            self.close()
        return b"".join(pieces)

    # twisted.internet.interfaces.IProtocol

    def dataReceived(self, data: bytes) -> None:
        """Some of the body."""
        if self._closed:
            return
        self._arrived.append(data)
        self._waiting += len(data)
        if self._waiting >= _AHEAD and not self._paused:
            self._paused = True
            self._network.pauseProducing()
        self._wake()

    def connectionLost(self, reason: Failure = Failure(ResponseDone())) -> None:  # noqa: B008
        """The end of the body, well or badly.

        ``PotentialDataLoss`` is an end: HTTP/1.0 has no other. A file that ended early this way fails its digest.
        """
        self._ended = Failure(ResponseDone()) if reason.check(PotentialDataLoss) else reason
        self._wake()

    @property
    def _network(self) -> Any:
        """What the response gives us for a transport: a push producer that can also be cut off."""
        return self.transport

    def _resume(self) -> None:
        if self._paused and self._ended is None and not self._closed:
            self._paused = False
            self._network.resumeProducing()

    def _stalled(self) -> None:
        self._ended = Failure(UpstreamTrouble("the upstream stalled", f"No byte came for {_STALL:g} s."))
        self._network.loseConnection()
        self._wake()

    def _wake(self) -> None:
        if self._taker is not None and not self._taker.called:
            self._taker.callback(None)
