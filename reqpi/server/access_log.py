"""The access log of a server, where its settings want it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from twisted.logger import Logger

from reqpi.core.timestamps import timestamp
from reqpi.runtime.log_file import LogFile
from reqpi.server.settings import Settings
from reqpi.web.http.accesslog import AccessLog
from reqpi.web.http.json_access_log import JsonAccessLog

__all__ = ["access_log"]


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
    log = Logger("reqpi.access")

    def write(lines: str) -> None:
        log.info("{lines}", lines=lines.rstrip("\n"))

    def write_json(lines: str) -> None:
        log.info("{json_lines}", json_lines=lines.rstrip("\n"))

    if settings.log_format == "json":
        return made(reactor, write_json, trust_proxy=trust_proxy)
    return made(reactor, write, trust_proxy=trust_proxy)


def _report(failure: str | None) -> None:
    log = Logger("reqpi.access")
    if failure is None:
        log.warn("the access log is written again")
    else:
        log.error("the access log cannot be written, and its lines are lost: {why}", why=failure)
