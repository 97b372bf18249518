"""Processes that print, each with all it starts in a process group of its own, which ends with it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Condition, Thread
from typing import IO
from uuid import uuid4

__all__ = ["Shell", "Terminal"]

_LIMIT = 240.0  # seconds for one command
_TO_END = 240.0  # seconds after Ctrl-C


@contextmanager
def _ctrl_c_counts() -> Iterator[None]:
    """What is started in here obeys Ctrl-C, also where the tests run in the background, and so ignore it."""
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if ignored:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        if ignored:
            signal.signal(signal.SIGINT, signal.SIG_IGN)


class Terminal:
    """A program, and what it has printed so far.

    :param folder: where it runs.
    """

    def __init__(self, program: Sequence[str], folder: Path, environ: Mapping[str, str], stdin: int) -> None:
        self.printed = ""
        self._changed = Condition()
        self._ended = False
        with _ctrl_c_counts():
            self._process = subprocess.Popen(
                program,
                cwd=folder,
                env=environ,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._reader = Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._reader.start()

    def wait_until(self, satisfied: Callable[[str], bool], limit: float = _LIMIT) -> bool:
        """Wait until what was printed is satisfying, or nothing more will be; whether it is."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or satisfied(self.printed), limit)
            return satisfied(self.printed)

    def interrupt(self) -> None:
        """What Ctrl-C does; then wait for the end.

        :raises TimeoutError: it did not end.
        """
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGINT)
        with self._changed:
            if not self._changed.wait_for(lambda: self._ended, _TO_END):
                raise TimeoutError(f"it did not end after Ctrl-C:\n{self.printed}")
        self._process.wait(_TO_END)

    def end(self) -> None:
        """End it at once, with everything that it started. Repeating does nothing."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join(_TO_END)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()

    def _read(self, output: IO[bytes]) -> None:
        while data := os.read(output.fileno(), 65536):
            with self._changed:
                self.printed += data.decode("utf-8", "replace")
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()


class Shell(Terminal):
    """A bash, with its variables and its working directory, from one command to the next.

    :param scratch: a folder for its own use.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str], scratch: Path) -> None:
        super().__init__(["bash", "--noprofile", "--norc"], folder, environ, subprocess.PIPE)
        self._scratch = scratch

    def run(self, command: str) -> tuple[int, str]:
        """Run a command; its exit status, and what it printed.

        :raises TimeoutError: it did not end.
        """
        assert self._process.stdin is not None
        mark, start = f"end of {uuid4().hex}", len(self.printed)
        script = self._scratch / "command"
        script.write_text(f"{command}\n")
        # Sourced, so that what it sets is set; and the status given back, so that the next may ask for $?.
        step = f". {script} </dev/null; status=$?; printf '\\n%s %d.' '{mark}' $status; (exit $status)\n"
        self._process.stdin.write(step.encode())
        self._process.stdin.flush()
        if not self.wait_until(lambda printed: f"\n{mark} " in printed and printed.endswith(".")):
            raise TimeoutError(f"{command}\ndid not end:\n{self.printed[start:]}")
        output, _, status = self.printed[start:].partition(f"\n{mark} ")
        return int(status.rstrip(".")), output
