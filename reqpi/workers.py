"""``--workers``: several processes that serve one store behind the same ports.

The parent opens the sockets, one for each worker and port (``SO_REUSEPORT``: the kernel deals connections out among
them), hands them down, and sees that as many workers run as it was told. It holds the sockets too: what waits in the
queue of a worker that died is answered by the one that takes its place. A worker ends with its parent, however that
ends. Workers know nothing of each other: what they share is the store.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, cast

from attrs import asdict, evolve, frozen
from twisted.application.service import Service
from twisted.internet import reactor as _the_reactor
from twisted.internet import tcp, unix
from twisted.internet.abstract import FileDescriptor
from twisted.internet.defer import Deferred, TimeoutError, gatherResults
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import ProcessExitedAlready, ReactorNotRunning
from twisted.internet.main import CONNECTION_DONE
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import FileLogObserver, Logger, eventAsText, globalLogBeginner
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure

from reqpi.errors import Misconfigured, ReqPIError
from reqpi.server import GRACE, Settings, announce, assemble

__all__ = ["Workers", "main"]

_FIRST_DESCRIPTOR = 3
"""Sockets have the descriptors from here on, in a worker."""

_LIVED = 10.0
"""Seconds after which a worker that ends is replaced at once."""

_LONGEST_PAUSE = 30.0
"""Seconds between two attempts to start one that ends again and again."""

_TO_END = GRACE + 5.0
"""Seconds that a worker gets to end, after which it is killed."""

_PATH = "\0path"
"""Marks a path among the settings; no option has it in its name."""


class Workers(Service):
    """A parent and its workers.

    :ivar ready: fires once the workers were started.
    """

    _log = Logger()

    def __init__(self, settings: Settings, reactor: Any) -> None:
        self.setName("reqpi")
        self.ready: Deferred[None] = Deferred()
        self._settings = settings
        self._reactor = reactor
        # It is never started: it says whether one can be, before several are.
        self._model = assemble(settings, reactor)
        self._sockets: list[_Sockets] = []
        self._workers: list[_Worker] = []

    def privilegedStartService(self) -> None:
        """Open the sockets, while the process may still use ports below 1024.

        :raises reqpi.errors.Misconfigured: a port is taken, or cannot be shared.
        """
        super().privilegedStartService()
        self._bind()

    def startService(self) -> None:
        """Try the store, and start the workers.

        :raises reqpi.errors.Misconfigured: the store cannot be used, or a port not be listened on.
        """
        super().startService()
        self._model.store.open()
        Deferred.fromCoroutine(self._model.store.close())
        self._bind()
        announce(self._log, self._settings, self._model.origin_name, [each.address for each in self._sockets])
        self._log.info("{count} workers", count=self._settings.workers)
        for number in range(self._settings.workers):
            worker = _Worker(number, self._reactor, self._handed(number))
            worker.start()
            self._workers.append(worker)
        self.ready.callback(None)

    def stopService(self) -> Deferred[None]:
        """End the workers, which let what is in flight finish."""
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        await gatherResults([Deferred.fromCoroutine(worker.stop()) for worker in self._workers])
        for each in self._sockets:
            each.close()

    def _bind(self) -> None:
        if self._sockets:
            return
        for description in self._settings.listen:
            try:
                self._sockets.append(_opened(self._reactor, description, self._settings.workers))
            except (ValueError, TypeError, LookupError, OSError) as error:
                for each in self._sockets:
                    each.close()
                self._sockets = []
                raise Misconfigured(
                    f"cannot listen on {description}", f"{getattr(error, 'strerror', None) or error}."
                ) from error

    def _handed(self, number: int) -> _Handed:
        settings = self._settings
        if number:
            # One of them is enough for what concerns the whole store.
            settings = evolve(settings, frequency=None, max_age=None, verify_rate=None)
        return _Handed(settings, [each.sockets[number].fileno() for each in self._sockets])


@frozen
class _Handed:
    """What a worker is given.

    :param descriptors: of its sockets, in the parent; one for each of ``settings.listen``, in order.
    """

    settings: Settings
    descriptors: Sequence[int]

    def dumped(self) -> bytes:
        """The settings as a line."""
        return json.dumps(asdict(self.settings), default=lambda path: {_PATH: str(path)}).encode() + b"\n"


def _loaded(line: bytes) -> Settings:
    return Settings(**json.loads(line, object_hook=lambda read: Path(read[_PATH]) if _PATH in read else read))


class _Worker(ProcessProtocol):
    """One worker after another, in the same place."""

    _log = Logger()

    def __init__(self, number: int, reactor: Any, handed: _Handed) -> None:
        self._name = f"worker {number + 1}"
        self._reactor = reactor
        self._handed = handed
        self._rest = b""
        self._began = 0.0
        self._pause = 0.0
        self._stopping = False
        self._again: Any = None
        self._gone: list[Deferred[None]] = []

    def start(self) -> None:
        """Start it."""
        self._again = None
        self._began = self._reactor.seconds()
        descriptors = dict(enumerate(self._handed.descriptors, _FIRST_DESCRIPTOR))
        self._reactor.spawnProcess(
            self,
            sys.executable,
            [sys.executable, "-P", "-c", "from reqpi.workers import main; main()"],
            # What this process can import, whichever way it was started, its workers can.
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            childFDs={0: "w", 1: "r", 2: "r"} | descriptors,
        )

    async def stop(self) -> None:
        """End it, and wait until it has ended."""
        self._stopping = True
        if self._again is not None:
            self._again.cancel()
            return
        if self.transport is None or self.transport.pid is None:
            return
        gone: Deferred[None] = Deferred()
        self._gone.append(gone)
        self._signal("TERM")
        try:
            await gone.addTimeout(_TO_END, self._reactor)
        except TimeoutError:
            self._log.warn("{name} does not end, and is killed", name=self._name)
            self._signal("KILL")

    def connectionMade(self) -> None:
        """It runs: give it its settings. That this pipe stays open tells it that its parent is alive."""
        cast(Any, self.transport).write(self._handed.dumped())

    def outReceived(self, data: bytes) -> None:
        """It logs."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._log.info("{name}: {line}", name=self._name, line=line.decode("utf-8", "replace"))
        if len(self._rest) > 1 << 16:
            self._rest = b""

    errReceived = outReceived

    def processEnded(self, reason: Failure) -> None:
        """It ended."""
        gone, self._gone = self._gone, []
        for each in gone:
            each.callback(None)
        if self._stopping:
            return
        lived = self._reactor.seconds() - self._began
        self._pause = 0.0 if lived > _LIVED else min(_LONGEST_PAUSE, 2 * self._pause + 0.5)
        self._log.error("{name} ended: {reason}", name=self._name, reason=reason.getErrorMessage())
        self._again = self._reactor.callLater(self._pause, self.start)

    def _signal(self, name: str) -> None:
        with suppress(ProcessExitedAlready):
            cast(Any, self.transport).signalProcess(name)


