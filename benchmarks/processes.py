"""Servers as processes that are started, waited for, watched, and ended, each by its own id."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

from benchmarks.machine import LOAD_CORE, SERVER_CORE

__all__ = ["Process", "free_port", "pinned", "run"]

_TICK = os.sysconf("SC_CLK_TCK")
_START_TIMEOUT = 60.0  # seconds until it must answer
_STOP_TIMEOUT = 15.0  # seconds from SIGTERM to SIGKILL


class Process:
    """A server and all processes that it starts; it runs from construction until it is stopped.

    :param ready: returns when the server is ready, and raises ``OSError`` while it is not.
    :param log: the file that its output is appended to.
    :param core: the core that it may use; ``None`` for all.
    :param environ: additional environment variables.
    :ivar started: seconds until it was ready.
    :raises SystemExit: it ended, or it was not ready after a minute.
    """

    def __init__(
        self,
        command: Sequence[object],
        ready: Callable[[], object],
        log: Path,
        core: int | None = SERVER_CORE,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        words = pinned([str(word) for word in command], core)
        began = time.perf_counter()
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                words,
                cwd=log.parent,
                env=_environment() | dict(environ or {}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            self._wait(ready, log)
        except BaseException:
            self.stop()
            raise
        self.started = time.perf_counter() - began

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def pids(self) -> list[int]:
        """Return the ids of all processes of its session."""
        return [pid for pid, stat in _stats() if int(stat[3]) == self._process.pid]

    def cpu(self) -> float:
        """Return the processor seconds that all of its processes have used so far."""
        return sum(sum(map(int, stat[11:15])) for _, stat in _stats() if int(stat[3]) == self._process.pid) / _TICK

    def resident(self) -> list[int]:
        """Return the resident bytes of each of its processes that has any, the largest first."""
        found = (_status(pid, "VmRSS") for pid in self.pids())
        return sorted((each for each in found if each), reverse=True)

    def stop(self) -> None:
        """Send SIGTERM to the first process, and SIGKILL to those that remain. A second call does nothing."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(_STOP_TIMEOUT)
        for pid in self.pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def _wait(self, ready: Callable[[], object], log: Path) -> None:
        end = time.monotonic() + _START_TIMEOUT
        while True:
            try:
                ready()
                return
            except OSError as error:
                status = self._process.poll()
                if status is not None or time.monotonic() > end:
                    output = log.read_text("utf-8", "replace")[-2000:]
                    raise SystemExit(f"{log.parent.name} did not start ({status}, {error}):\n{output}") from None
                time.sleep(0.02)


def run(command: Sequence[object], folder: Path, environ: Mapping[str, str] | None = None, limit: float = 900) -> str:
    """Run a program to its end, and return its standard output.

    :param environ: all of its environment variables; by default those of this process, without any that would configure
        a server.
    :param limit: seconds that it may take.
    :raises SystemExit: it failed; the message has the end of its output.
    """
    words = [str(word) for word in command]
    done = subprocess.run(
        words,
        cwd=folder,
        env=_environment() if environ is None else dict(environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=limit,
        check=False,
    )
    if done.returncode:
        raise SystemExit(
            f"{' '.join(words)[:300]} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-2000:]}"
        )
    return done.stdout


def free_port() -> int:
    """Return a port of loopback on which no process listens now."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def pinned(command: Sequence[str], core: int | None = LOAD_CORE) -> list[str]:
    """Return the command, pinned to one core if this machine has ``taskset``."""
    if core is None or shutil.which("taskset") is None:
        return list(command)
    return ["taskset", "-c", str(core), *command]


def _environment() -> dict[str, str]:
    """Return this process's environment variables, without any that would configure a server.

    Writing bytecode is enabled, because start-up times are measured.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("REQPI_", "PROXPI_", "DEVPISERVER_")) and name != "PYTHONDONTWRITEBYTECODE"
    }


def _stats() -> Iterator[tuple[int, list[str]]]:
    """Yield each process with its fields of ``/proc/<pid>/stat`` from the state on (proc(5)); index 3: session."""
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path(f"/proc/{entry}/stat").read_text("utf-8", "replace")
            except OSError:
                continue
            yield int(entry), stat.rpartition(")")[2].split()


def _status(pid: int, name: str) -> int:
    try:
        found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text("utf-8", "replace"))
    except OSError:
        return 0
    return int(found[1]) << 10 if found else 0
