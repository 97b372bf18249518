"""The end of a daemon's start: twistd's parent process waits for it, and reports it.

By itself twistd prints the first hundred bytes of an exception as Python shows bytes, writes a traceback into the log,
and leaves the pidfile to a user who may not remove it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from twisted.scripts._twistd_unix import UnixApplicationRunner

__all__ = ["pidfile_left", "report_failure", "watch_start"]

_SERVES, _SAID = b"0", b"1 said"
"""The messages of the daemon to its parent: twistd's own, and that it has printed why it does not start."""


def watch_start() -> None:
    """Let the parent report a failed start in plain words. twistd has no public way."""
    UnixApplicationRunner._waitForStart = _wait_for_start  # type: ignore[method-assign, assignment]


def report_failure(config: Mapping[str, Any]) -> None:
    """Tell the parent, if one waits, that the daemon has printed why it does not start.

    :param config: twistd's own options.
    """
    pipe = config.get("statusPipe")
    if pipe is not None:
        os.write(pipe, _SAID)
        os.close(pipe)


def pidfile_left(config: Mapping[str, Any]) -> str:
    """Return a warning if this user cannot remove the pidfile at the end; otherwise an empty text."""
    pidfile = config.get("pidfile")
    if not pidfile:
        return ""
    path = Path(pidfile).absolute()
    if not path.exists() or os.access(path.parent, os.W_OK):
        return ""
    return (
        f"the pidfile {path} will be left at the end, because user {os.geteuid()} cannot remove it: name one in a "
        f"folder of that user, with --pidfile, such as one that this makes: install -d -o {os.geteuid()} /run/reqpi"
    )


def _wait_for_start(self: UnixApplicationRunner, pipe: int) -> int:
    """Return the exit status of the parent, which may remove the pidfile of a daemon under another user."""
    said = os.read(pipe, 100)
    if said == _SERVES:
        return 0
    if said != _SAID:
        words = said[2:].decode("ascii", "replace") or "it ended"
        print(f"reqpi: the daemon did not start: {words}. Its log may say more.", file=sys.__stderr__)
    with suppress(OSError):
        os.unlink(self.config["pidfile"])
    return 1
