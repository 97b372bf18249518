"""Failures of work that no client waits for, in the log: an expected one is a line, a fault has its traceback."""

from __future__ import annotations

from twisted.logger import Logger
from twisted.python.failure import Failure

from reqpi.core.errors import ReqPIError

__all__ = ["log_trouble"]


def log_trouble(log: Logger, what: str, failure: Failure) -> None:
    """Log that work failed.

    :param what: what failed, as a sentence without its dot.
    """
    if isinstance(failure.value, ReqPIError):
        cause = failure.value.__cause__
        words = f" ({cause})" if isinstance(cause, OSError) else ""  # it has the path
        log.warn("{what}: {error}{words}", what=what, error=failure.value, words=words)
    else:
        log.failure("{what}", failure, what=what)
