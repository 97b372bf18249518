"""An expected failure is a line of the log, and a fault has its traceback."""

from __future__ import annotations

from typing import Any, cast

from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import StoreTrouble
from reqpi.runtime.troubles import log_trouble


class TroubleTests(SynchronousTestCase):
    """The events of both."""

    def logged(self, error: Exception) -> list[dict[str, object]]:
        events: list[dict[str, object]] = []
        try:
            raise error from OSError(5, "Input/output error", "/srv/reqpi/records/a")
        except Exception:
            log_trouble(Logger(observer=cast(Any, events.append)), "the hold failed", Failure())
        return events

    def test_an_outage_of_the_store_is_one_line_with_its_path(self) -> None:
        [event] = self.logged(StoreTrouble("the store cannot be read", "Try again."))
        self.assertEqual(event["log_level"], LogLevel.warn)
        self.assertNotIn("log_failure", event)
        self.assertIn("/srv/reqpi/records/a", str(event["words"]))

    def test_a_fault_has_its_traceback(self) -> None:
        [event] = self.logged(LookupError("it is not there"))
        self.assertEqual(event["log_level"], LogLevel.critical)
        self.assertIn("log_failure", event)
