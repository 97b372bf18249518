"""A worker: a server on sockets that its parent has opened. It ends when its parent does."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any, cast

from twisted.internet import reactor as _the_reactor
from twisted.internet import tcp, unix
from twisted.internet.abstract import FileDescriptor
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import ReactorNotRunning
from twisted.internet.main import CONNECTION_DONE
from twisted.logger import FileLogObserver, ILogObserver, eventAsText, globalLogBeginner
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure

from reqpi.core.errors import ReqPIError
from reqpi.runtime.plain_polling import poll_plainly
from reqpi.server.hangup import handle_hangup
from reqpi.server.json_log import json_observer
from reqpi.server.log_levels import at_level
from reqpi.server.server import assemble
from reqpi.server.workers.handed import FIRST_DESCRIPTOR, loaded
from reqpi.server.workers.metrics import write_metrics

__all__ = ["main"]


class _SharedUnixPort(unix.Port):
    """A Unix socket that belongs to the parent, which removes it."""

    def connectionLost(self, reason: Failure) -> None:
        """Stop listening, and leave the socket's file in place."""
        tcp.Port.connectionLost(self, reason)


class _Adopting:
    """A stand-in for a reactor, with which an endpoint listens on a socket that is already open."""

    def __init__(self, reactor: Any, descriptor: int) -> None:
        self._reactor = reactor
        self._descriptor = descriptor

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> Any:
        """Adopt a port."""
        return self._adopted(socket.AF_INET6 if ":" in interface else socket.AF_INET, factory)

    def listenSSL(self, port: int, factory: Any, context: Any, backlog: int = 50, interface: str = "") -> Any:
        """Adopt a port that uses TLS."""
        return self.listenTCP(port, TLSMemoryBIOFactory(context, False, factory), backlog, interface)

    def listenUNIX(
        self, address: str, factory: Any, backlog: int = 50, mode: int = 0o666, wantPID: bool = False
    ) -> Any:
        """Adopt a Unix socket."""
        port = _SharedUnixPort._fromListeningDescriptor(self._reactor, self._descriptor, factory)
        port.mode = mode
        port.startListening()
        os.close(self._descriptor)
        return port

    def _adopted(self, family: int, factory: Any) -> Any:
        port = self._reactor.adoptStreamPort(self._descriptor, family, factory)
        os.close(self._descriptor)
        return port


class _Lifeline(FileDescriptor):
    """Standard input, which the parent holds open for as long as it lives."""

    def fileno(self) -> int:
        """Return the descriptor of standard input."""
        return 0

    def doRead(self) -> Exception | None:
        """Read; after the first line, only the end of the stream is expected."""
        return None if os.read(0, 1 << 12) else CONNECTION_DONE

    def connectionLost(self, reason: Failure) -> None:
        """Stop the reactor: the parent is gone, or has closed the stream."""
        with suppress(ReactorNotRunning):
            cast(Any, self.reactor).stop()


def main() -> None:
    """Run a worker. Standard input has the settings, and the sockets are open."""
    os.setpgid(0, 0)  # Ctrl-C is handled by the parent
    reactor = cast(Any, _the_reactor)
    settings = loaded(_line())
    observer = (
        json_observer(sys.stdout)
        if settings.log_format == "json"
        else cast(ILogObserver, FileLogObserver(sys.stdout, _written))
    )
    globalLogBeginner.beginLoggingTo([at_level(observer, settings.log_level)])
    descriptors: Iterator[int] = iter(range(FIRST_DESCRIPTOR, FIRST_DESCRIPTOR + len(settings.listen)))
    try:
        server = assemble(settings, reactor, endpoints=partial(_endpoint, reactor, descriptors), quiet=True)
        server.privilegedStartService()
        server.startService()
    except ReqPIError as error:
        raise SystemExit(f"cannot start: {error}") from None
    handle_hangup(reactor)
    poll_plainly(reactor)
    write_metrics(server, settings, reactor)
    reactor.addSystemEventTrigger("before", "shutdown", server.stopService)
    _Lifeline(reactor).startReading()
    reactor.run()


def _endpoint(reactor: Any, descriptors: Iterator[int], description: str) -> Any:
    return serverFromString(cast(Any, _Adopting(reactor, next(descriptors))), description)


def _line() -> bytes:
    """Read the first line of standard input, and not a byte more."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            raise SystemExit("the parent process is gone")
        line += byte
    return line


def _written(event: Any) -> str:
    """Return an event as text without its time, which the parent adds."""
    return eventAsText(event, includeTimestamp=False) + "\n"
