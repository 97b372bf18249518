"""``twistd -n reqpi`` as a process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic, sleep
from typing import Self

__all__ = ["ROOT", "Server"]

ROOT = Path(__file__).parents[2]

_TWISTD = "from twisted.scripts.twistd import run; run()"
_LISTENING = re.compile(r"listening on (127\.0\.0\.1:[0-9]+)")
_LIMIT = 240.0  # seconds to start, and to stop


class Server:
    """A server on a port of loopback, a free one if none is given, from the moment it is made until it is stopped.

    :param store: where it keeps everything.
    :param options: more of ``twistd reqpi``'s.
    :param folder: where it runs, and its home; needed where the store is none.
    :param port: for one that is to be found where another was.
    :ivar url: ``http://127.0.0.1:40123``.
    :ivar log: the lines that it has logged so far.
    """

    def __init__(self, store: Path | str, *options: str, folder: Path | None = None, port: int = 0) -> None:
        self.log: list[str] = []
        self._listening: SimpleQueue[str] = SimpleQueue()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("REQPI_", "PIP_"))}
        command = [sys.executable, "-c", _TWISTD, "--nodaemon", "--pidfile=", "reqpi"]
        self._process = subprocess.Popen(
            [*command, "--http", f"tcp:{port}:interface=127.0.0.1", "--store", str(store), *options],
            cwd=folder or Path(store).parent,
            env=kept | {"PYTHONPATH": str(ROOT)} | ({"XDG_CACHE_HOME": str(folder / "cache-home")} if folder else {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.url = f"http://{self._wait()}"
        except BaseException:
            self._process.kill()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> int:
        """SIGTERM, and wait. Repeating does nothing.

        :returns: its exit status.
        """
        self._process.terminate()
        try:
            return self._process.wait(_LIMIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        finally:
            self._reader.join(_LIMIT)

    def logged(self, *words: str, since: int = 0) -> list[str]:
        """The lines after the first ``since`` that have all of ``words``, once there is one: it may take a moment."""
        end = monotonic() + _LIMIT
        while not (found := [line for line in self.log[since:] if all(word in line for word in words)]):
            if monotonic() > end:
                raise AssertionError(f"no line has {words}:\n" + "".join(self.log[since:]))
            sleep(0.02)
        return found

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL, and wait."""
        self._process.kill()
        self._process.wait(_LIMIT)
        self._reader.join(_LIMIT)

    def resident(self) -> int:
        """Bytes of memory that it had at most, where Linux says so; else 0."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text("ascii")
        except FileNotFoundError:
            return 0
        found = re.search(r"VmHWM:\s+([0-9]+) kB", status)
        return int(found[1]) << 10 if found else 0

    def _wait(self) -> str:
        end = monotonic() + _LIMIT
        while monotonic() < end and self._reader.is_alive():
            try:
                return self._listening.get(timeout=0.1)
            except Empty:
                continue
        raise AssertionError("the server did not start:\n" + "".join(self.log))

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self.log.append(line)
            found = _LISTENING.search(line)
            if found:
                self._listening.put(found[1])
