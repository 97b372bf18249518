"""A sparse index of crates on loopback, for one cargo: it lists releases, and has no files.

cargo is the only client that knows its URL. It sees no login of a registry or of a server. The index is also the HTTP
proxy of cargo, which answers requests to the index and refuses all others, so cargo reaches no other host or port.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_hex
from threading import Lock, Thread

from reqpi.core.crates.cargo_config import registry_key
from reqpi.core.crates.index import IndexLine, index_path
from reqpi.core.crates.model import Crate

__all__ = ["IndexUnknown", "Lines", "LoopbackIndex"]

Lines = Callable[[str, str], Sequence[IndexLine]]
"""A function that returns the lines of a crate, by its registry and its name in lower case; none if there is no such
crate. It is called from several threads, and may raise :class:`IndexUnknown`."""

_NAME = re.compile(r"[a-z0-9_-]{1,128}")


class IndexUnknown(Exception):
    """The lines of a crate cannot be obtained; the message says why."""


class LoopbackIndex:
    """The index, and the record of what it listed.

    :param registries: those that it stands for, beside cargo's default one.
    :ivar troubles: why lines could not be obtained.
    """

    def __init__(self, registries: Sequence[str], lines: Lines) -> None:
        self.registries = tuple(registries)
        self.troubles: list[str] = []
        self._by_key: Mapping[str, str] = {registry_key(registry): registry for registry in ("", *registries)}
        self._lines = lines
        self._listed: set[Crate] = set()
        self._lock = Lock()

    def has_listed(self, crate: Crate) -> bool:
        """Return whether it listed a crate, with its digest."""
        return crate in self._listed

    @contextmanager
    def served(self) -> Iterator[str]:
        """Serve while the block runs, and yield the URL, with a slash at its end."""
        secret = token_hex(16)
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, secret))
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="crates", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/{secret}/"
        finally:
            server.shutdown()
            server.server_close()

    def answer(self, path: str) -> bytes | None:
        """Return the content of a file of the index; ``None`` if there is none.

        :param path: below the URL.
        :raises IndexUnknown: it cannot be obtained.
        """
        key, _, rest = path.removeprefix("registry/").partition("/") if path.startswith("registry/") else ("", "", path)
        registry = self._by_key.get(key)
        if registry is None:
            return None
        if rest == "config.json":
            return json.dumps({"dl": "http://127.0.0.1:9/none"}).encode()
        name = rest.rpartition("/")[2]
        if not _NAME.fullmatch(name) or index_path(name) != rest:
            return None
        lines = self._obtained(registry, name)
        return b"".join(line.text.encode() + b"\n" for line in lines) or None

    def _obtained(self, registry: str, name: str) -> Sequence[IndexLine]:
        try:
            lines = self._lines(registry, name)
        except IndexUnknown as unknown:
            with self._lock:
                self.troubles.append(str(unknown))
            raise
        with self._lock:
            self._listed.update(Crate(line.name, line.vers, line.cksum, registry) for line in lines)
        return lines


def _handler(index: LoopbackIndex, secret: str) -> type[BaseHTTPRequestHandler]:
    """Return the class that answers requests to an index."""

    class Handler(BaseHTTPRequestHandler):
        """The base class refuses every other method, such as the CONNECT of a proxy."""

        protocol_version = "HTTP/1.1"
        timeout = 60
        disable_nagle_algorithm = True
        wbufsize = 1 << 16

        def do_GET(self) -> None:
            own = f"127.0.0.1:{self.connection.getsockname()[1]}"
            path = self.path.removeprefix(f"http://{own}")
            if self.headers["Host"] != own or not path.startswith("/"):
                self._send(403, b"this proxy leads to the index alone\n")
                return
            before, _, path = path[1:].partition("/")
            try:
                body = index.answer(path) if before == secret else None
            except IndexUnknown as unknown:
                self._send(403, str(unknown).encode("utf-8", "replace")[:500])
                return
            self._send(*((404, b"no such crate\n") if body is None else (200, body)))

        def _send(self, status: int, body: bytes) -> None:
            self.send_response_only(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: cargo reports what matters."""

    return Handler
