"""A host of archives and git repositories on loopback, over TLS: what locks name beside indexes."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Self
from urllib.parse import unquote

from twisted.trial.unittest import SkipTest

from tests.fake_upstream.authority import make_certificates
from tests.fake_upstream.exchange import Request

__all__ = ["Repository", "SourceHost"]

_IDENTITY = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_AUTHOR_DATE": "1700000000 +0100",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_COMMITTER_DATE": "1700000000 +0100",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


class Repository:
    """A repository that a :class:`SourceHost` serves.

    :ivar url: where; for a lock, ``git+`` and ``@`` and a commit are missing.
    """

    def __init__(self, folder: Path, url: str, *kind: str) -> None:
        self.folder = folder
        self.url = url
        self.git("init", "--quiet", "--initial-branch=main", *kind, str(folder), here=False)

    def git(self, *arguments: str, here: bool = True, data: bytes = b"") -> str:
        """What git prints, being given ``data``."""
        where = ["-C", str(self.folder)] if here else []
        environment = {**os.environ, **_IDENTITY}
        done = subprocess.run(["git", *where, *arguments], env=environment, input=data, capture_output=True, check=True)
        return done.stdout.decode().strip()

    def commit(self, files: Mapping[str, str | bytes] | None = None, message: str = "a commit") -> str:
        """Commit ``files`` beside those that are there; the id."""
        for name, content in (files or {}).items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def add_submodule(self, path: str, url: str, commit: str) -> str:
        """Commit a submodule, as ``git submodule add`` would; the id."""
        self.git("config", "--file", ".gitmodules", f"submodule.{path}.path", path)
        self.git("config", "--file", ".gitmodules", f"submodule.{path}.url", url)
        self.git("update-index", "--add", "--cacheinfo", f"160000,{commit},{path}")
        self.git("add", ".gitmodules")
        self.git("commit", "--quiet", "--message", "a submodule")
        return self.git("rev-parse", "HEAD")


class SourceHost:
    """The host. It serves from the moment it is made until :meth:`close`.

    :ivar authority: the certificate that clients have to trust.
    :ivar requests: every request so far, oldest first; paths with their queries.
    :ivar connections: how many there were, those that asked for nothing included.
    :ivar archives: bytes by path.
    :ivar redirects: where to, by the beginning of a path; the rest of the path is appended where that ends in ``*``.
    :ivar protocols: whether git's newer protocols are spoken: without them no commit is given by its id.
    :ivar before: called before each answer, on its thread.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self.archives: dict[str, bytes] = {}
        self.redirects: dict[str, str] = {}
        self.protocols = True
        self.before: Callable[[Request], None] = lambda _: None
        self._folder = TemporaryDirectory()
        self._root = Path(self._folder.name)
        (self._root / "git").mkdir()
        self.authority, context = make_certificates(self._root)
        self._server = _Server(self)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port: int = self._server.server_address[1]
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def name(self) -> str:
        """For ``--allow-host``."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """``https://127.0.0.1:40123``."""
        return f"https://{self.name}"

    def archive(self, name: str, content: bytes) -> str:
        """Serve a file; its URL."""
        self.archives[f"/{name}"] = content
        return f"{self.url}/{name}"

    def repository(self, name: str, *kind: str) -> Repository:
        """Serve a repository, empty at first.

        :raises twisted.trial.unittest.SkipTest: there is no git that could.
        """
        if not _has_backend():
            raise SkipTest("there is no git http-backend here")
        return Repository(self._root / "git" / name, f"{self.url}/git/{name}", *kind)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it. Repeating does nothing."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._folder.cleanup()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request, on its handler's thread."""
        headers = {name.lower(): value for name, value in handler.headers.items()}
        request = Request(handler.command, handler.path, headers)
        self.requests.append(request)
        self.before(request)
        path, _, query = handler.path.partition("?")
        target = next((self.redirects[each] for each in self.redirects if path.startswith(each)), None)
        if target is not None:
            rest = handler.path[len(next(each for each in self.redirects if path.startswith(each))) :]
            _give(handler, 302, {"Location": f"{target[:-1]}{rest}" if target.endswith("*") else target})
        elif path in self.archives:
            _give(handler, 200, {}, self.archives[path])
        elif path.startswith("/git/"):
            self._backend(handler, request, unquote(path), query)
        else:
            _give(handler, 404, {})

    def _backend(self, handler: BaseHTTPRequestHandler, request: Request, path: str, query: str) -> None:
        """As a web server runs it (git-http-backend(1))."""
        body = handler.rfile.read(int(request.headers.get("content-length", "0")))
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_PROJECT_ROOT": str(self._root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": request.method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": request.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
        }
        if self.protocols:
            environment["GIT_PROTOCOL"] = request.headers.get("git-protocol", "")
        done = subprocess.run(["git", "http-backend"], input=body, env=environment, capture_output=True, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        answered = dict(line.split(": ", 1) for line in head.decode().splitlines())
        status = int(answered.pop("Status", "200 OK").split()[0])
        _give(handler, status, answered, content)


def _has_backend() -> bool:
    if which("git") is None:
        return False
    where = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip()
    return (Path(where) / "git-http-backend").exists()


def _give(handler: BaseHTTPRequestHandler, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
    try:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
    except OSError:
        handler.close_connection = True  # whoever asked has gone


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self.server.host.answer(self)

    do_POST = do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Tests read :attr:`SourceHost.requests`."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, host: SourceHost) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.host = host

    def get_request(self) -> tuple[socket.socket, object]:
        self.host.connections += 1
        return super().get_request()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no error."""
