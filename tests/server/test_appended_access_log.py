"""A process appends its access log to the server's own log, if that is a file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from reqpi.server.access_log import access_log
from reqpi.server.settings import Settings
from reqpi.web.http.accesslog import AccessLog


class WorkerAccessLogTests(SynchronousTestCase):
    """Two workers, and the log that they share."""

    def setUp(self) -> None:
        self.path = Path(self.mktemp())
        self.clock = Clock()
        self.events: list[Any] = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)

    def log_of(self, worker: int, **settings: Any) -> AccessLog:
        made = access_log(self.clock, Settings(worker=worker, **{"log_file": self.path} | settings))
        assert made is not None
        return made

    def logged(self, *logs: AccessLog, lines: int = 3) -> list[str]:
        """Have each log take some lines, and return all that is in the file."""
        for log in logs:
            for number in range(lines):
                log.note_ready("192.0.2.1", "", log.text_of(f"GET /{number} HTTP/1.1", '200 5 "-" "x"'), 0.0)
            log.flush()
        return self.path.read_text().splitlines()

    def test_each_line_has_the_number_of_its_worker(self) -> None:
        """The first of a batch has the time of the log as well."""
        lines = self.logged(self.log_of(1), self.log_of(2))
        first, *rest = [line.partition(" 192.0.2.1 ")[0] for line in lines]
        self.assertRegex(first, r"^\d{4}-\d\d-\d\dT\S+ \[reqpi.access#info\] worker 1:$")
        self.assertEqual(rest[:2], ["\tworker 1:"] * 2)
        self.assertEqual(rest[3:], ["\tworker 2:"] * 2)
        self.assertEqual(self.events, [])

    def test_lines_of_json_have_it_too(self) -> None:
        log = self.log_of(2, log_format="json")
        found = [json.loads(line) for line in self.logged(log)]
        self.assertEqual([line["worker"] for line in found], [2] * 3)
        self.assertEqual([line["target"] for line in found], ["/0", "/1", "/2"])

    def test_a_log_that_was_moved_is_created_again(self) -> None:
        log = self.log_of(1)
        self.logged(log)
        os.rename(self.path, f"{self.path}.1")
        self.assertEqual(len(self.logged(log, lines=1)), 1)

    def test_the_log_may_be_an_open_file(self) -> None:
        """It is the standard output of the parent, and its position is shared."""
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600)
        self.addCleanup(os.close, descriptor)
        self.assertEqual(len(self.logged(*(self.log_of(worker, log_file=descriptor) for worker in (1, 2)))), 6)

    def test_a_log_that_the_worker_may_not_open_goes_through_the_parent(self) -> None:
        self.path.mkdir()
        log = self.log_of(1, log_file=self.path / "missing" / "log")
        log.note("line")
        log.flush()
        self.assertEqual([event.get("lines") for event in self.events], ["line"])

    def test_a_log_without_information_has_no_line(self) -> None:
        """As the access log is information, it is left to the level of the log."""
        self.path.touch()
        self.assertEqual(self.logged(self.log_of(1, log_level="warn")), [])

    def test_the_lines_of_a_single_process_have_no_number(self) -> None:
        first, second, _ = self.logged(self.log_of(0))
        self.assertIn(" [reqpi.access#info] 192.0.2.1 ", first)
        self.assertTrue(second.startswith("\t192.0.2.1 "), second)
        found = self.logged(self.log_of(0, log_format="json"))[3:]
        self.assertEqual({"worker" in json.loads(line) for line in found}, {False})
