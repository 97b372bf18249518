"""``twistd reqpi`` in the background, as twistd runs by default."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from time import monotonic, sleep
from urllib.error import URLError
from urllib.request import urlopen

from twisted.trial.unittest import SynchronousTestCase

from tests.end_to_end.server import ROOT
from tests.ports import free_ports
from tests.storage.scratch import scratch

_LIMIT = 240.0


class DaemonTests(SynchronousTestCase):
    """It forks, serves, and ends on SIGTERM; what keeps it from starting is told to whoever started it."""

    def setUp(self) -> None:
        self.folder = scratch(self)
        self.pid_file = self.folder / "pid"
        [self.port] = free_ports(1)

    def started(self, *options: str, where: Sequence[str] | None = None) -> subprocess.CompletedProcess[str]:
        """Start it; twistd returns when the daemon serves, or has failed.

        :param where: its pid and its log are; ``None``: under names of our own.
        """
        command = "from twisted.scripts.twistd import run; run()"
        if where is None:
            where = ["--pidfile", str(self.pid_file), "--logfile", str(self.folder / "log")]
        listening = ["--http", f"tcp:{self.port}:interface=127.0.0.1", "--offline"]
        return subprocess.run(
            [sys.executable, "-c", command, *where, "reqpi", *listening, *options],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_LIMIT,
            check=False,
        )

    def until(self, true: object) -> None:
        end = monotonic() + _LIMIT
        while not true():  # type: ignore[operator]
            self.assertLess(monotonic(), end)
            sleep(0.02)

    def answers(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/", timeout=_LIMIT) as response:
                return bool(response.status == 200)
        except URLError:
            return False

    def test_it_serves_until_it_is_told_to_end(self) -> None:
        done = self.started("--store", str(self.folder / "store"))
        self.assertEqual(done.returncode, 0, done.stdout)
        pid = int(self.pid_file.read_text())
        try:
            self.until(self.answers)
        finally:
            os.kill(pid, signal.SIGTERM)
        self.until(lambda: not self.pid_file.exists())
        self.assertFalse(self.answers())

    def test_left_to_itself_it_keeps_its_pid_and_log_where_it_was_started(self) -> None:
        """As docs/operate says: one file stops it, and is gone then; the other stays."""
        self.pid_file = self.folder / "twistd.pid"
        done = self.started("--store", str(self.folder / "store"), where=())
        self.assertEqual(done.returncode, 0, done.stdout)
        log = self.folder / "twistd.log"
        try:
            self.until(self.answers)
            again = self.started("--store", str(self.folder / "store"), where=())
            self.assertIn("Another twistd server is running", again.stdout)
        finally:
            subprocess.run('kill "$(cat twistd.pid)"', shell=True, cwd=self.folder, check=True)
        self.until(lambda: not self.pid_file.exists())
        self.assertIn("listening on", log.read_text())

    def test_what_keeps_it_from_starting_is_told_at_once(self) -> None:
        (self.folder / "file").touch()
        done = self.started("--store", str(self.folder / "file"))
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, rf"(?m)^reqpi: {self.folder}/file cannot be the store: .* can be made\.$")
        self.assertEqual(len(done.stdout.splitlines()), 1, done.stdout)
        self.assertNotIn("Traceback", (self.folder / "log").read_text())
        self.assertFalse(self.pid_file.exists())

    def test_signals_of_log_rotation_and_of_a_lost_terminal_do_not_end_it(self) -> None:
        """The log that was moved is made anew, whether a signal comes or not; requests in flight are not cut off."""
        log = self.folder / "log"
        done = self.started("--store", str(self.folder / "store"))
        self.assertEqual(done.returncode, 0, done.stdout)
        pid = int(self.pid_file.read_text())
        try:
            self.until(self.answers)
            log.rename(self.folder / "log.1")
            os.kill(pid, signal.SIGUSR1)
            os.kill(pid, signal.SIGHUP)
            self.assertTrue(self.answers())
            self.until(lambda: log.exists() and "GET / " in log.read_text())
        finally:
            os.kill(pid, signal.SIGTERM)
        self.until(lambda: not self.pid_file.exists())
        self.assertEqual(log.stat().st_mode & 0o007, 0)

    def test_a_log_that_cannot_be_written_is_told_at_once(self) -> None:
        where = ["--pidfile", str(self.pid_file), "--logfile", str(self.folder / "missing" / "log")]
        done = self.started(where=where)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"(?m)^reqpi: the log .*missing/log cannot be written: ")
        self.assertNotIn("Traceback", done.stdout)
