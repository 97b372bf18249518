"""A proxy of the tests' own: it knows names that no one else knows, and misbehaves on demand."""

from __future__ import annotations

import select
import socket
import ssl
from base64 import b64encode
from collections.abc import Mapping
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Event, Thread
from typing import Literal, Self

from attrs import field, frozen

__all__ = ["Answer", "OwnProxy"]


@frozen
class Answer:
    """What every request is answered with, in place of doing what it asks for.

    :param then: close the connection, or keep it and say no more.
    :param more: what is sent once the client has said more.
    """

    data: bytes
    then: Literal["close", "keep"] = "close"
    more: bytes = b""


class OwnProxy:
    """A proxy on loopback, from the moment it is made until :meth:`close`.

    :param ports: the port of loopback that a host leads to, by ``host:port``; any other leads to its own port.
    :param login: the only one that it accepts: ``user:password``.
    :param tls: what it speaks TLS with.
    :ivar requests: the heads of all requests, as they came.
    :ivar answer: in place of what is right.
    """

    def __init__(
        self, ports: Mapping[str, int] | None = None, login: str | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self.ports = dict(ports or {})
        self.login = login
        self.requests: list[str] = []
        self.answer: Answer | None = None
        self.closing = Event()
        self._scheme = "https" if tls else "http"
        self._server = _Server(self, tls)
        self.port: int = self._server.server_address[1]
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """``http://127.0.0.1:40123``; with its login, where it wants one."""
        return f"{self._scheme}://{f'{self.login}@' if self.login else ''}127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End everything at once. Repeating does nothing."""
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def asked(self) -> list[str]:
        """The first lines of all requests."""
        return [head.partition("\r\n")[0] for head in self.requests]

    def take(self, request: _Request, client: socket.socket) -> None:
        """Do what a request asks for."""
        self.requests.append(request.head)
        if self.answer is not None:
            client.sendall(self.answer.data)
            if self.answer.more and client.recv(1):
                client.sendall(self.answer.more)
            if self.answer.then == "keep":
                self.closing.wait(30)
        elif self.login and request.header("Proxy-Authorization") != f"Basic {b64encode(self.login.encode()).decode()}":
            client.sendall(b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n")
        else:
            self._pass(request, client)

    def _pass(self, request: _Request, client: socket.socket) -> None:
        port = self.ports.get(request.where, int(request.where.rpartition(":")[2]))
        with socket.create_connection(("127.0.0.1", port), timeout=240) as server:
            if request.method == "CONNECT":
                client.sendall(b"HTTP/1.1 200 Connection established\r\nProxy-Agent: tests\r\n\r\n")
            else:
                server.sendall(request.for_server())
            _relay(client, server)


@frozen
class _Request:
    head: str
    method: str = field(init=False)
    target: str = field(init=False)

    def __attrs_post_init__(self) -> None:
        method, target, _ = self.head.partition("\r\n")[0].split(" ")
        object.__setattr__(self, "method", method)
        object.__setattr__(self, "target", target)

    @property
    def where(self) -> str:
        """Host and port."""
        if self.method == "CONNECT":
            return self.target
        host = self.target.removeprefix("http://").partition("/")[0]
        return host if ":" in host else f"{host}:80"

    def header(self, name: str) -> str:
        fields = (line.partition(":") for line in self.head.split("\r\n")[1:])
        return next((value.strip() for found, _, value in fields if found.lower() == name.lower()), "")

    def for_server(self) -> bytes:
        """The request in the form that servers know, without what is meant for the proxy."""
        assert self.target.startswith("http://"), self.target
        path = "/" + self.target.removeprefix("http://").partition("/")[2]
        fields = [
            line for line in self.head.split("\r\n")[1:] if not line.lower().startswith(("proxy-", "connection:"))
        ]
        return "\r\n".join([f"{self.method} {path} HTTP/1.1", "Connection: close", *fields, "", ""]).encode()


class _Handler(BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        heard = b""
        try:
            while b"\r\n\r\n" not in heard:
                data = self.request.recv(1 << 14)
                if not data:
                    return
                heard += data
            self.server.proxy.take(_Request(heard.partition(b"\r\n\r\n")[0].decode()), self.request)
        except OSError:
            return  # the client is gone, or this proxy is closed


class _Server(ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, proxy: OwnProxy, tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy = proxy
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away."""


def _relay(client: socket.socket, server: socket.socket) -> None:
    """Pass bytes on in both directions until one side ends. One thread: two may not share a connection over TLS."""
    other = {client: server, server: client}
    while True:
        ready = [each for each in other if isinstance(each, ssl.SSLSocket) and each.pending()]
        for one in ready or select.select(list(other), [], [], 30)[0] or [None]:
            data = b"" if one is None else _received(one)
            if data == b"" or one is None:
                return
            if data is not None:
                other[one].sendall(data)


def _received(one: socket.socket) -> bytes | None:
    """What has come; ``None`` where that is a part of a record alone."""
    one.setblocking(False)
    try:
        return one.recv(1 << 16)
    except (BlockingIOError, ssl.SSLWantReadError):
        return None
    finally:
        one.setblocking(True)
