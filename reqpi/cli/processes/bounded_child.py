"""A program that reads what a stranger wrote: it may take so long, say so much, and use so much memory."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from threading import Timer

from attrs import frozen

__all__ = ["Ended", "run_bounded"]

_SHELL = "/bin/sh"
_LIMITED = 'ulimit -v "$0" 2>/dev/null; exec "$@"'
"""A script that limits the memory of a program. Systems without such a limit ignore it."""


@frozen
class Ended:
    """The end of a program.

    :param status: ``None``: it was stopped because it took too long or said too much, or it could not be started.
    :param said: what it wrote to stderr.
    """

    status: int | None
    said: str


def run_bounded(
    command: Sequence[str],
    folder: str,
    environ: Mapping[str, str],
    *,
    seconds: float,
    most: int = 1 << 16,
    memory: int = 4 << 30,
) -> Ended:
    """Run a program that reads nothing from us, and stop it and what it started if it exceeds a bound.

    :param folder: the one that it runs in.
    :param environ: all of its environment variables.
    :param most: bytes of stderr; its stdout is discarded.
    :param memory: bytes of address space.
    """
    try:
        child = subprocess.Popen(  # noqa: S603 - the caller determines the command
            [*_limit(memory), *command],
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError:
        return Ended(None, "")
    timer = Timer(seconds, _stop, (child,))
    with child:
        timer.start()
        try:
            assert child.stderr is not None
            said = child.stderr.read(most + 1)
            status = child.wait() if len(said) <= most else None
        finally:
            timer.cancel()
            _stop(child)
    return Ended(status if status is not None and status >= 0 else None, said[:most].decode("utf-8", "replace"))


def _limit(memory: int) -> list[str]:
    """Return the words before a command that limit its memory."""
    return [_SHELL, "-c", _LIMITED, str(memory >> 10)] if os.access(_SHELL, os.X_OK) else []


def _stop(child: subprocess.Popen[bytes]) -> None:
    """End a child, and the processes of its own session."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
