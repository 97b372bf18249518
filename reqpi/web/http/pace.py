"""Bodies of responses at the pace of their clients: a piece is written when the client has read those before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.error import ConnectionAborted
from twisted.internet.interfaces import IPushProducer, IReactorTime
from twisted.web.server import Request
from zope.interface import implementer

from reqpi.core.errors import StoreTrouble
from reqpi.web.http.sendfile import STALL

__all__ = ["SLICE", "Stalled", "is_large", "pump"]

_LARGEST_WRITE = 1 << 20
"""Bytes of a response that are written at once, at most: this takes 0.3 ms, and each further MiB as much."""

SLICE = 1 << 16
"""Bytes of a larger one that are written at a time."""


class Stalled(ConnectionAborted):
    """A client has read nothing for a minute."""


def is_large(size: int) -> bool:
    """Return whether a response has to be written in slices, so that other clients do not wait for it."""
    return size > _LARGEST_WRITE


@implementer(IPushProducer)
class _Pace:
    """The client's pace: :meth:`turn` waits while enough bytes are buffered."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._gone = False
        self._held: Deferred[None] | None = None

    async def turn(self) -> None:
        """Wait until the client can take more.

        :raises Stalled: it has read nothing for a minute.
        :raises twisted.internet.error.ConnectionAborted: it is gone.
        """
        if self._held is not None:
            try:
                await self._held.addTimeout(STALL, self._clock)
            except TimeoutError:
                raise Stalled from None
        if self._gone:
            raise ConnectionAborted

    def pauseProducing(self) -> None:
        if self._held is None:
            self._held = Deferred()

    def resumeProducing(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.callback(None)

    def stopProducing(self) -> None:
        self._gone = True
        self.resumeProducing()


async def pump(request: Request, chunks: AsyncIterator[bytes], size: int) -> None:
    """Write pieces of a response as fast as the client reads them.

    :param size: bytes of all pieces together.
    :raises Stalled: the client has read nothing for a minute.
    :raises twisted.internet.error.ConnectionAborted: it is gone.
    :raises reqpi.core.errors.StoreTrouble: there are fewer bytes, or more.
    """
    site: Any = request.site
    pace = _Pace(site.clock)
    left = size
    try:
        async for piece in chunks:
            if request.producer is None:
                request.registerProducer(pace, True)
            request.write(piece)
            left -= len(piece)
            del piece  # the transport has it, so that one piece, not two, is in memory for a slow client
            await pace.turn()
    finally:
        if request.producer is not None and request.channel is not None:
            request.unregisterProducer()
    if left:
        raise StoreTrouble("a file in the store has the wrong length", f"It has {size - left} bytes, not {size}.")
