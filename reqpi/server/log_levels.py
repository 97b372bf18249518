"""The events that are logged, and their text without control characters.

Twisted reports at level info which factories start and stop, with their addresses in memory. Here these events count
as debug; its warnings and errors keep their level.
"""

from __future__ import annotations

import re
from typing import Any, cast

from twisted.logger import (
    FilteringLogObserver,
    ILogObserver,
    LogEvent,
    LogLevel,
    LogLevelFilterPredicate,
    PredicateResult,
    eventAsText,
)

__all__ = ["at_level", "harmless"]

_TEXT_OF = ("log_failure", "log_flattened", "log_io", "failure", "isError", "message", "format", "why")
"""The members from which observers make text by themselves."""

_OURS = ("reqpi", "stdout", "stderr")


_PLAIN = b"\t\n" + bytes(range(0x20, 0x7F))

_CONTROL = re.compile(r"[^\t\n\x20-\x7e]")


def at_level(observer: ILogObserver, level: str) -> ILogObserver:
    """Return an observer that passes on the events of a level and above, with :func:`harmless` text.

    :param level: one of :data:`reqpi.server.options.LEVELS`.
    """
    observer = _harmless_to(observer)
    if level == "debug":
        return observer
    by_level = LogLevelFilterPredicate(LogLevel.levelWithName(level))
    predicates: Any = [_without_twisted, by_level]
    return cast(ILogObserver, FilteringLogObserver(observer, predicates))


def harmless(text: str) -> str:
    """Return ``text`` with control characters and terminal escapes escaped, except for tabs and line ends.

    An upstream, a client or a lock may have chosen parts of it, and a log is read on a terminal.
    """
    return _CONTROL.sub(lambda found: found[0] if found[0].isprintable() else _escaped(found[0]), text)


def _is_plain(text: str) -> bool:
    """Return whether ``_CONTROL`` matches nothing: for a batch of lines this takes a twentieth of the time."""
    return text.isascii() and not text.encode("ascii").translate(None, _PLAIN)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def _harmless_to(observer: ILogObserver) -> ILogObserver:
    """Return an observer that passes on each event, as text if its own format would have control characters."""

    def observe(event: LogEvent) -> None:
        text = eventAsText(event, includeTimestamp=False, includeSystem=False)
        if _is_plain(text) or _CONTROL.search(text) is None:
            observer(event)
            return
        rest = {name: value for name, value in event.items() if name not in _TEXT_OF}
        observer(rest | {"log_format": "{log_text}", "log_text": harmless(text)})

    return cast(ILogObserver, observe)


def _without_twisted(event: LogEvent) -> Any:
    """Drop what Twisted reports below a warning."""
    ours = str(event.get("log_namespace", "")).partition(".")[0] in _OURS
    quiet = event.get("log_level", LogLevel.info) in (LogLevel.debug, LogLevel.info)
    return PredicateResult.no if quiet and not ours else PredicateResult.maybe
