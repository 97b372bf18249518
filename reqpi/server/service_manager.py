"""The messages to systemd: that a server is ready, that it is alive, and that it stops (``sd_notify(3)``).

systemd names a datagram socket in ``NOTIFY_SOCKET``, and the time within which it expects a sign of life in
``WATCHDOG_USEC``. Each message is one datagram. Without these variables nothing is sent.
"""

from __future__ import annotations

import os
import socket
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any

from twisted.internet.task import LoopingCall

__all__ = ["ServiceManager"]

_MICROSECONDS = 1e6


class ServiceManager:
    """The service manager that has started this process; it may be none.

    :param environ: of this process. Its variables about the service manager are removed, because no program that this
        process starts may speak for it.
    """

    def __init__(self, environ: MutableMapping[str, str] = os.environ) -> None:
        name = environ.pop("NOTIFY_SOCKET", "")
        # A leading @ stands for the NUL byte of an abstract socket.
        self._address = "\0" + name[1:] if name.startswith("@") else name
        self._interval = _interval(environ.pop("WATCHDOG_USEC", ""), environ.pop("WATCHDOG_PID", ""))
        self._alive: LoopingCall | None = None

    def ready(self, reactor: Any) -> None:
        """Report that clients can connect, and from now on that the reactor turns."""
        self._send("READY=1")
        if self._interval is not None and self._address:
            self._alive = LoopingCall(self._send, "WATCHDOG=1")
            self._alive.clock = reactor
            self._alive.start(self._interval)

    def stopping(self) -> None:
        """Report that the server stops. It stays alive until its requests have finished."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.setblocking(False)
            sender.sendto(message.encode(), self._address)


def _interval(microseconds: str, process: str) -> float | None:
    """Return the seconds between two signs of life: half of what is allowed, as ``sd_watchdog_enabled(3)`` advises.

    :param process: the process that the watchdog is for; empty: this one.
    :returns: ``None`` if there is no watchdog for this process.
    """
    if not microseconds.isascii() or not microseconds.isdigit() or int(microseconds) == 0:
        return None
    if process and process != str(os.getpid()):
        return None
    return int(microseconds) / _MICROSECONDS / 2
