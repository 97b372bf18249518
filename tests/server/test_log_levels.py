"""Which events of the log an operator sees."""

from __future__ import annotations

from typing import Any

from twisted.logger import LogEvent, Logger, LogLevel, LogPublisher
from twisted.trial.unittest import SynchronousTestCase

from reqpi.server.log_levels import at_level
from reqpi.server.options import LEVELS


class LevelTests(SynchronousTestCase):
    """An event below the level is not written, and Twisted's own information counts as debugging."""

    def seen(self, level: str, *namespaces: str) -> list[tuple[str, str]]:
        seen: list[tuple[str, str]] = []

        def observer(event: LogEvent) -> None:
            seen.append((event["log_namespace"], event["log_level"].name))

        observed: Any = at_level(observer, level)  # type: ignore[arg-type]
        publisher = LogPublisher(observed)
        for namespace in namespaces:
            for each in (LogLevel.debug, LogLevel.info, LogLevel.warn, LogLevel.error, LogLevel.critical):
                Logger(namespace, observer=publisher).emit(each, "said")
        return seen

    def test_a_level_has_what_is_above_it(self) -> None:
        names = [*LEVELS, "critical"]
        for level in LEVELS:
            expected = [("reqpi.server.server.Server", name) for name in names[names.index(level) :]]
            self.assertEqual(self.seen(level, "reqpi.server.server.Server"), expected)

    def test_the_information_of_twisted_is_debugging(self) -> None:
        for namespace in ("twisted.web.client._HTTP11ClientFactory", "log_legacy"):
            self.assertEqual([name for _, name in self.seen("info", namespace)], ["warn", "error", "critical"])
            self.assertEqual(len(self.seen("debug", namespace)), 5)
