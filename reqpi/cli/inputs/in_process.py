"""A server inside this process, for as long as a block of code runs.

The reactor runs in its own thread, so that the main thread can handle signals, which Python allows only there. A
reactor in another thread receives no SIGCHLD; a server that spawns processes would need it passed on.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from threading import Thread
from typing import Any, Protocol, cast

from attrs import evolve
from twisted.internet import reactor as _the_reactor
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.interfaces import IListeningPort
from twisted.logger import LogEvent, Logger

from reqpi.cli.stderr_log import begin_logging
from reqpi.core.errors import StoreTrouble
from reqpi.server.listening import CannotListen
from reqpi.server.open_to_others import open_to_others
from reqpi.server.server import Server, assemble
from reqpi.server.settings import Settings
from reqpi.storage.sealed import SealedStore
from reqpi.web.http.only_client import LOGIN, OnlyClient

__all__ = ["Beside", "port_for", "served"]

_log = Logger()
_reactor = cast(Any, _the_reactor)

ANY_PORT = "tcp:0:interface=127.0.0.1"

_TO_END = 10.0  # seconds for requests in flight; their clients have gone by then


class Beside(Protocol):
    """A thing that runs in the server's thread for as long as the server does."""

    def start(self, server: Server, only: OnlyClient, reactor: Any) -> None:
        """Begin, once the server is ready."""

    def stop(self) -> Deferred[Any]:
        """End, before the server does."""


@contextmanager
def served(
    settings: Settings, watch: Callable[[str], None] = lambda _: None, beside: Beside | None = None
) -> Iterator[str]:
    """Serve until the block ends, and yield the base URL, with the login of its only client. Possible once per process.

    :param watch: receives lines of the access log, in the server's thread.
    :param beside: for a server with an only client.
    :raises reqpi.core.errors.Misconfigured: the server cannot start.
    """
    begin_logging(partial(_to_watch, watch))
    ready: Future[str] = Future()
    end: Deferred[None] = Deferred()
    _reactor.callWhenRunning(lambda: ensureDeferred(_serve(settings, ready, end, beside)))
    thread = Thread(target=_reactor.run, kwargs={"installSignalHandlers": False}, name="server", daemon=True)
    thread.start()
    try:
        yield ready.result()
    finally:
        _reactor.callFromThread(end.callback, None)
        thread.join(_TO_END)


def port_for(address: str) -> int:
    """Return a free port of loopback, the same one for the same lock; 0, which means any, if that one is in use.

    pip and uv cache by URL. With another port every time, they would store each file again after every run.

    :param address: the lock's. The port is one of those that cannot be reserved (RFC 6335, section 6).
    """
    port = 49152 + int(address[:8], 16) % 16384
    with socket.socket() as probe:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # as Twisted does: the port of the last run is soon free
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


async def _check_key(server: Server) -> None:
    """Check that what the command has to store can be sealed, if servers on its store seal what they write.

    :raises reqpi.core.errors.StoreTrouble: there is no key.
    """
    if isinstance(server.store, SealedStore):
        try:
            await server.store.check_key()
        except StoreTrouble:
            await server.stopService()
            raise


async def _serve(settings: Settings, ready: Future[str], end: Deferred[None], beside: Beside | None) -> None:
    """Serve until ``end`` fires, then stop the reactor. An error before ``ready`` fires is passed to its waiter."""
    try:
        server = _started(settings)
        ports = await server.ready
        await _check_key(server)
        if beside is not None and settings.only is not None:
            beside.start(server, settings.only, _reactor)
        ready.set_result(_url_of(ports, settings.only))
    except Exception as error:
        ready.set_exception(error)
    else:
        await end
        if beside is not None:
            await beside.stop()
        await server.stopService()
    finally:
        _reactor.stop()


def _started(settings: Settings) -> Server:
    """Return a server that listens: on any port if another run has taken its own since it was found to be free."""
    server = assemble(settings, _reactor, quiet=True)
    try:
        server.startService()
    except CannotListen:
        server = assemble(evolve(settings, listen=(ANY_PORT,)), _reactor, quiet=True)
        server.startService()
    for warning in open_to_others(settings):
        _log.warn("{warning}", warning=warning)
    return server


def _url_of(ports: list[IListeningPort], only: OnlyClient | None) -> str:
    """Return the URL of the first of ``ports``. It must not be printed if it has a login."""
    host = cast(Any, ports[0]).getHost()
    login = "" if only is None else f"{LOGIN}:{only.password}@"
    return f"http://{login}{host.host}:{host.port}"


def _to_watch(watch: Callable[[str], None], event: LogEvent) -> None:
    """Pass on the lines of the access log."""
    if event.get("log_namespace") == "reqpi.access":
        watch(event["lines"])
