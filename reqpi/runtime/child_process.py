"""Work on the bytes of strangers in a process of its own, with a budget.

Much of such work holds the interpreter: Python's parser, a regular expression, the conversion of a long text. In
another thread of this process it would delay every client. In a child process it delays only those that wait for it,
and the system ends it when its time is used up.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import BinaryIO, ParamSpec, TypeVar

from attrs import frozen
from twisted.internet.defer import Deferred, DeferredLock

from reqpi.core.errors import Occupied
from reqpi.runtime import called
from reqpi.runtime.child_env_vars import child_env_vars
from reqpi.runtime.offload import in_thread
from reqpi.runtime.whole_turns import whole_turn

__all__ = ["Budget", "ChildProcess", "OverBudget"]

_P = ParamSpec("_P")
_T = TypeVar("_T")

_PROGRAM = f"from {called.__name__} import main"

_ATTEMPTS = 3
"""Processes that are asked: one may end, because nothing was asked for a while, at the moment in which it is asked."""


@frozen
class Budget:
    """The bounds of one call.

    :param seconds: of processor time, however long that takes on a busy machine.
    :param memory: bytes of address space, some 300 MB of which are the interpreter's.
    :param nice: how much the process yields to others.
    """

    seconds: int
    memory: int
    nice: int = 10


class OverBudget(Exception):
    """A call took more processor time or memory than its budget.

    :ivar limit: what was used up, for a message.
    """

    def __init__(self, limit: str) -> None:
        super().__init__(f"more than {limit}")
        self.limit = limit


class _Ended(Exception):
    """The process ended by itself before it was asked."""


class ChildProcess:
    """A Python process that calls functions for this one, in turn. It is started when it is needed.

    It ends after a minute without work, and with this process.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = DeferredLock()
        self._closed = False

    def call(self, function: Callable[_P, Iterable[_T]], *args: _P.args, **_: _P.kwargs) -> Deferred[list[_T]]:
        """Call a function of a module, and return the pieces that it yields.

        Each piece is sent by itself, because receiving one holds the interpreter: make them small.

        A caller may give up. Its call, once begun, keeps the process to its end: otherwise the next caller would be
        sent the pieces that are still to come.

        :param args: are pickled, as the pieces are.
        :raises OverBudget: it took too much time or memory.
        :raises reqpi.core.errors.Occupied: no process can be started.
        """
        work: Callable[[], Deferred[list[_T]]] = partial(in_thread, self._called, function, args)
        return whole_turn(self._turn.run, work, expected=(OverBudget,))

    def close(self) -> None:
        """End the process. A call that it works on fails."""
        self._closed = True
        process, self._process = self._process, None
        if process is not None and self._turn.locked:
            process.kill()  # the thread that waits for its answer does the rest
        elif process is not None:
            _end(process)

    def _called(self, function: Callable[..., Iterable[_T]], arguments: tuple[object, ...]) -> list[_T]:
        for _ in range(_ATTEMPTS):
            process = self._started()
            try:
                return self._asked(process, function, arguments)
            except _Ended:
                self._process = None
        raise Occupied("the process that reads documents ends at once", "Ask again later.")

    def _started(self) -> subprocess.Popen[bytes]:
        if self._closed:
            raise Occupied("the server stops", "Ask again later.")
        if self._process is None or self._process.poll() is not None:
            budget = self._budget
            program = f"{_PROGRAM}; main({budget.seconds}, {budget.memory}, {budget.nice})"
            command = [sys.executable, "-P", "-c", program]
            try:
                self._process = subprocess.Popen(  # noqa: S603 - our own program
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=child_env_vars()
                )
            except OSError as error:
                raise Occupied(
                    "no process can be started that reads documents", f"{error}. Ask again later."
                ) from error
        return self._process

    def _asked(
        self, process: subprocess.Popen[bytes], function: Callable[..., Iterable[_T]], arguments: tuple[object, ...]
    ) -> list[_T]:
        requests, answers = _pipes(process)
        pieces: list[_T] = []
        begun = False
        try:
            called.sent(requests, (function, arguments))
            kind, value = called.received(answers)
            begun = kind == called.BEGUN
            kind, value = called.received(answers)
            while kind == called.PIECE:
                pieces.append(value)
                kind, value = called.received(answers)
        except (EOFError, OSError):
            status = _end(process)
            raise self._why_ended(status) if begun else _Ended from None
        if kind == called.OVER_MEMORY:
            raise OverBudget(f"{self._budget.memory >> 20} MiB of memory")
        if kind == called.FAILED:
            raise RuntimeError(f"in the process that reads documents: {value}")
        return pieces

    def _why_ended(self, status: int) -> Exception:
        if status >= 0 or self._closed:
            return Occupied(f"the process that reads documents ended with status {status}", "Ask again later.")
        # SIGXCPU ends a process at its limit; SIGKILL and SIGSEGV are how the system ends one that lacks memory.
        return OverBudget(f"{self._budget.seconds} s of processor time or {self._budget.memory >> 20} MiB of memory")


def _pipes(process: subprocess.Popen[bytes]) -> tuple[BinaryIO, BinaryIO]:
    assert process.stdin is not None, "it was started with pipes"
    assert process.stdout is not None, "it was started with pipes"
    return process.stdin, process.stdout  # type: ignore[return-value]  # typeshed calls them IO[bytes]


def _end(process: subprocess.Popen[bytes]) -> int:
    """End a process that may have ended, and return its status."""
    status = process.poll()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    if status is None:
        process.kill()
        status = process.wait()
    return status
