"""What the end-to-end tests have in common: an upstream, a server, and locks committed to it."""

from __future__ import annotations

import json
import subprocess
import sys
from hashlib import sha256
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from twisted.trial.unittest import SynchronousTestCase

from tests.end_to_end.server import ROOT, Server
from tests.fake_upstream import Distribution, Upstream
from tests.sourcehost import SourceHost

__all__ = ["LOCK", "EndToEnd", "WithSources"]

LOCK = 'top==1.0\nmid==1.5\nsource==3.0\nlonely==1.0; python_version < "3"\n'
"""What is pinned of what :class:`EndToEnd` puts on its upstream."""


@pytest.mark.processes
class EndToEnd(SynchronousTestCase):
    """A server in front of an upstream that has more than any lock pins.

    ``top`` needs ``mid``, which needs ``source``, which is an sdist; each has a newer version that no lock pins.
    """

    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.store = self.folder / "store"
        self.upstream = Upstream()
        self.addCleanup(self.upstream.close)
        self.files = self.stocked()
        self.server = self.started()

    def stocked(self) -> dict[str, Distribution]:
        """Fill the upstream; what of it ``LOCK`` pins, by project."""
        for name, version in (("top", "2.0"), ("mid", "1.6"), ("other", "1.0")):
            self.upstream.wheel(name, version)
        self.upstream.sdist("source", "4.0")
        return {
            "top": self.upstream.wheel("top", "1.0", ["mid>=1", 'windows; sys_platform == "win32"']),
            "mid": self.upstream.wheel("mid", "1.5", ["source"]),
            "source": self.upstream.sdist("source", "3.0"),
            "lonely": self.upstream.wheel("lonely", "1.0"),
        }

    def started(self, *options: str) -> Server:
        """Start a server on the same store."""
        server = Server(self.store, *(options or ("--upstream", self.upstream.url)))
        self.addCleanup(server.stop)
        return server

    def committed(self, lock: str = LOCK) -> str:
        """Commit as a user would; the index's URL. The address in it is what ``sha256sum`` prints."""
        file = self.folder / "requirements.txt"
        file.write_text(lock)
        command = [sys.executable, "-m", "reqpi", "gethash", "--url", self.server.url, str(file)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        index = done.stdout.strip()
        self.assertEqual(index, f"{self.server.url}/{sha256(lock.encode()).hexdigest()}/simple/")
        return index

    def posted(self, lock: str = LOCK) -> str:
        """Commit as a script would, for which no file is fetched early; the index's URL."""
        (self.folder / "requirements.txt").write_text(lock)
        request = Request(f"{self.server.url}/locks", lock.encode(), method="POST")
        with urlopen(request, timeout=240) as response:
            self.assertIn(response.status, (200, 201))
        return f"{self.server.url}/{sha256(lock.encode()).hexdigest()}/simple/"

    def get(self, url: str, **headers: str) -> tuple[HTTPResponse, bytes]:
        """Ask the server, on a connection of its own.

        :raises http.client.IncompleteRead: the body ended early.
        """
        parts = urlsplit(url)
        connection = HTTPConnection(parts.netloc, timeout=240)
        try:
            connection.request("GET", parts._replace(scheme="", netloc="").geturl(), headers=headers)
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def post(self, url: str, document: bytes) -> tuple[HTTPResponse, bytes]:
        """Commit a lock, on a connection of its own."""
        parts = urlsplit(url)
        connection = HTTPConnection(parts.netloc, timeout=240)
        try:
            connection.request("POST", parts.path, document)
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def served(self, url: str) -> bytes:
        """What the server serves once it does: some failures are not asked for again for some seconds.

        :returns: the body.
        """
        end = monotonic() + 240
        while True:
            try:
                response, body = self.get(url)
            except (HTTPException, ConnectionError):
                continue
            if response.status == 200:
                return body
            self.assertLess(monotonic(), end, body)
            sleep(0.2)

    def refused(self, index: str) -> set[str]:
        """The projects that were asked for under an address and not admitted."""
        document: Any = json.loads(self.get(index.removesuffix("simple/") + "refused")[1])
        return {entry["project"] for entry in document["refused"]}


class WithSources(EndToEnd):
    """Archives and repositories beside the index."""

    def setUp(self) -> None:
        self.host = SourceHost()
        self.addCleanup(self.host.close)
        self.allowed = ("--allow-host", self.host.name, "--ca", str(self.host.authority))
        super().setUp()

    def started(self, *options: str) -> Server:
        """Start a server that may ask the host, too."""
        return super().started(*(options or ("--upstream", self.upstream.url, *self.allowed)))
