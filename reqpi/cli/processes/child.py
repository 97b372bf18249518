"""Run a command in our place: it has our terminal, our signals go to it, and its end is ours."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TextIO

from reqpi.cli.messages import tell_error
from reqpi.cli.statuses import NOT_EXECUTABLE, NOT_FOUND

__all__ = ["commanded", "die_of", "run_child"]


# What a terminal sends, by itself, to every process of its foreground group: the command has it already.
_FROM_TERMINALS = ("SIGINT", "SIGQUIT")
_PASSED_ON = (*_FROM_TERMINALS, "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")


def run_child(command: Sequence[str], environ: Mapping[str, str], stdout: TextIO | None = None) -> int:
    """Run ``command`` to its end. Call it from the main thread.

    :param stdout: where its output goes, if not to ours.
    :returns: its exit status; ``-n`` where signal n ended it; 127 where there is none, 126 where it cannot be run.
    """
    with _relay() as relay:
        try:
            child = subprocess.Popen(command, env=environ, stdout=stdout)  # noqa: S603 - it is the user's own command
        except FileNotFoundError:
            tell_error(f"{command[0]}: command not found")
            return NOT_FOUND
        except (OSError, ValueError) as error:
            tell_error(f"{command[0]} cannot be run: {getattr(error, 'strerror', None) or error}")
            return NOT_EXECUTABLE
        with child:
            relay.to(child)
            return child.wait()


def die_of(number: int) -> int:
    """End this process as its command ended: by signal ``number``, so that a shell's loop stops at Ctrl-C.

    Without a core dump, which would be one of the wrong program; ``timeout`` of coreutils does the same.

    :returns: what a shell would show, 128 + n, where the signal does not end us.
    """
    sys.stdout.flush()
    with suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415 - it exists on POSIX alone

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    with suppress(OSError):  # SIGKILL and SIGSTOP have no other way than the default one
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    return 128 + number


class _Relay:
    """Passes signals on; those that come before the command runs are kept for it."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []

    def to(self, child: subprocess.Popen[bytes]) -> None:
        """From now on, to ``child``."""
        self._child = child
        while self._early:
            child.send_signal(self._early.pop(0))

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Handle one signal."""
        if signal.Signals(number).name in _FROM_TERMINALS and _in_the_foreground():
            return
        if self._child is None:
            self._early.append(number)
        else:
            self._child.send_signal(number)


@contextmanager
def _relay() -> Iterator[_Relay]:
    """Pass signals on while the block runs. What we were told to ignore (``nohup``) stays ignored, here and there."""
    relay = _Relay()
    before = {}
    try:
        for number in (getattr(signal, name) for name in _PASSED_ON if hasattr(signal, name)):
            if signal.getsignal(number) != signal.SIG_IGN:
                before[number] = signal.signal(number, relay)
        yield relay
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _in_the_foreground() -> bool:
    """Whether a terminal's keys reach this process group: ``kill -INT`` from elsewhere must be passed on, they not."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def commanded(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """The options, and the command behind the first ``--``; a later ``--`` is the command's own."""
    own, command = list(arguments), []
    if "--" in own:
        end = own.index("--")
        own, command = own[:end], own[end + 1 :]
    options = parser.parse_intermixed_args(own)
    if not command:
        parser.error("write -- and the command to run behind it")
    return options, command
