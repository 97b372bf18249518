"""The part of the program's own log that a command prints."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, cast

from twisted.logger import LogEvent, LogLevel, eventAsText, globalLogBeginner

from reqpi.cli.messages import visible

__all__ = ["begin_logging"]


_FOR_OPERATORS = ("reqpi.runtime.reactor_lag.ReactorLag",)
"""The sources of warnings for an operator only: the user of a command cannot change that the machine is busy."""


def begin_logging(*observers: Callable[[LogEvent], None]) -> None:
    """Print warnings and errors on stderr from now on, and drop all other events.

    :param observers: called with every event as well.
    """
    globalLogBeginner.beginLoggingTo([cast(Any, each) for each in (_to_stderr, *observers)], redirectStandardIO=False)


def _to_stderr(event: LogEvent) -> None:
    """Print an event without timestamp and namespace, between the output lines of the running command.

    An upstream may have chosen a part of its text, so control characters are escaped.
    """
    if event["log_level"] < LogLevel.warn or event.get("log_namespace") in _FOR_OPERATORS:
        return
    text = eventAsText(event, includeTimestamp=False, includeSystem=False)
    print("\n".join(visible(line) for line in f"reqpi: {text}".split("\n")), file=sys.stderr)
