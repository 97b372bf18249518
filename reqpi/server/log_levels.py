"""The events that are logged.

Twisted reports at level info which factories start and stop, with their addresses in memory. Here these events count
as debug; its warnings and errors keep their level.
"""

from __future__ import annotations

from typing import Any, cast

from twisted.logger import (
    FilteringLogObserver,
    ILogObserver,
    LogEvent,
    LogLevel,
    LogLevelFilterPredicate,
    PredicateResult,
)

__all__ = ["at_level"]

_OURS = ("reqpi", "stdout", "stderr")


def at_level(observer: ILogObserver, level: str) -> ILogObserver:
    """Return an observer that passes on the events of a level and above.

    :param level: one of :data:`reqpi.server.options.LEVELS`.
    """
    if level == "debug":
        return observer
    by_level = LogLevelFilterPredicate(LogLevel.levelWithName(level))
    predicates: Any = [_without_twisted, by_level]
    return cast(ILogObserver, FilteringLogObserver(observer, predicates))


def _without_twisted(event: LogEvent) -> Any:
    """Drop what Twisted reports below a warning."""
    ours = str(event.get("log_namespace", "")).partition(".")[0] in _OURS
    quiet = event.get("log_level", LogLevel.info) in (LogLevel.debug, LogLevel.info)
    return PredicateResult.no if quiet and not ours else PredicateResult.maybe
