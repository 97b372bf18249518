"""What a command prints of this program's own log."""

from __future__ import annotations

import sys
from typing import Any, cast

from twisted.logger import LogEvent, LogLevel, eventAsText, globalLogBeginner

__all__ = ["begin_logging"]


def begin_logging() -> None:
    """Print warnings and errors on stderr from now on, and drop the rest."""
    globalLogBeginner.beginLoggingTo([cast(Any, _to_stderr)], redirectStandardIO=False)


def _to_stderr(event: LogEvent) -> None:
    """Print one event as a person wants to read it between the lines of the command that runs."""
    if event["log_level"] < LogLevel.warn:
        return
    text = eventAsText(event, includeTimestamp=False, includeSystem=False)
    print(f"reqpi: {text}", file=sys.stderr)
