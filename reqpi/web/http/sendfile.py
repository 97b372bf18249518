"""From the page cache to the socket: the kernel copies a file, and Python says when.

It takes plain TCP or a Unix socket: TLS has to see the bytes.
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
"""Seconds for which a client may take nothing of a file. Twisted has no time-out of its own while it answers."""

_TURN = 1 << 20
"""Bytes that one client is given before the others have their turn."""


def takes_from_kernel(request: Request) -> bool:
    """Whether the way to the client is a bare socket."""
    transport: Any = request.transport
    return hasattr(os, "sendfile") and isinstance(transport, Connection) and not transport.TLS


async def sent_by_kernel(request: Request, file: BinaryIO, start: int, stop: int) -> None:
    """Send the bytes of ``file`` from ``start`` up to ``stop``. The head of the answer was written before.

    :raises twisted.internet.error.ConnectionAborted: the client is gone, or has taken nothing for a minute.
    :raises reqpi.core.errors.StoreTrouble: the file ends before that.
    """
    with suppress(OSError, AttributeError):  # it is no more than a hint, and macOS has none
        os.posix_fadvise(file.fileno(), start, stop - start, os.POSIX_FADV_SEQUENTIAL)
    sending = _Sending(request, file, start, stop)
    sending.begin()
    await sending.done


@implementer(IPullProducer)
class _Sending:
    """What the transport asks for more each time that it has nothing left to send.

    The channel is its producer at all other times; it is put back at the end.

    :ivar done: fires when all is sent.
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
        """Take the channel's place."""
        clock = cast(Any, self._request.site).clock
        self._stalled = clock.callLater(STALL, self._fail, ConnectionAborted())
        self._transport.unregisterProducer()
        self._transport.registerProducer(self, False)
        self._going = True
        self._transport.startWriting()

    def resumeProducing(self) -> None:
        """The transport has nothing left."""
        if not self._going:
            return  # it asks as soon as it is told whom to ask, and the head may still be on its way
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
            self._fail(StoreTrouble("a file in the store became shorter", f"It ends at {self._at} bytes."))
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
        """The client is gone."""
        self._fail(ConnectionAborted())

    def _fail(self, error: Exception) -> None:
        if self._going:
            self._end()
            self.done.errback(error)

    def _end(self) -> None:
        """Give the channel its place back."""
        if not self._going:
            return
        self._going = False
        if self._stalled.active():
            self._stalled.cancel()
        if self._transport.producer is self:
            self._transport.unregisterProducer()
            self._transport.registerProducer(self._channel, True)
