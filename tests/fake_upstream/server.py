"""The upstream itself: an HTTP server in threads, with a log to wait on and faults to set."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import SSLContext
from tempfile import TemporaryDirectory
from threading import Condition, Event, Thread
from typing import Any, Self

from packaging.utils import canonicalize_name

from tests.fake_upstream.answers import Index, answer, kind
from tests.fake_upstream.authority import make_certificates
from tests.fake_upstream.distributions import build_sdist, build_wheel, core_metadata, sdist_filename, wheel_filename
from tests.fake_upstream.exchange import Answer, Exchange, Gone, Request
from tests.fake_upstream.faults import Fault, First, Hang, Later
from tests.fake_upstream.pages import Distribution, Style

__all__ = ["Upstream"]


def _project_of(filename: str) -> str:
    """Return the project of a file. The name of an sdist may contain dashes."""
    name = filename.split("-", maxsplit=1)[0] if filename.endswith(".whl") else filename.rpartition("-")[0]
    return canonicalize_name(name)


class Upstream:
    """An index on loopback. It serves from its creation until :meth:`close`.

    :ivar style: how it speaks; may be replaced at any time.
    :ivar statuses: of projects, by normalised name: ``("archived", "no more")``.
    :ivar requests: every request so far, oldest first.
    :ivar connections: how many there were, those without a request included.
    :ivar authority: the certificate that clients have to trust, with ``tls``.
    """

    def __init__(self, style: Style | None = None, tls: bool = False) -> None:
        self.style = style or Style()
        self.statuses: dict[str, Sequence[str]] = {}
        self.requests: list[Request] = []
        self.connections = 0
        self.authority: Path | None = None
        self._listed: dict[str, dict[str, Distribution]] = {}
        self._files: dict[str, Distribution] = {}
        self._faults: dict[str, tuple[Fault, Counter[str]]] = {}
        self._asked = Condition()
        self._closing = Event()
        self._folder = TemporaryDirectory()
        context = None
        if tls:
            self.authority, context = make_certificates(Path(self._folder.name))
        self._servers = [_Server(self, context), _Server(self, context)]
        self._here, self._elsewhere = (server.origin for server in self._servers)

    @property
    def origin(self) -> str:
        """Scheme, host and port: ``http://127.0.0.1:40123``."""
        return self._here

    @property
    def url(self) -> str:
        """Of the index: ``http://127.0.0.1:40123/simple/``."""
        return f"{self._here}/simple/"

    def file_url(self, distribution: Distribution) -> str:
        """Return the URL of a file."""
        return f"{self._here}/files/{distribution.filename}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End everything at once, hanging handlers included. Repeated calls do nothing."""
        self._closing.set()
        for fault, _ in self._faults.values():
            _release(fault)
        for server in self._servers:
            server.end()
        self._folder.cleanup()

    # What is on it

    def add(self, distribution: Distribution) -> Distribution:
        """List a file and serve it, replacing one of the same name."""
        project = _project_of(distribution.filename)
        self._listed[project] = {**self._listed.get(project, {}), distribution.filename: distribution}
        self._files[distribution.filename] = distribution
        return distribution

    def wheel(
        self,
        name: str,
        version: str,
        requires: Iterable[str] = (),
        *,
        python_requires: str | None = None,
        tag: str = "py3-none-any",
        files: Mapping[str, bytes] | None = None,
        **more: Any,
    ) -> Distribution:
        """Build a wheel and add it.

        :param more: for :class:`Distribution`.
        """
        content = build_wheel(name, version, requires, python_requires=python_requires, tag=tag, files=files)
        metadata = core_metadata(name, version, requires, python_requires)
        filename = wheel_filename(name, version, tag)
        values = {"metadata": metadata, "python_requires": python_requires, **more}
        return self.add(Distribution(filename, content, **values))

    def sdist(
        self,
        name: str,
        version: str,
        requires: Iterable[str] = (),
        *,
        python_requires: str | None = None,
        build_requires: Iterable[str] = (),
        form: str = "tar.gz",
        **more: Any,
    ) -> Distribution:
        """Build an sdist and add it.

        :param more: for :class:`Distribution`.
        """
        content = build_sdist(
            name, version, requires, python_requires=python_requires, build_requires=build_requires, form=form
        )
        return self.add(
            Distribution(sdist_filename(name, version, form), content, python_requires=python_requires, **more)
        )

    def delist(self, distribution: Distribution) -> None:
        """Remove a file from its page. It is still served at its URL."""
        project = _project_of(distribution.filename)
        self._listed[project] = {name: file for name, file in self._listed[project].items() if file != distribution}

    def remove(self, distribution: Distribution) -> None:
        """Remove a file and its entry on the page."""
        self.delist(distribution)
        del self._files[distribution.filename]

    # What goes wrong with it

    def fail(self, where: str, fault: Fault) -> None:
        """Set a fault, replacing an earlier one.

        :param where: a path, a filename, or everything of a kind: ``root``, ``page``, ``file``, ``metadata``.
            The most exact one counts.
        """
        self._faults[where] = fault, Counter()

    def heal(self, where: str) -> None:
        """Remove a fault; requests that hang because of it continue."""
        fault, _ = self._faults.pop(where)
        _release(fault)

    # What was asked of it

    def asked(self, part: str = "") -> list[Request]:
        """Return the requests so far whose path contains ``part``, oldest first."""
        with self._asked:
            return [request for request in self.requests if part in request.path]

    def wait_for(self, number: int, part: str = "", limit: float = 240) -> Request:
        """Wait for ``number`` requests whose path contains ``part``, and return the last of them.

        :param limit: seconds.
        :raises TimeoutError: there were fewer.
        """
        with self._asked:
            if not self._asked.wait_for(lambda: len(self.asked(part)) >= number, limit):
                raise TimeoutError(f"{len(self.asked(part))} requests for {part!r} in {limit} s, not {number}")
            return self.asked(part)[number - 1]

    def forget(self) -> None:
        """Empty the log."""
        with self._asked:
            self.requests.clear()

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request, on its handler's thread."""
        headers = {name.lower(): value for name, value in handler.headers.items()}
        request = Request(handler.command, handler.path.partition("?")[0], headers)
        with self._asked:
            self.requests.append(request)
            fault, count = self._fault(request.path)
            self._asked.notify_all()
        exchange = Exchange(request, self.healthy_answer(request), count, self._closing, handler)
        try:
            if fault:
                fault.play(exchange)
            else:
                exchange.give(exchange.answer)
        except Gone:
            handler.close_connection = True

    def healthy_answer(self, request: Request) -> Answer:
        """Return the answer to a request, if no fault is set."""
        index = Index(self.style, self._here, self._elsewhere, self._listed, self._files, self.statuses)
        return answer(index, request)

    def kind_of(self, path: str) -> str:
        """Return what a path leads to: a fault can be set for everything of a kind."""
        return kind(path)

    def _fault(self, path: str) -> tuple[Fault | None, int]:
        for where in (path, path.rpartition("/")[2], self.kind_of(path)):
            if where in self._faults:
                fault, counts = self._faults[where]
                counts[path] += 1
                return fault, counts[path]
        return None, 0


def _release(fault: Fault) -> None:
    if isinstance(fault, Hang):
        fault.release()
    elif isinstance(fault, First | Later):
        _release(fault.fault)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self.server.upstream.serve(self)

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Tests read :attr:`Upstream.requests`."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, upstream: Upstream, context: SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.origin = f"{'https' if context else 'http'}://127.0.0.1:{self.server_address[1]}"
        if context:
            # The handshake belongs to a connection's own thread: one that hangs there holds up nobody else.
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self._open: set[socket.socket] = set()
        self._thread = Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._open.add(connection)
        self.upstream.connections += 1
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a client that disconnected; a real error shows as an answer that never arrives."""

    def end(self) -> None:
        self.shutdown()
        self.server_close()
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self._thread.join()
