"""Sockets that a parent opens from the descriptions of endpoints."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from attrs import frozen
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import maybeDeferred
from twisted.internet.endpoints import serverFromString

from reqpi.server.backlog import with_backlog
from reqpi.server.listening import cannot_listen

__all__ = ["Sockets", "opened", "probe"]


@frozen
class Sockets:
    """The sockets of one port, one for each worker.

    :param secure: whether they use TLS.
    :param path: the path of a Unix socket; ``None`` for others.
    """

    sockets: Sequence[socket.socket]
    secure: bool
    path: str | None = None

    @property
    def address(self) -> tuple[Any, bool]:
        """The address that they listen on, as a Twisted address; and whether it is TLS."""
        if self.path is not None:
            return UNIXAddress(os.fsencode(self.path)), self.secure
        family, name = self.sockets[0].family, self.sockets[0].getsockname()
        return (IPv6Address if family == socket.AF_INET6 else IPv4Address)("TCP", *name[:2]), self.secure

    def described(self, description: str) -> str:
        """Return the description for a worker, which does not have the environment that systemd made for its parent.

        A worker opens nothing: the description shows it what kind of socket it has received.
        """
        if not description.startswith("systemd:"):
            return description
        return "tcp6:0" if self.sockets[0].family == socket.AF_INET6 else "tcp:0"

    def close(self) -> None:
        """Stop listening."""
        for each in self.sockets:
            each.close()
        if self.path is not None:
            Path(self.path).unlink(missing_ok=True)


class _Noting:
    """A stand-in for a reactor that notes what an endpoint would listen on."""

    def __init__(self) -> None:
        self.opened: list[Callable[[int], Sockets]] = []
        self.ports: list[tuple[str, int]] = []

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> None:
        """Note a port."""
        self.ports.append((interface, port))
        self.opened.append(lambda count: _ports(port, backlog, interface, count, secure=False))

    def listenSSL(self, port: int, factory: Any, context: Any, backlog: int = 50, interface: str = "") -> None:
        """Note a port that uses TLS."""
        self.ports.append((interface, port))
        self.opened.append(lambda count: _ports(port, backlog, interface, count, secure=True))

    def listenUNIX(
        self, address: str, factory: Any, backlog: int = 50, mode: int = 0o666, wantPID: bool = False
    ) -> None:
        """Note a Unix socket."""
        self.opened.append(lambda count: _unix(address, backlog, mode, count))

    def adoptStreamPort(self, fileDescriptor: int, addressFamily: int, factory: Any) -> None:
        """Note a socket that systemd has opened. The endpoint would close it if this succeeded."""
        self.opened.append(lambda count: _adopted(fileDescriptor, addressFamily, count))
        raise NotImplementedError


def opened(description: str, count: int) -> Sockets:
    """Open the sockets of an endpoint, and listen.

    :param description: as for :func:`twisted.internet.endpoints.serverFromString`.
    :param count: the number of workers.
    :raises ValueError: it is not an endpoint, or of a kind whose sockets cannot be passed to workers.
    :raises OSError: a port is in use.
    """
    noting = _noted(description)
    if len(noting.opened) != 1:
        raise ValueError("--workers supports tcp, tcp6, ssl, tls, unix and systemd endpoints only")
    return noting.opened[0](count)


def probe(descriptions: Sequence[str]) -> None:
    """Bind the TCP ports of some endpoints, and release them again.

    A daemon finds a port in use only after its fork, when its output no longer reaches a terminal. Call this before.

    :raises CannotListen: a port cannot be bound.
    """
    for description in descriptions:
        for interface, port in _noted(description).ports:
            family = socket.AF_INET6 if ":" in interface else socket.AF_INET
            try:
                _socket(family, interface, port, shared=False).close()
            except OSError as error:
                raise cannot_listen(description, error) from error


def _noted(description: str) -> _Noting:
    noting = _Noting()
    # An endpoint of another kind uses a method that is missing here, and fails.
    listen = serverFromString(cast(Any, noting), with_backlog(description)).listen
    maybeDeferred(listen, cast(Any, None)).addErrback(lambda _: None)
    return noting


def _ports(port: int, backlog: int, interface: str, count: int, *, secure: bool) -> Sockets:
    family = socket.AF_INET6 if ":" in interface else socket.AF_INET
    # Shared ports are shared with any process of this user, so a server that already runs would not be noticed.
    with _socket(family, interface, port, shared=False) as alone:
        port = alone.getsockname()[1]
    sockets = []
    for _ in range(count):
        each = _socket(family, interface, port, shared=True)
        each.listen(backlog)
        sockets.append(each)
    return Sockets(sockets, secure)


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


def _unix(path: str, backlog: int, mode: int, count: int) -> Sockets:
    """Open one socket for all workers: connections cannot be distributed among several."""
    made = socket.socket(socket.AF_UNIX)
    try:
        made.bind(path)
        os.chmod(path, mode)
        made.listen(backlog)
    except OSError:
        made.close()
        raise
    made.setblocking(False)
    return Sockets([made] * count, secure=False, path=path)


def _adopted(descriptor: int, family: int, count: int) -> Sockets:
    """Share one socket that systemd has opened among all workers."""
    if family not in (socket.AF_INET, socket.AF_INET6):
        raise ValueError("--workers supports domain=INET and domain=INET6 of systemd endpoints only")
    made = socket.socket(family, fileno=os.dup(descriptor))
    made.setblocking(False)
    return Sockets([made] * count, secure=False)
