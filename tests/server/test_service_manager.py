"""Messages to a service manager."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from reqpi.server.service_manager import ServiceManager


class MessageTests(SynchronousTestCase):
    """A datagram socket, as systemd has one."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.receiver.close)
        self.receiver.setblocking(False)
        # The path of a Unix socket has at most 107 bytes: an abstract name never has too many.
        self.name = f"reqpi-test-{os.getpid()}-{id(self)}"
        self.receiver.bind("\0" + self.name)
        self.environ = {"NOTIFY_SOCKET": "@" + self.name}

    def received(self) -> list[str]:
        found = []
        while True:
            try:
                found.append(self.receiver.recv(1000).decode())
            except BlockingIOError:
                return found

    def test_nothing_is_sent_without_a_service_manager(self) -> None:
        manager = ServiceManager({"WATCHDOG_USEC": "1000000"})
        manager.ready(self.clock)
        manager.stopping()
        self.assertEqual((self.received(), self.clock.getDelayedCalls()), ([], []))

    def test_ready_and_stopping_are_one_message_each(self) -> None:
        manager = ServiceManager(self.environ)
        manager.ready(self.clock)
        self.assertEqual(self.received(), ["READY=1"])
        manager.stopping()
        self.assertEqual(self.received(), ["STOPPING=1"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_sign_of_life_is_sent_twice_in_the_time_of_the_watchdog(self) -> None:
        manager = ServiceManager(self.environ | {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())})
        manager.ready(self.clock)
        self.assertEqual(self.received(), ["READY=1", "WATCHDOG=1"])
        self.clock.advance(14.9)
        self.assertEqual(self.received(), [])
        self.clock.advance(0.2)
        self.assertEqual(self.received(), ["WATCHDOG=1"])

    def test_the_watchdog_of_another_process_is_not_ours(self) -> None:
        manager = ServiceManager(self.environ | {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"})
        manager.ready(self.clock)
        self.assertEqual(self.received(), ["READY=1"])

    def test_a_time_that_is_not_a_number_is_no_watchdog(self) -> None:
        for text in ("", "0", "-5", "soon", "²"):
            manager = ServiceManager(self.environ | {"WATCHDOG_USEC": text})
            manager.ready(self.clock)
            self.assertEqual(self.received(), ["READY=1"], text)

    def test_programs_that_the_server_starts_do_not_see_the_variables(self) -> None:
        environ = self.environ | {"WATCHDOG_USEC": "1", "WATCHDOG_PID": "2", "HOME": "/root"}
        ServiceManager(environ)
        self.assertEqual(environ, {"HOME": "/root"})

    def test_a_socket_in_the_file_system_is_reached_by_its_path(self) -> None:
        receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(receiver.close)
        folder = Path(self.mktemp())
        folder.mkdir(parents=True)
        before = Path.cwd()
        os.chdir(folder)
        self.addCleanup(os.chdir, before)
        receiver.bind("notify")
        ServiceManager({"NOTIFY_SOCKET": "notify"}).ready(self.clock)
        self.assertEqual(receiver.recv(100), b"READY=1")

    def test_a_socket_that_is_gone_stops_nothing(self) -> None:
        manager = ServiceManager({"NOTIFY_SOCKET": "/nonexistent/notify"})
        manager.ready(self.clock)
        manager.stopping()
