"""A log file is appended to, and rotated from outside."""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import Misconfigured
from reqpi.runtime.log_file import LogFile


class LogFileTests(SynchronousTestCase):
    """No line is lost by rotation, and no client by a log that cannot be written."""

    def setUp(self) -> None:
        self.path = Path(self.mktemp())

    def test_it_is_appended_to_and_can_be_rotated(self) -> None:
        """Moved away, it is made anew; no signal is needed, and no line is lost."""
        self.path.write_text("before\n")
        log = LogFile(self.path, "the log")
        log.write("one\n")
        os.rename(self.path, f"{self.path}.1")
        log.write("two\n")
        log.write("three\n")
        self.assertEqual(Path(f"{self.path}.1").read_text(), "before\none\n")
        self.assertEqual(self.path.read_text(), "two\nthree\n")

    def test_it_is_not_renamed_however_large_it_gets(self) -> None:
        log = LogFile(self.path, "the log")
        for _ in range(5):
            log.write("x" * (1 << 20))
        self.assertEqual(self.path.stat().st_size, 5 << 20)
        self.assertEqual(list(self.path.parent.glob(f"{self.path.name}*")), [self.path])

    def test_others_may_not_read_it(self) -> None:
        LogFile(self.path, "the log").write("line\n")
        self.assertEqual(self.path.stat().st_mode & 0o007, 0)

    def test_a_log_that_cannot_be_written_stops_nobody_and_is_reported_once(self) -> None:
        reported: list[str | None] = []
        log = LogFile(self.path / "missing", "the log", reported.append)
        for _ in range(3):
            log.write("lost\n")
        self.path.mkdir()
        for _ in range(2):
            log.write("kept\n")
        self.assertEqual((self.path / "missing").read_text(), "kept\n" * 2)
        self.assertEqual(reported, ["No such file or directory", None])

    def test_a_log_that_cannot_be_opened_is_an_error_at_the_start(self) -> None:
        said = self.assertRaises(Misconfigured, LogFile(self.path / "missing", "the log").open)
        self.assertIn(str(self.path), said.title)
