"""Files that the kernel copies from its page cache to the socket; Python decides when.

This works on plain TCP and on Unix sockets. TLS has to see the bytes.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any, BinaryIO, cast

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionAborted
from twisted.internet.interfaces import IPullProducer
from twisted.internet.tcp import Connection
from twisted.web.server import Request
from zope.interface import implementer

from reqpi.core.errors import StoreTrouble

__all__ = ["STALL", "sent_by_kernel", "takes_from_kernel"]

STALL = 60.0
"""Seconds for which a client may read nothing of a file. Twisted has no timeout of its own while it responds."""

_TURN = 1 << 20
"""Bytes that are sent to one client before the others get their turn."""


def takes_from_kernel(request: Request) -> bool:
    """Return whether the connection to the client is a bare socket."""
    transport: Any = request.transport
    return hasattr(os, "sendfile") and isinstance(transport, Connection) and not transport.TLS


async def sent_by_kernel(request: Request, file: BinaryIO, start: int, stop: int) -> None:
    """Send the bytes of ``file`` from ``start`` up to ``stop``. The head of the response has been written before.

    :raises twisted.internet.error.ConnectionAborted: the client is gone, or has read nothing for a minute.
    :raises reqpi.core.errors.StoreTrouble: the file is shorter than ``stop``.
    """
    if request.channel is None:
        raise ConnectionAborted
    with suppress(OSError, AttributeError):  # it is only a hint, and macOS does not have it
        os.posix_fadvise(file.fileno(), start, stop - start, os.POSIX_FADV_SEQUENTIAL)
    sending = _Sending(request, file, start, stop)
    sending.begin()
    await sending.done


@implementer(IPullProducer)
class _Sending:
    """A producer that the transport calls each time it has nothing left to send.

    At all other times the channel is the producer; it is registered again at the end.

    :ivar done: fires when everything has been sent.
    """

    def __init__(self, request: Request, file: BinaryIO, start: int, stop: int) -> None:
        self.done: Deferred[None] = Deferred(lambda _: self._end())
        self._request: Any = request
        self._channel: Any = request.channel
        self._transport: Any = self._channel.transport
        self._file = file
        self._at = start
        self._stop = stop
        self._going = False
        self._stalled: Any = None

    def begin(self) -> None:
        """Replace the channel as the producer."""
        clock = cast(Any, self._request.site).clock
        self._stalled = clock.callLater(STALL, self._fail, ConnectionAborted())
        self._transport.unregisterProducer()
        self._transport.registerProducer(self, False)
        self._going = True
        if self._transport.dataBuffer or self._transport._tempDataBuffer:
            self._transport.startWriting()
        else:  # this saves a turn of the reactor
            self.resumeProducing()

    def resumeProducing(self) -> None:
        """Send more, because the transport has nothing left."""
        if not self._going:
            return  # the transport calls this on registration, when the head may still be in its buffer
        try:
            sent = os.sendfile(
                self._transport.fileno(), self._file.fileno(), self._at, min(_TURN, self._stop - self._at)
            )
        except BlockingIOError:
            self._transport.startWriting()
            return
        except OSError:
            self._fail(ConnectionAborted())
            return
        if not sent:
            self._fail(
                StoreTrouble("a file in the store became shorter while it was sent", f"It ends after {self._at} bytes.")
            )
            return
        self._at += sent
        self._request.sentLength += sent
        self._stalled.reset(STALL)
        if self._at < self._stop:
            self._transport.startWriting()
        else:
            self._end()
            self.done.callback(None)

    def stopProducing(self) -> None:
        """Fail, because the client is gone."""
        self._fail(ConnectionAborted())

    def _fail(self, error: Exception) -> None:
        if self._going:
            self._end()
            self.done.errback(error)

    def _end(self) -> None:
        """Register the channel as the producer again."""
        if not self._going:
            return
        self._going = False
        if self._stalled.active():
            self._stalled.cancel()
        if self._transport.producer is self:
            self._transport.unregisterProducer()
            self._transport.registerProducer(self._channel, True)
