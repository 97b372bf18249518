"""The access log: a line for each response, in the Combined Log Format, written in batches.

To write each line by itself would take longer than to send the response. A process that is killed loses the lines of
its last 0.2 seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReactorTime
from twisted.web.http import combinedLogFormatter, datetimeToLogString

from reqpi.core.limits.networks import client_address
from reqpi.web.http.headers import header
from reqpi.web.http.redaction import redacted
from reqpi.web.http.request_ids import id_if_any

__all__ = ["AccessLog"]

_LATEST = 0.2
"""Seconds until a line is written, at most."""

_MOST = 250
"""Lines that wait, at most. More of them would drive other data out of the processor's cache."""


class AccessLog:
    """The log of one site.

    :param clock: the time of day, and the timer for writing.
    :param write: is called with lines, each with a newline at its end.
    :param open_file: is called once, when the server starts.
    :param trust_proxy: believe ``X-Forwarded-For``: the operator's own proxy sets it.
    """

    def __init__(
        self,
        clock: IReactorTime,
        write: Callable[[str], None],
        *,
        open_file: Callable[[], None] = lambda: None,
        trust_proxy: bool = False,
    ) -> None:
        self._clock = clock
        self._write = write
        self._open_file = open_file
        self._trust_proxy = trust_proxy
        self._lines: list[str] = []
        self._due: Any = None
        self._second = -1.0
        self._timestamp = ""

    def open(self) -> None:
        """Open the file of the log.

        :raises reqpi.core.errors.Misconfigured: it cannot be written.
        """
        self._open_file()

    def now(self) -> float:
        """Return the present time in seconds since the epoch."""
        return self._clock.seconds()

    def timestamp(self, now: float) -> str:
        """Return a time in the format of the log.

        :param now: in seconds since the epoch.
        """
        if not 0.0 <= now - self._second < 1.0:
            second = int(now)
            self._second, self._timestamp = float(second), datetimeToLogString(second)
        return self._timestamp

    def note_request(self, request: Any) -> None:
        """Log a response of twisted.web."""
        # Twisted writes the address in quotes, unlike every other server.
        _, _, rest = combinedLogFormatter(self.timestamp(self.now()), request).partition('" - - ')
        peer = getattr(request.getClientAddress(), "host", "-")
        request_id = id_if_any(request)
        line = f"{self.client(peer, header(request, 'X-Forwarded-For'))} - - {rest}"
        self.note(line, f" {request_id}" if request_id else "")

    def text_of(self, line: str, response: str) -> str:
        """Return what the log has about a response of the fast path, except for its client and its time.

        :param line: the request line, in which nothing has to be escaped.
        :param response: what follows it, in the format of the log.
        """
        return redacted(f'"{line}" {response}')

    def note_ready(self, peer: str, forwarded: str, text: str, now: float) -> None:
        """Log a response of the fast path.

        :param forwarded: the value of ``X-Forwarded-For``; empty if there is none.
        :param text: the result of :meth:`text_of`.
        :param now: in seconds since the epoch.
        """
        client = self.client(peer, forwarded) if forwarded else peer
        self._add(f"{client} - - {self.timestamp(now)} {text}")

    def note_unread(self, peer: str, status: int, size: int, request_id: str) -> None:
        """Log a response to a connection whose request is not known.

        :param size: bytes of its body.
        """
        self.note(f'{peer} - - {self.timestamp(self.now())} "-" {status} {size or "-"} "-" "-"', f" {request_id}")

    def client(self, peer: str, forwarded: str) -> str:
        """Return the address of the client: the last that a trusted proxy wrote, otherwise that of the connection."""
        return client_address(peer, forwarded, trusted=self._trust_proxy)

    def note(self, line: str, more: str = "") -> None:
        """Add a line, to be written soon.

        :param more: follows it, and is known to have no token in it.
        """
        self._add(redacted(line) + more)

    def _add(self, line: str) -> None:
        lines = self._lines
        lines.append(line)
        if len(lines) >= _MOST:
            self.flush()
        elif self._due is None:
            self._due = self._clock.callLater(_LATEST, self.flush)

    def flush(self) -> None:
        """Write the lines that wait."""
        due, self._due = self._due, None
        if due is not None and due.active():
            due.cancel()
        lines, self._lines = self._lines, []
        if lines:
            self._write("\n".join([*lines, ""]))
