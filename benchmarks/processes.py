"""Servers as processes: started, waited for, watched, and ended, each by its own id."""

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
_PATIENCE = 60.0  # seconds to start
_MANNERS = 15.0  # seconds to end when asked to


class Process:
    """A server, with all that it starts, from the moment it is made until it is stopped.

    :param ready: said to be so by returning; ``OSError`` is not yet.
    :param log: where its output goes.
    :param core: the core that it may use; ``None`` for all.
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
        """Of all processes of its session."""
        return [pid for pid, stat in _stats() if int(stat[3]) == self._process.pid]

    def cpu(self) -> float:
        """Processor seconds so far, of all of them."""
        return sum(sum(map(int, stat[11:15])) for _, stat in _stats() if int(stat[3]) == self._process.pid) / _TICK

    def resident(self) -> list[int]:
        """Bytes of memory of each of them that has any to itself, the largest first."""
        found = (_status(pid, "VmRSS") for pid in self.pids())
        return sorted((each for each in found if each), reverse=True)

    def stop(self) -> None:
        """SIGTERM to the first, and SIGKILL to what is left. Repeating does nothing."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_MANNERS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(_MANNERS)
        for pid in self.pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def _wait(self, ready: Callable[[], object], log: Path) -> None:
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                ready()
                return
            except OSError as error:
                status = self._process.poll()
                if status is not None or time.monotonic() > end:
                    said = log.read_text("utf-8", "replace")[-2000:]
                    raise SystemExit(f"{log.parent.name} does not start ({status}, {error}):\n{said}") from None
                time.sleep(0.02)


def run(command: Sequence[object], folder: Path, environ: Mapping[str, str] | None = None, limit: float = 900) -> str:
    """Run a program to its end; what it printed.

    :param environ: all of its environment; by default ours, without what would configure a server.
    :raises SystemExit: it failed, with what it said.
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
    """A port of loopback that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def pinned(command: Sequence[str], core: int | None = LOAD_CORE) -> list[str]:
    """The command, kept to one core where this machine can do that."""
    if core is None or shutil.which("taskset") is None:
        return list(command)
    return ["taskset", "-c", str(core), *command]


def _environment() -> dict[str, str]:
    """Ours, without what would configure a server, and with bytecode: start-up times are measured."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("REQPI_", "PROXPI_", "DEVPISERVER_")) and name != "PYTHONDONTWRITEBYTECODE"
    }


def _stats() -> Iterator[tuple[int, list[str]]]:
    """Each process with the fields of ``/proc/<pid>/stat`` from the state on (proc(5)): 3 is the session."""
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
