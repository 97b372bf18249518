"""The forwarder of a sealed child's connections, between sockets of this process."""

from __future__ import annotations

import socket
import struct
from contextlib import ExitStack
from threading import Thread

from twisted.trial.unittest import SynchronousTestCase

from reqpi.cli.processes.forwarder import Forwarder

RESET = struct.pack("ii", 1, 0)


class ForwarderTests(SynchronousTestCase):
    """A listener inside, and one outside."""

    def setUp(self) -> None:
        stack = ExitStack()
        self.addCleanup(stack.close)
        self.outside = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=500))
        self.outside.settimeout(240)
        self.forwarder = stack.enter_context(Forwarder())
        inside = socket.create_server(("127.0.0.1", 0), backlog=500)
        self.place = inside.getsockname()
        self.forwarder.forward(inside, self.outside.getsockname())

    def connected(self) -> socket.socket:
        client = socket.create_connection(self.place, 240)
        self.addCleanup(client.close)
        return client

    def accepted(self) -> socket.socket:
        server = self.outside.accept()[0]
        server.settimeout(240)
        self.addCleanup(server.close)
        return server

    def test_both_directions_are_copied_and_end_one_by_one(self) -> None:
        """A request that ends before its response begins is one that some clients make."""
        client, server = self.connected(), self.accepted()
        client.sendall(b"question")
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(server.makefile("rb").read(), b"question")
        server.sendall(b"answer")
        server.close()
        self.assertEqual(client.makefile("rb").read(), b"answer")

    def test_much_data_arrives_as_it_was_sent(self) -> None:
        content = bytes(range(256)) * 40_000
        client, server = self.connected(), self.accepted()
        sender = Thread(target=lambda: (server.sendall(content), server.close()))
        sender.start()
        self.assertEqual(client.makefile("rb").read(), content)
        sender.join()

    def test_a_reset_outside_is_a_reset_inside(self) -> None:
        """Otherwise a response that was cut off would look complete."""
        client, server = self.connected(), self.accepted()
        server.sendall(b"part")
        self.assertEqual(client.recv(4), b"part")
        server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        server.close()
        self.assertRaises(ConnectionResetError, client.recv, 1)

    def test_a_reset_inside_is_a_reset_outside(self) -> None:
        client, server = self.connected(), self.accepted()
        client.sendall(b"part")
        self.assertEqual(server.recv(4), b"part")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        client.close()
        self.assertRaises(ConnectionResetError, server.recv, 1)

    def test_nothing_outside_is_a_reset(self) -> None:
        self.outside.close()
        client = self.connected()
        self.assertRaises(ConnectionResetError, client.recv, 1)

    def test_connections_beyond_the_maximum_wait(self) -> None:
        """A child that opens many gets them all in the end, a hundred at a time."""
        clients = [self.connected() for _ in range(130)]
        servers = [self.accepted() for _ in range(100)]
        self.outside.setblocking(False)
        self.assertRaises(BlockingIOError, self.outside.accept)
        self.outside.settimeout(240)
        for each in [*clients[:100], *servers]:
            each.close()
        waiting = [self.accepted() for _ in range(30)]
        for server in waiting:
            server.sendall(b"x")
            server.close()
        self.assertEqual([client.recv(1) for client in clients[100:]], [b"x"] * 30)

    def test_when_it_is_closed_nothing_is_accepted(self) -> None:
        self.forwarder.__exit__(None, None, None)
        self.assertRaises(ConnectionRefusedError, socket.create_connection, self.place, 240)
