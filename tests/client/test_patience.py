"""A server that is slow, or silent, or speaks nonsense."""

from __future__ import annotations

import contextlib
import socket
from threading import Event, Thread
from time import monotonic

from reqpi.client import ServerTrouble, commit
from tests.client.case import ALONE, ClientTestCase


class PatienceTests(ClientTestCase):
    """Nothing that a server does keeps a client for longer than its bounds."""

    def serve(self, first: bytes, drop: bytes = b"") -> str:
        """Say ``first``; then ``drop``, again and again."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        over = Event()

        def talk() -> None:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(first)
                while not over.wait(0.02):
                    connection.sendall(drop)

        thread = Thread(target=talk)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(over.set)
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    def test_silence_is_given_up(self) -> None:
        """The connection stands, and nothing comes."""
        self.patch_bound("SILENCE", 0.2)
        began = monotonic()
        error = self.assertRaises(ServerTrouble, commit, self.serve(b""), ALONE)
        self.assertIn("does not answer in time", error.title)
        self.assertLess(monotonic() - began, 60, "the bound is not the one that this test has set")

    def test_a_trickle_is_given_up(self) -> None:
        """Each byte comes in time, and the whole never would."""
        self.patch_bound("WHOLE", 0.3)
        url = self.serve(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", b" ")
        error = self.assertRaises(ServerTrouble, commit, url, ALONE)
        self.assertIn("did not finish", error.title)

    def test_something_that_is_not_http(self) -> None:
        """The message asks whether the port is right."""
        error = self.assertRaises(ServerTrouble, commit, self.serve(b"SSH-2.0-OpenSSH_9.9\r\n"), ALONE)
        self.assertIn("Is the port right", error.detail)
