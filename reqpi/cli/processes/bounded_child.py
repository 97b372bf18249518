"""A program that reads what a stranger wrote: it may take so long, say so much, and use so much memory."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from select import select
from time import monotonic, sleep

from attrs import frozen

__all__ = ["Ended", "run_bounded"]

_SHELL = "/bin/sh"
_LIMITED = 'ulimit -v "$0" 2>/dev/null; exec "$@"'
"""A script that limits the memory of a program. Systems without such a limit ignore it."""


_LOOK = 0.01
"""Seconds between two looks whether a program that has closed its stderr has ended."""


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
    deadline, said = monotonic() + seconds, bytearray()
    with child:
        try:
            ended = _read(child, said, most, deadline) and _ends(child, deadline)
        finally:
            _stop(child)
    status = child.returncode if ended and child.returncode >= 0 else None
    return Ended(status, said[:most].decode("utf-8", "replace"))


def _read(child: subprocess.Popen[bytes], said: bytearray, most: int, deadline: float) -> bool:
    """Collect what a child writes to stderr; return whether it closed it in time, and after ``most`` bytes at most.

    A descendant in a session of its own may hold the pipe open.
    """
    assert child.stderr is not None
    pipe = child.stderr.fileno()
    while select([pipe], [], [], max(0.0, deadline - monotonic()))[0]:
        piece = os.read(pipe, most + 1)
        if not piece:
            return True
        said += piece
        if len(said) > most:
            break
    return False


def _ends(child: subprocess.Popen[bytes], deadline: float) -> bool:
    """Return whether a child ends before the deadline."""
    while not _has_ended(child):
        if monotonic() > deadline:
            return False
        sleep(_LOOK)
    return True


def _has_ended(child: subprocess.Popen[bytes]) -> bool:
    """Return whether a child has ended. Its id stays taken, so that no other process can have it."""
    if not hasattr(os, "waitid"):  # macOS, with Python before 3.13
        return child.poll() is not None
    return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None


def _limit(memory: int) -> list[str]:
    """Return the words before a command that limit its memory."""
    return [_SHELL, "-c", _LIMITED, str(memory >> 10)] if os.access(_SHELL, os.X_OK) else []


def _stop(child: subprocess.Popen[bytes]) -> None:
    """End a child that was not waited for, and the processes of its own session."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
