"""A neighbour, and a proxy in front of a Unix socket."""

from __future__ import annotations

import socket
from tempfile import TemporaryDirectory

from twisted.internet import reactor
from twisted.internet.threads import deferToThread

from reqpi.server.own_names import own_names
from reqpi.server.settings import Settings
from tests.web.case import WebCase


class UnixSocketTests(WebCase):
    """A Unix socket: no web page reaches it, and permissions decide who does."""

    settings = Settings()

    def listening(self) -> object:
        self.folder = TemporaryDirectory()  # the path of a Unix socket has 100 bytes at most
        self.path = f"{self.folder.name}/http"
        return reactor.listenUNIX(self.path, self.site)  # type: ignore[attr-defined]

    async def tearDown(self) -> None:
        await super().tearDown()
        self.folder.cleanup()

    async def status(self, host: str) -> int:
        def said() -> bytes:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(240)
                client.connect(self.path)
                client.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
                return client.recv(64)

        return int((await deferToThread(said)).split()[1])

    async def test_any_name_is_accepted_unless_the_operator_named_some(self) -> None:
        """A proxy passes on a name that the server was never told."""
        for settings, accepted, rejected in (
            (Settings(), ("localhost", "pypi.example.org"), ()),
            (Settings(url="https://pypi.example.org"), ("pypi.example.org", "localhost"), ("evil.example.org",)),
            (Settings(hosts=("pypi",)), ("pypi",), ("evil.example.org",)),
        ):
            self.site.names = own_names(settings, [self.port.getHost()])
            self.assertEqual([await self.status(host) for host in accepted], [200] * len(accepted))
            self.assertEqual([await self.status(host) for host in rejected], [421] * len(rejected))
