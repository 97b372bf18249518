"""What a command prints of this program's own log."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, cast

from twisted.logger import LogEvent, LogLevel, eventAsText, globalLogBeginner

__all__ = ["begin_logging"]


_FOR_OPERATORS = ("reqpi.runtime.reactor_lag.ReactorLag",)
"""Warnings for an operator alone: the user of one command cannot change that the machine is busy."""


def begin_logging(*observers: Callable[[LogEvent], None]) -> None:
    """Print warnings and errors on stderr from now on, and drop the rest.

    :param observers: are shown every event, too.
    """
    globalLogBeginner.beginLoggingTo([cast(Any, each) for each in (_to_stderr, *observers)], redirectStandardIO=False)


def _to_stderr(event: LogEvent) -> None:
    """Print one event as a person wants to read it between the lines of the command that runs."""
    if event["log_level"] < LogLevel.warn or event.get("log_namespace") in _FOR_OPERATORS:
        return
    text = eventAsText(event, includeTimestamp=False, includeSystem=False)
    print(f"reqpi: {text}", file=sys.stderr)
