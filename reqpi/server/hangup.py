"""The signals SIGHUP and SIGUSR1, whose default is to end a process at once, with requests in flight."""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import Any

__all__ = ["handle_hangup"]


def handle_hangup(reactor: Any) -> None:
    """Set what the two signals do.

    SIGUSR1 is what log rotation sends; nothing is left to do then, because a log file that was moved is opened again by
    itself. SIGHUP does the same. In a terminal, it means that the terminal is gone: the server stops, as on SIGTERM. A
    signal that the caller ignores or handles stays as it is, such as SIGHUP under ``nohup``.
    """
    _set(signal.SIGUSR1, lambda *_: None)
    in_terminal = os.isatty(0)

    def hung_up(_number: int, _frame: FrameType | None) -> None:
        if in_terminal:
            reactor.callFromThread(reactor.stop)

    _set(signal.SIGHUP, hung_up)


def _set(number: signal.Signals, handler: Any) -> None:
    if signal.getsignal(number) is signal.SIG_DFL:
        signal.signal(number, handler)
