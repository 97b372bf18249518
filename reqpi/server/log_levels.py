"""Which events of the log an operator sees.

Twisted reports at the level of information which factories start and stop, with their addresses in memory. Here its
information counts as debugging, and its warnings and errors as what they are.
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
    """Return an observer that passes on the events of a level and of those above it.

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