# Sockets: opened by the parent, adopted by a worker


@frozen
class _Sockets:
    """The sockets of one port, one for each worker.

    :param path: of a Unix socket.
    """

    sockets: Sequence[socket.socket]
    secure: bool
    path: str | None = None

    @property
    def address(self) -> tuple[Any, bool]:
        """Where they listen, as Twisted has it; and whether TLS is spoken there."""
        from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress  # noqa: PLC0415

        if self.path is not None:
            return UNIXAddress(os.fsencode(self.path)), self.secure
        family, name = self.sockets[0].family, self.sockets[0].getsockname()
        return (IPv6Address if family == socket.AF_INET6 else IPv4Address)("TCP", *name[:2]), self.secure

    def close(self) -> None:
        """Listen there no more."""
        for each in self.sockets:
            each.close()
        if self.path is not None:
            Path(self.path).unlink(missing_ok=True)


class _Noting:
    """In the place of a reactor: notes what an endpoint would listen on."""

    def __init__(self) -> None:
        self.opened: list[Callable[[int], _Sockets]] = []

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> None:
        """Note a port."""
        self.opened.append(lambda count: _ports(port, backlog, interface, count, secure=False))

    def listenSSL(self, port: int, factory: Any, context: Any, backlog: int = 50, interface: str = "") -> None:
        """Note a port where TLS is spoken."""
        self.opened.append(lambda count: _ports(port, backlog, interface, count, secure=True))

    def listenUNIX(
        self, address: str, factory: Any, backlog: int = 50, mode: int = 0o666, wantPID: bool = False
    ) -> None:
        """Note a Unix socket."""
        self.opened.append(lambda count: _unix(address, backlog, mode, count))


