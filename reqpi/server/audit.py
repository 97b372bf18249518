"""The audit log of a server, where its settings want it, and the audit of what the server does by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from twisted.logger import Logger

from reqpi.core.audit import DONE, FAILED
from reqpi.runtime.log_file import LogFile
from reqpi.server.settings import Settings
from reqpi.shelf.maintenance.sweep import Swept
from reqpi.web.http.audit import AuditLog

__all__ = ["audit_log", "audited_sweep"]

_log = Logger("reqpi.audit")


def audit_log(reactor: Any, settings: Settings) -> AuditLog | None:
    """Return the audit log; ``None`` if the operator wants none."""
    if settings.audit_log is None:
        return None
    file = LogFile(settings.audit_log, "the audit log", _report)
    return AuditLog(reactor, file.write, open_file=file.open, trust_proxy=settings.trust_proxy)


def audited_sweep(
    sweep: Callable[[], Awaitable[Swept | None]], audit: AuditLog | None
) -> Callable[[], Awaitable[None]]:
    """Return a sweep that notes what it has removed.

    :param sweep: returns ``None`` if it is not due.
    """

    async def run() -> None:
        try:
            swept = await sweep()
        except Exception as error:
            if audit is not None:
                audit.note("sweep", FAILED, error=str(error))
            raise
        if swept is not None and audit is not None:
            audit.note("sweep", DONE, locks=swept.locks, files=swept.blobs, bytes=swept.size)

    return run


def _report(failure: str | None) -> None:
    if failure is None:
        _log.warn("the audit log is written again")
    else:
        _log.error("the audit log cannot be written, and its lines are lost: {why}", why=failure)
