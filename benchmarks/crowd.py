"""Five hundred uv clients at once on one warm lock, compared with nginx serving the same pages."""

from __future__ import annotations

import resource
import subprocess
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

from attrs import frozen

from benchmarks.closed_loop import percentile
from benchmarks.crowd_clients import AT_ONCE, Crowd, crowd
from benchmarks.figures import Spread, at_most, number
from benchmarks.machine import quiet
from benchmarks.outcomes import Outcome, Table
from benchmarks.passing import Passing
from benchmarks.real_lock import clients
from benchmarks.sites import Site
from benchmarks.stage import Bench, Stage, say
from benchmarks.upstream import Made, pin, wheel

__all__ = ["main"]

_CLIENTS = 500
_PINS = 19
"""Of the lock: a client has a connection for each, and this process may have so many open files."""
_ROUNDS = 5
_REAL = 12
_OPTIONS = ("--max-client-connections", "0", "--max-connections", "0")


@frozen
class _Pattern:
    """How a real uv asks for the pages of a lock.

    :param headers: the lines of a request after ``Host``.
    :param connections: how many it opened.
    :param burst: seconds from its first request to its last.
    """

    headers: bytes
    connections: int
    requests: int
    burst: float


def main(bench: Bench) -> Outcome:
    """Measure all cases of this part."""
    _allow_files()
    with Stage(bench, "crowd") as stage:
        projects = _projects(bench)
        reqpi = stage.reqpi(projects, options=_OPTIONS)
        sites = [stage.nginx(projects, reqpi), reqpi]
        pattern = _pattern(bench, stage, reqpi, projects)
        found: dict[str, list[Crowd]] = {site.name: [] for site in sites}
        count = 20 if bench.quick else _CLIENTS
        for turn in range(1 if bench.quick else _ROUNDS):
            for site in sites:
                site.asked(next(iter(projects)))
                if not bench.quick:
                    quiet()
                pages = [site.page(name) for name in projects]
                [site.asked(name) for name in projects]
                seen = crowd(pages, pattern.headers, count)
                found[site.name].append(seen)
                say(f"round {turn + 1}: {site.name}: {seen.seconds:.2f} s, {seen.failed} failed: {seen.errors[:3]}")
        real = {site.name: _real(bench, stage, site, projects) for site in sites}
        return _outcome(pattern, found, real, count)


def _allow_files() -> None:
    """Let this process, and those that it starts, open as many files as the crowd has connections, if it may.

    ReqPI needs two for each connection.
    """
    wanted = 2 * _CLIENTS * _PINS + 1000
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(wanted, most), max(wanted, most)))
    except (OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        say(f"this user may open {most:,} files, and the crowd needs {wanted:,}: connections will be refused")


def _projects(bench: Bench) -> dict[str, list[Made]]:
    names = [f"crowd-{number}" for number in range(_PINS)]
    return {name: bench.upstream.made(name) or bench.upstream.add(name, [wheel(name, size=2000)]) for name in names}


def _command(bench: Bench, lock: str, index: str, stage: Stage) -> Sequence[str]:
    document = stage.folder / "lock.txt"
    document.write_text(lock)
    resolve = clients(bench.work).install("uv", document, index, stage.folder / "to")
    return [str(word) for word in [*resolve, "--dry-run"]]


def _pattern(bench: Bench, stage: Stage, site: Site, projects: dict[str, list[Made]]) -> _Pattern:
    """Record how a real uv asks for the pages."""
    place = urlsplit(site.index)
    heads: list[tuple[float, int, bytes]] = []
    with Passing(place.port or 80, lambda number, head: heads.append((time.monotonic(), number, head))) as passing:
        index = f"{passing.url}{place.path}"
        lock = "".join(pin(files) for files in projects.values())
        clients(bench.work).run(_command(bench, lock, index, stage), stage.folder)
    pages = [each for each in heads if each[2].split(b" ")[1].endswith(b"/")]
    lines = pages[0][2].split(b"\r\n")[1:]
    headers = b"".join(line + b"\r\n" for line in lines if not line.lower().startswith(b"host:"))
    opened = len({number for _, number, _ in pages})
    return _Pattern(headers, opened, len(pages), pages[-1][0] - pages[0][0])


def _real(bench: Bench, stage: Stage, site: Site, projects: dict[str, list[Made]]) -> tuple[float, int]:
    """Run real uv processes at the same time; return the seconds until all have ended, and how many failed."""
    lock = "".join(pin(files) for files in projects.values())
    command = _command(bench, lock, site.index, stage)
    began = time.perf_counter()
    running = [
        subprocess.Popen(command, cwd=stage.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(_REAL)
    ]
    failed = sum(each.wait(100) != 0 for each in running)
    return time.perf_counter() - began, failed


def _outcome(
    pattern: _Pattern, found: dict[str, list[Crowd]], real: dict[str, tuple[float, int]], count: int
) -> Outcome:
    p50, p99 = (
        {name: Spread.of(percentile(each.pages, share) * 1e3 for each in seen) for name, seen in found.items()}
        for share in (0.5, 0.99)
    )
    whole = {name: Spread.of(each.seconds for each in seen) for name, seen in found.items()}
    failed = {name: sum(each.failed for each in seen) for name, seen in found.items()}
    rows = [
        [name, str(p50[name]), str(p99[name]), str(whole[name]), str(failed[name]), number(real[name][0])]
        for name in found
    ]
    table = Table(
        f"{count} clients at once, each with {min(AT_ONCE, _PINS)} connections for the {_PINS} pages of a lock:",
        ("", "page, p50, ms", "page, p99, ms", "until the last page, s", "failed", f"{_REAL} real uv, s"),
        rows,
    )
    goals = [
        at_most("a page, p99, of nginx's", 3, p99["ReqPI"].over(p99["nginx"])),
        at_most("pages that failed", 0, failed["ReqPI"] + sum(each[1] for each in real.values())),
    ]
    notes = [
        f"A real uv opened {pattern.connections} connections for {pattern.requests} pages, within "
        f"{number(pattern.burst * 1e3)} ms; the simulated ones open as many at once, and send its headers.",
        f"{_ROUNDS} rounds. The time of a page begins when its client wants it, and includes connecting. The load is "
        "of one process on one core, and takes part of the time of both servers.",
    ]
    return Outcome("crowd", "A crowd of clients", [table], goals, notes=notes)
