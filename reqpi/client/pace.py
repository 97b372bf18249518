"""Reading of a long response, piece by piece, from a server that may hardly send anything.

The time without a byte is bounded by the connection. A server that sends one byte a minute stays within that bound, so
the rate is bounded too.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Iterator

from reqpi.client.errors import ServerTrouble

__all__ = ["HEAD_START", "PIECE", "SLOWEST", "pieces"]

PIECE = 1 << 18
"""Bytes of a piece, at most."""

SLOWEST = 1024
"""Bytes a second: half of what a modem of 1991 transfers."""

HEAD_START = 120.0
"""Seconds that do not count: a server may wait for its upstream after the head of its response."""


def pieces(response: http.client.HTTPResponse, url: str, now: Callable[[], float] = time.monotonic) -> Iterator[bytes]:
    """Yield the body as it arrives.

    :param url: of the server, for the error.
    :param now: returns seconds.
    :raises ServerTrouble: it arrives at less than :data:`SLOWEST` on average.
    """
    began, size = now(), 0
    while data := response.read1(PIECE):
        size += len(data)
        elapsed = now() - began
        if size < (elapsed - HEAD_START) * SLOWEST:
            raise ServerTrouble(
                f"{url} sends too slowly", f"{size} bytes arrived in {elapsed:.0f} seconds. Try again later."
            )
        yield data
