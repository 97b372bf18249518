"""The access log of a server, where its settings want it."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from twisted.logger import Logger, formatTime

from reqpi.core.errors import Misconfigured
from reqpi.core.timestamps import timestamp
from reqpi.runtime.log_file import LogFile
from reqpi.server.json_log import JSON_LINES
from reqpi.server.settings import Settings
from reqpi.web.http.accesslog import AccessLog
from reqpi.web.http.json_access_log import JsonAccessLog

__all__ = ["access_log"]

_NAME = "reqpi.access"


def access_log(reactor: Any, settings: Settings) -> AccessLog | None:
    """Return the access log; ``None`` if the operator wants none."""
    if settings.access_log == "off":
        return None
    trust_proxy = settings.trust_proxy
    made: Callable[..., AccessLog] = AccessLog
    if settings.log_format == "json":
        made = partial(JsonAccessLog, stamp=timestamp)
    if settings.access_log != "log":
        file = LogFile(Path(settings.access_log), "the access log", _report)
        return made(reactor, file.write, open_file=file.open, trust_proxy=trust_proxy)
    return made(reactor, _appended(reactor, settings) or _logged(settings), trust_proxy=trust_proxy)


def _logged(settings: Settings) -> Callable[[str], None]:
    """Return a function that logs lines as one event."""
    log = Logger(_NAME)
    member = JSON_LINES if settings.log_format == "json" else "lines"
    text = f"{{{member}}}"

    def write(lines: str) -> None:
        log.info(text, **{member: lines.rstrip("\n")})

    return write


def _appended(reactor: Any, settings: Settings) -> Callable[[str], None] | None:
    """Return a function that appends lines to the server's own log; ``None`` if they have to be logged as events.

    An event is formatted several times, and that of a worker is read, split, formatted and written again by its parent.
    """
    if settings.log_file is None or settings.log_level not in ("debug", "info"):
        return None
    append = _appending(settings.log_file)
    if append is None:
        return None
    number = settings.worker
    named = f"worker {number}: " if number else ""

    def write(lines: str) -> None:
        text = lines[:-1].replace("\n", f"\n\t{named}")
        append(f"{formatTime(reactor.seconds())} [{_NAME}#info] {named}{text}\n")

    def write_json(lines: str) -> None:
        start = f'{{"worker": {number}, '
        append(start + lines[1:].replace("\n{", f"\n{start}") if number else lines)

    return write_json if settings.log_format == "json" else write


def _appending(log: Path | int) -> Callable[[str], None] | None:
    """Return a function that appends text to a log; ``None`` if this process may not write to it."""
    if isinstance(log, int):
        return partial(_append, log)
    file = LogFile(log, "the log", _report)
    try:
        file.open()
    except Misconfigured:  # its parent has opened it as another user
        return None
    return file.write


def _append(descriptor: int, text: str) -> None:
    with suppress(OSError):  # the disk is full: the log that would say so is this one
        os.write(descriptor, text.encode(errors="replace"))


def _report(failure: str | None) -> None:
    log = Logger(_NAME)
    if failure is None:
        log.warn("the access log is written again")
    else:
        log.error("the access log cannot be written, and its lines are lost: {why}", why=failure)
