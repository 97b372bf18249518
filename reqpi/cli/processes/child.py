"""A child process that stands for this one: it has the terminal, gets the signals, and its status becomes ours."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Protocol, TextIO

from reqpi.cli.messages import tell_error
from reqpi.cli.statuses import NOT_EXECUTABLE, NOT_FOUND

__all__ = ["PASSED_ON", "Start", "commanded", "die_of", "run_child"]


# A terminal sends these to every process of its foreground group, so the command has received them already.
_FROM_TERMINALS = ("SIGINT", "SIGQUIT")
PASSED_ON = (*_FROM_TERMINALS, "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
"""The names of the signals that are relayed to the command."""


class Start(Protocol):
    """Start a process, as :class:`subprocess.Popen` does."""

    def __call__(
        self, command: Sequence[str], /, *, env: Mapping[str, str], stdout: TextIO | None
    ) -> subprocess.Popen[bytes]:
        """Return the process that runs ``command``, or raise the error why it cannot be run."""


def run_child(
    command: Sequence[str],
    environ: Mapping[str, str],
    stdout: TextIO | None = None,
    start: Start = subprocess.Popen,
) -> int:
    """Run a command and wait for it. Call it from the main thread.

    :param environ: the environment variables of the command.
    :param stdout: the destination of its output; ``None`` for our own stdout.
    :param start: starts the process.
    :returns: its exit status; ``-n`` if signal n ended it; 127 if there is no such command, 126 if it cannot be run.
    """
    with _relay() as relay:
        try:
            child = start(command, env=environ, stdout=stdout)
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
    """End this process by the signal that ended its command, so that a shell's loop stops at Ctrl-C.

    No core dump is written, because it would be of the wrong program; ``timeout`` of coreutils does the same.

    :returns: the status that a shell would show, 128 + n, if the signal does not end this process.
    """
    sys.stdout.flush()
    with suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415 - it exists on POSIX only

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    with suppress(OSError):  # the handlers of SIGKILL and SIGSTOP cannot be set
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    return 128 + number


class _Relay:
    """A relay of signals to the command. Signals that arrive before it runs are kept for it."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []

    def to(self, child: subprocess.Popen[bytes]) -> None:
        """Send the signals kept so far, and all later ones, to ``child``."""
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
    """Relay signals while the block runs. A signal that is ignored (``nohup``) stays ignored by both processes."""
    relay = _Relay()
    before = {}
    try:
        for number in (getattr(signal, name) for name in PASSED_ON if hasattr(signal, name)):
            if signal.getsignal(number) != signal.SIG_IGN:
                before[number] = signal.signal(number, relay)
        yield relay
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _in_the_foreground() -> bool:
    """Return whether the keys of a terminal reach this process group.

    If they do, the command received the signal too, and it must not be relayed. ``kill -INT`` must be.
    """
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
    """Return the options, and the command after the first ``--``; a later ``--`` belongs to the command."""
    own, command = list(arguments), []
    if "--" in own:
        end = own.index("--")
        own, command = own[:end], own[end + 1 :]
    options = parser.parse_intermixed_args(own)
    if not command:
        parser.error("no command given: write it after --")
    return options, command
