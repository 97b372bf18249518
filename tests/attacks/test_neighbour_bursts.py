"""A neighbour opens connections faster than the reactor accepts them."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from pathlib import Path

from twisted.internet import reactor
from twisted.trial.unittest import SynchronousTestCase, TestCase

from reqpi.server.backlog import BACKLOG, with_backlog
from reqpi.server.server import Server
from reqpi.server.settings import Settings
from reqpi.server.workers.sockets import opened
from reqpi.storage.memory import MemoryStore
from tests.fake_index import PlainUpstream

LOOPBACK = "tcp:0:interface=127.0.0.1"
MOST = int(Path("/proc/sys/net/core/somaxconn").read_text())
BURST = min(500, MOST)


def connect_all(port: int) -> None:
    """Open connections that no one accepts; a full queue drops the first packet of the next, which then times out."""
    with ExitStack() as opened_:
        for _ in range(BURST):
            opened_.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))


class BurstTests(TestCase):
    """Connections wait in the kernel. It drops what the queue has no room for, and the client waits for a second."""

    async def test_500_connections_between_two_turns_of_the_reactor_are_all_kept(self) -> None:
        """This test does not return to the reactor between them, so none is accepted."""
        server = Server(Settings(listen=(LOOPBACK,)), reactor, MemoryStore(), PlainUpstream())
        server.startService()
        (port,) = await server.ready
        try:
            connect_all(port.getHost().port)
        finally:
            await server.stopService()

    def test_those_of_a_worker_too(self) -> None:
        sockets = opened(LOOPBACK, 1)
        self.addCleanup(sockets.close)
        connect_all(sockets.sockets[0].getsockname()[1])


class DescriptionTests(SynchronousTestCase):
    """An endpoint gets our backlog unless its description has one."""

    def test_each_kind_that_listens_gets_it(self) -> None:
        for description in ("tcp:80", "tcp6:80:interface=\\:\\:1", "ssl:443:privateKey=k", "unix:/s", "haproxy:tcp:80"):
            self.assertEqual(with_backlog(description), f"{description}:backlog={BACKLOG}")

    def test_that_of_the_operator_stays(self) -> None:
        self.assertEqual(with_backlog("tcp:80:backlog=7"), "tcp:80:backlog=7")

    def test_a_colon_of_a_path_is_not_one_of_the_description(self) -> None:
        self.assertEqual(with_backlog("unix:/a\\:backlog=7"), f"unix:/a\\:backlog=7:backlog={BACKLOG}")

    def test_a_socket_that_is_open_already_keeps_its_own(self) -> None:
        self.assertEqual(with_backlog("systemd:domain=INET:index=0"), "systemd:domain=INET:index=0")
