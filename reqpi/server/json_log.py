"""The log as lines of JSON, each an object with at least ``time``, ``level``, ``namespace`` and ``message``.

twisted.logger has a JSON format too, which contains every object of an event. This one is stable, and short.
"""

from __future__ import annotations

import json
import re
from typing import Any, TextIO, cast

from twisted.logger import FileLogObserver, ILogObserver, LogEvent, LogLevel, eventAsText

from reqpi.core.timestamps import timestamp

__all__ = ["JSON_LINES", "json_line", "json_observer", "with_worker"]

JSON_LINES = "json_lines"
"""The member of an event whose text is lines of JSON already: those of the access log, and those of a worker."""

_ESCAPED = re.compile("\x7f")


def json_observer(out: Any) -> ILogObserver:
    """Return an observer that writes lines of JSON.

    :param out: a text file.
    """
    return cast(ILogObserver, FileLogObserver(cast(TextIO, out), json_line))


def json_line(event: LogEvent) -> str:
    """Return an event as a line, or as several if it has them already."""
    lines = event.get(JSON_LINES)
    if lines is not None:
        return f"{lines}\n"
    shown: dict[str, Any] = {
        "time": timestamp(event.get("log_time", 0.0)),
        "level": cast(LogLevel, event.get("log_level", LogLevel.info)).name,
        "namespace": str(event.get("log_namespace", "")),
        "message": eventAsText(event, includeTraceback=False, includeTimestamp=False, includeSystem=False),
    }
    if "request_id" in event:
        shown["request_id"] = str(event["request_id"])
    failure = event.get("log_failure")
    if failure is not None:
        shown["traceback"] = failure.getTraceback()
    return f"{_dumped(shown)}\n"


def with_worker(line: str, worker: int) -> str:
    """Return a line of a worker with its number.

    :param line: an object of JSON, or a line of text, which becomes the message of one.
    """
    if line.startswith('{"') and line.endswith("}"):
        return f'{{"worker": {worker}, {line[1:]}'
    return _dumped({"worker": worker, "level": "error", "namespace": "", "message": line})


def _dumped(shown: dict[str, Any]) -> str:
    """Return JSON in ASCII, without any control character: it may be read on a terminal."""
    return _ESCAPED.sub("\\\\u007f", json.dumps(shown))