def _opened(reactor: Any, description: str, count: int) -> _Sockets:
    noting = _Noting()
    listening = serverFromString(cast(Any, noting), description).listen(cast(Any, None))
    failures: list[Failure] = []
    listening.addErrback(failures.append)
    if len(noting.opened) != 1:
        raise ValueError("with --workers there are tcp, tcp6, ssl, tls and unix endpoints, and no others")
    return noting.opened[0](count)


def _ports(port: int, backlog: int, interface: str, count: int, *, secure: bool) -> _Sockets:
    family = socket.AF_INET6 if ":" in interface else socket.AF_INET
    # Shared ports are shared with any process of this user, so that a server which is there already is overlooked.
    with _socket(family, interface, port, shared=False) as alone:
        port = alone.getsockname()[1]
    sockets = []
    for _ in range(count):
        each = _socket(family, interface, port, shared=True)
        each.listen(backlog)
        sockets.append(each)
    return _Sockets(sockets, secure)


def _socket(family: int, interface: str, port: int, *, shared: bool) -> socket.socket:
    made = socket.socket(family)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind((interface, port))
    except OSError:
        made.close()
        raise
    made.setblocking(False)
    return made


def _unix(path: str, backlog: int, mode: int, count: int) -> _Sockets:
    """One socket for all: there is no dealing out among several."""
    made = socket.socket(socket.AF_UNIX)
    try:
        made.bind(path)
        os.chmod(path, mode)
        made.listen(backlog)
    except OSError:
        made.close()
        raise
    made.setblocking(False)
    return _Sockets([made] * count, secure=False, path=path)


class _SharedUnixPort(unix.Port):
    """A Unix socket that is the parent's: it goes with that one."""

    def connectionLost(self, reason: Failure) -> None:
        """Listen no more, and leave the socket's file where it is."""
        tcp.Port.connectionLost(self, reason)


class _Adopting:
    """In the place of a reactor: has an endpoint listen on a socket that is open already."""

    def __init__(self, reactor: Any, descriptor: int) -> None:
        self._reactor = reactor
        self._descriptor = descriptor

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> Any:
        """Adopt a port."""
        return self._adopted(socket.AF_INET6 if ":" in interface else socket.AF_INET, factory)

    def listenSSL(self, port: int, factory: Any, context: Any, backlog: int = 50, interface: str = "") -> Any:
        """Adopt a port where TLS is spoken."""
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


# A worker


class _Lifeline(FileDescriptor):
    """Standard input, which the parent holds open for as long as it lives."""

    def fileno(self) -> int:
        """Its descriptor."""
        return 0

    def doRead(self) -> Exception | None:
        """There is nothing more to read but its end."""
        return None if os.read(0, 1 << 12) else CONNECTION_DONE

    def connectionLost(self, reason: Failure) -> None:
        """The parent is gone, or wants nothing more."""
        with suppress(ReactorNotRunning):
            cast(Any, self.reactor).stop()


def main() -> None:
    """Be a worker: standard input has the settings, and the sockets are open."""
    os.setpgid(0, 0)  # a Ctrl-C is for the parent
    reactor = cast(Any, _the_reactor)
    settings = _loaded(_line())
    globalLogBeginner.beginLoggingTo([FileLogObserver(sys.stdout, _written)])
    descriptors: Iterator[int] = iter(range(_FIRST_DESCRIPTOR, _FIRST_DESCRIPTOR + len(settings.listen)))
    try:
        server = assemble(settings, reactor, endpoints=partial(_endpoint, reactor, descriptors), quiet=True)
        server.privilegedStartService()
        server.startService()
    except ReqPIError as error:
        raise SystemExit(f"it cannot start: {error}") from None
    reactor.addSystemEventTrigger("before", "shutdown", server.stopService)
    _Lifeline(reactor).startReading()
    reactor.run()


def _endpoint(reactor: Any, descriptors: Iterator[int], description: str) -> Any:
    return serverFromString(cast(Any, _Adopting(reactor, next(descriptors))), description)


def _line() -> bytes:
    """The first line of standard input, and no byte more."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            raise SystemExit("its parent is gone")
        line += byte
    return line


def _written(event: Any) -> str:
    """An event without its time, which the parent adds."""
    return eventAsText(event, includeTimestamp=False) + "\n"
