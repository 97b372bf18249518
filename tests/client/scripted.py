"""An HTTP server that says what a test wants, and remembers what it was asked."""

from __future__ import annotations

import json
import ssl
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple

from reqpi.core.address import address_of


class Seen(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Said(NamedTuple):
    status: int
    body: bytes
    headers: dict[str, str]


class Scripted:
    """Answers every request with what was scripted for its path, or with a web server's own 404.

    :param context: speaks TLS with it.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.seen: list[Seen] = []
        self.listens = True  # or else answers without reading the body, and hangs up
        self._said: dict[str, Said] = {}
        self._next: dict[str, Said] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.port}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def says(
        self, path: str, status: int, body: object, content_type: str = "application/json", **headers: str
    ) -> None:
        """``body``: bytes as they are, anything else as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._said[path] = Said(status, data, {"Content-Type": content_type, **headers})

    def says_then(self, path: str, status: int, body: object) -> None:
        """What it says of ``path`` from the second time on."""
        self.then(path, Said(status, json.dumps(body).encode(), {"Content-Type": "application/json"}))

    def then(self, path: str, said: Said) -> None:
        """The same, as a whole answer."""
        self._next[path] = said

    def takes(self, document: bytes, *, prefix: str = "", status: int = 201, **more: object) -> str:
        """Answer as ReqPI does where ``document`` is a good lock.

        :returns: the index URL.
        """
        address = address_of(document)
        index = f"{self.url}{prefix}/{address}/simple/"
        answer = {"address": address, "index": index, "pins": 1, "warnings": []}
        self.says(f"{prefix}/locks", status, answer | more)
        return index

    def denies(self, *defects: dict[str, object], **more: object) -> None:
        """Answer as ReqPI does where the lock has defects."""
        problem = {
            "type": "urn:reqpi:lock-defects",
            "title": "the lock has defects",
            "status": 422,
            "detail": "Mend them.",
        }
        self.says("/locks", 422, problem | {"defects": defects} | more, "application/problem+json")

    def said(self, path: str) -> Said:
        """The answer to a request for ``path``."""
        said = self._said.get(path, Said(404, b"<html>no such page", {"Content-Type": "text/html"}))
        if path in self._next:
            self._said[path] = self._next.pop(path)
        return said


def _handler(scripted: Scripted) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b""
            if scripted.listens:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            scripted.seen.append(Seen(self.command, self.path, dict(self.headers), body))
            said = scripted.said(self.path)
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said.body)))
            with suppress(OSError):
                self.end_headers()
                self.wfile.write(said.body)

        do_POST = do_DELETE = do_GET

        def log_message(self, *_: object) -> None: ...

    return Handler
