"""Several processes behind one port: one fetch, no connection lost, no process left behind."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from twisted.trial.unittest import SkipTest

from tests.end_to_end.case import EndToEnd
from tests.end_to_end.server import ROOT, Server
from tests.end_to_end.test_crowd import _take
from tests.fake_upstream.faults import Drip

_CLIENTS = 40


class WorkersCase(EndToEnd):
    """``twistd reqpi --workers 2``."""

    def started(self, *options: str) -> Server:
        return super().started("--upstream", self.upstream.url, "--workers", "2", *options)

    def workers(self) -> list[int]:
        """Their process ids, once there are two."""
        parent = self.server.pid
        children = Path(f"/proc/{parent}/task/{parent}/children")
        if not children.exists():
            raise SkipTest("the system does not say which processes are whose")
        return self.until(
            lambda: [int(pid) for pid in children.read_text("ascii").split()], lambda pids: len(pids) == 2
        )

    def until(self, look: Callable[[], Any], right: Callable[[Any], Any]) -> Any:
        end = monotonic() + 240
        while not right(found := look()):
            self.assertLess(monotonic(), end, found)
            sleep(0.05)
        return found

    def lines(self, worker: int) -> list[str]:
        """What a worker answered."""
        return [line for line in self.server.log if f"worker {worker}: " in line and '"GET ' in line]


@pytest.mark.every_python
class WorkersTests(WorkersCase):
    """Behind a TCP port."""

    def test_both_answer(self) -> None:
        """The kernel deals connections out."""
        index = self.committed()
        for _ in range(60):
            self.assertEqual(self.get(f"{index}top/")[0].status, 200)
        self.until(lambda: [len(self.lines(1)), len(self.lines(2))], all)

    def test_upstream_is_asked_once_by_all_of_them(self) -> None:
        """Each of the clients gets the right bytes, while they come."""
        file = self.upstream.wheel("large", "1.0", files={"large.bin": os.urandom(3 << 20)})
        index = self.committed("large==1.0\n")
        self.get(f"{index}large/")
        self.upstream.fail(file.filename, Drip(1 << 20, 0.5))
        taken = crowd(f"{index}large/{file.filename}")
        self.assertEqual({digest for _, digest in taken}, {file.sha256})
        self.assertEqual(len(self.upstream.asked(file.filename)), 1)
        self.assertTrue(all(self.until(lambda: [len(self.lines(1)), len(self.lines(2))], all)))

    def test_one_that_is_killed_is_replaced(self) -> None:
        """What comes meanwhile is answered."""
        index = self.committed()
        first, second = self.workers()
        os.kill(first, signal.SIGKILL)
        for _ in range(30):
            self.assertEqual(self.get(f"{index}top/")[0].status, 200)
        self.assertEqual(len(set(self.workers()) - {first, second}), 1)
        self.assertTrue([line for line in self.server.log if "ended: " in line and "signal 9" in line])

    def test_they_end_with_their_parent(self) -> None:
        """However it ends."""
        pids = self.workers()
        self.server.kill()
        self.until(lambda: [pid for pid in pids if alive(pid)], lambda left: not left)

    def test_they_end_when_it_is_told_to(self) -> None:
        """Before it does; once they have answered, for until then nobody waits for anybody."""
        pids = self.workers()
        for worker in (1, 2):
            self.until(lambda: self.get(f"{self.server.url}/")[0].status, lambda _, number=worker: self.lines(number))
        self.assertEqual(self.server.stop(), -signal.SIGTERM)
        self.assertEqual([pid for pid in pids if alive(pid)], [])

    def test_what_is_refused_is_told_by_all(self) -> None:
        """Each has counted its own."""
        index = self.committed()
        for _ in range(20):
            self.get(f"{index}flask/")
        self.until(lambda: self.refused(index), lambda found: found == {"flask"})

    def test_a_port_that_is_taken(self) -> None:
        """Ports that are shared are not shared with another server."""
        port = self.server.url.rpartition(":")[2]
        command = [sys.executable, "-m", "reqpi", "server", "--http", f"tcp:{port}:interface=127.0.0.1"]
        options = ["--store", str(self.folder / "another"), "--workers", "2", "--offline"]
        done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"reqpi: cannot listen on tcp:{port}:interface=127.0.0.1: The port is in use.", done.stderr)

    def test_a_store_that_cannot_be_used(self) -> None:
        """It is said once, before there is any worker."""
        command = [sys.executable, "-m", "reqpi", "server", "--http", "tcp:0:interface=127.0.0.1", "--offline"]
        done = subprocess.run(
            [*command, "--store", __file__, "--workers", "2"],
            cwd=ROOT, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        self.assertEqual(done.returncode, 1)
        self.assertIn("is a file: Name a directory", done.stdout + done.stderr)


class LogFileTests(WorkersCase):
    """Standard output is a file."""

    def test_each_worker_appends_its_access_log(self) -> None:
        """Each line has its number, and none has gone through the parent, whose events have its class."""
        path = self.folder / "log"
        command = [sys.executable, "-m", "reqpi", "server", "--http", "tcp:0:interface=127.0.0.1", "--offline"]
        with path.open("wb") as out:
            process = subprocess.Popen(
                [*command, "--store", str(self.folder / "logged"), "--workers", "2"],
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            )  # fmt: skip
        try:
            found = self.until(lambda: re.search(r"listening on (127\.0\.0\.1:\d+)", path.read_text()), bool)
            for worker in (1, 2):
                appended = re.compile(rf'^(\S+ \[reqpi\.access#info\] |\t)worker {worker}: 127.* "GET / ', re.MULTILINE)
                self.until(
                    lambda: self.get(f"http://{found[1]}/")[0].status, lambda _, a=appended: a.search(path.read_text())
                )
        finally:
            process.terminate()
            process.wait(240)


class SocketTests(WorkersCase):
    """Other endpoints than TCP."""

    def test_a_unix_socket(self) -> None:
        """One for all of them; it goes with them."""
        path = self.folder / "http.sock"
        server = self.started("--http", f"unix:{path}:mode=600")
        import socket

        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            self.assertEqual(client.recv(12)[8:], b" 200")
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.server = server
        ended, left = self.workers()
        os.kill(ended, signal.SIGTERM)
        self.until(self.workers, lambda pids: ended not in pids and left in pids)
        self.assertTrue(path.exists())
        server.stop()
        self.assertFalse(path.exists())


def crowd(url: str) -> list[tuple[float, str]]:
    """Forty clients for one file: when each got its first byte, and the sha256 of what it got."""
    return asyncio.run(_crowd(url))


async def _crowd(url: str) -> list[tuple[float, str]]:
    return await asyncio.gather(*(_take(url, monotonic()) for _ in range(_CLIENTS)))


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
