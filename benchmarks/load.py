"""Load from wrk, and what it says of it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import frozen

from benchmarks.machine import LOAD_CORE, busy
from benchmarks.processes import Process, pinned

__all__ = ["ACCEPT", "Load", "Sample", "measure", "read_report", "rotating"]

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
"""As pip sends it."""

_REPORT = """
done = function(summary, latency, requests)
  local form = '\\n{"requests": %d, "microseconds": %d, "bytes": %d, "p50": %.1f, "p99": %.1f, "errors": %d}\\n'
  io.write(string.format(form,
    summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99),
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write
    + summary.errors.timeout))
end
"""


@frozen
class Load:
    """What to ask, how, and for how long.

    :param connections: kept open, each with one request at a time.
    :param script: Lua that says what to ask, for wrk.
    """

    url: str
    connections: int
    seconds: float
    headers: Mapping[str, str] = {}
    script: str = ""


@frozen
class Sample:
    """One load.

    :param rate: requests a second.
    :param volume: bytes a second, heads included.
    :param p50: milliseconds from a request to the end of its answer; the median.
    :param cpu: processor seconds of the server.
    :param noise: cores that neither the server nor the load used, but something did.
    :param errors: answers of 400 and above, and connections that failed.
    """

    requests: int
    seconds: float
    bytes: int
    p50: float
    p99: float
    errors: int
    cpu: float = 0.0
    noise: float = 0.0

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

    @property
    def megabytes(self) -> float:
        """A second, of a million bytes."""
        return self.bytes / self.seconds / 1e6

    @property
    def cpu_each(self) -> float:
        """Microseconds of the server's processor time for a request."""
        return self.cpu / max(self.requests, 1) * 1e6

    @property
    def cpu_gigabyte(self) -> float:
        """Seconds of the server's processor time for a billion bytes."""
        return self.cpu / max(self.bytes, 1) * 1e9


def measure(load: Load, server: Process, folder: Path, core: int | None = LOAD_CORE) -> Sample:
    """Load a server, and account for what it took."""
    script = folder / f"load-{os.getpid()}.lua"
    script.write_text(load.script + _REPORT)
    used, worked, own = server.cpu(), busy(), _children()
    printed = _wrk(load, script, core)
    cpu, total, generator = server.cpu() - used, busy() - worked, _children() - own
    return read_report(printed, cpu, max(total - cpu - generator, 0.0))


def read_report(printed: str, cpu: float = 0.0, others: float = 0.0) -> Sample:
    """What wrk printed, with what the server and others used meanwhile, in seconds.

    :raises SystemExit: it printed no report.
    """
    last = printed.strip().rpartition("\n")[2]
    if not last.startswith("{"):
        raise SystemExit(f"wrk did not report: {printed.strip()[-500:]}")
    said = json.loads(last)
    seconds = said["microseconds"] / 1e6
    return Sample(
        said["requests"],
        seconds,
        said["bytes"],
        said["p50"] / 1e3,
        said["p99"] / 1e3,
        said["errors"],
        cpu,
        others / seconds,
    )


def rotating(paths: Sequence[str]) -> str:
    """A script that asks for each path in turn."""
    listed = ", ".join(f'"{path}"' for path in paths)
    return (
        f"local paths = {{{listed}}}\nlocal turn = 0\n"
        "request = function() turn = turn % #paths + 1; return wrk.format('GET', paths[turn]) end\n"
    )


def _wrk(load: Load, script: Path, core: int | None) -> str:
    headers = [word for name, value in load.headers.items() for word in ("-H", f"{name}: {value}")]
    seconds = max(round(load.seconds), 1)
    options = ["-t1", f"-c{load.connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(script)]
    done = subprocess.run(
        pinned(["wrk", *options, *headers, load.url], core),
        capture_output=True,
        text=True,
        timeout=seconds + 60,
        check=False,
    )
    return done.stdout or done.stderr


def _children() -> float:
    times = os.times()
    return times.children_user + times.children_system
