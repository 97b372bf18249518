"""The program of a :class:`~reqpi.runtime.child_process.ChildProcess`: it calls functions until its input ends.

A request is a function and its arguments, a response the pieces of its result. Each is a pickle after its length. The
bytes that a function reads come from strangers; the pickles do not, because only the two processes write them.
"""

from __future__ import annotations

import os
import pickle
import resource
import select
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, BinaryIO

__all__ = ["BEGUN", "DONE", "FAILED", "OVER_MEMORY", "PIECE", "main", "received", "sent"]

BEGUN, PIECE, DONE, FAILED, OVER_MEMORY = range(5)
"""The kinds of responses: the request has arrived, a piece of the result, its end, a fault with its text, or that the
memory is used up."""

_LENGTH = 8

_IDLE = 60.0
"""Seconds without a request after which the process ends."""

_GROWN = 256 << 20
"""Resident bytes above which the process ends after a request: what it has freed does not always return."""


def received(stream: BinaryIO) -> Any:
    """Return the next value.

    :raises EOFError: the other process ended.
    """
    head = stream.read(_LENGTH)
    if len(head) < _LENGTH:
        raise EOFError
    size = int.from_bytes(head, "big")
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return pickle.loads(data)  # noqa: S301 - the other process is ours


def sent(stream: BinaryIO, value: object) -> None:
    """Send a value."""
    data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    stream.write(len(data).to_bytes(_LENGTH, "big"))
    stream.write(data)
    stream.flush()


def main(seconds: int, memory: int, nice: int) -> None:
    """Answer requests.

    :param seconds: of processor time for each request; the system then ends the process with SIGXCPU.
    :param memory: bytes of address space.
    :param nice: how much the process yields to others.
    """
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "r+b") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(nothing.fileno(), 1)
    for stop in (signal.SIGINT, signal.SIGTERM):  # for the other process, which ends this one once it has drained
        signal.signal(stop, signal.SIG_IGN)
    with suppress(PermissionError):  # a filter of system calls may forbid it; the work is the same
        os.nice(nice)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, memory)
    with suppress(EOFError, BrokenPipeError):
        while select.select([requests], [], [], _IDLE)[0]:
            function, arguments = received(requests)
            sent(answers, (BEGUN, None))
            used = resource.getrusage(resource.RUSAGE_SELF)
            _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + 1 + seconds)
            _answer(answers, function, arguments)
            if _resident() > _GROWN:
                break


def _resident() -> int:
    """Return the resident bytes of this process; 0 where the system has no ``/proc``.

    ``ru_maxrss`` is not that: Linux counts in the memory of the process that started this one.
    """
    try:
        with open("/proc/self/statm", "rb") as pages:
            return int(pages.read().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


def _limit(kind: int, least: int) -> None:
    _, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (least if hard == resource.RLIM_INFINITY else min(least, hard), hard))


def _answer(answers: BinaryIO, function: Callable[..., Iterable[object]], arguments: tuple[object, ...]) -> None:
    try:
        for piece in function(*arguments):
            sent(answers, (PIECE, piece))
    except MemoryError:
        sent(answers, (OVER_MEMORY, None))
    except Exception as error:  # the other process raises it
        sent(answers, (FAILED, f"{type(error).__name__}: {error}"))
    else:
        sent(answers, (DONE, None))
