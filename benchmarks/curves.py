"""How cost grows with the pins of a lock, the files of a project, the locks in the store, and the clients."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256

from attrs import frozen

from benchmarks import many_locks
from benchmarks.asking import get
from benchmarks.figures import Spread
from benchmarks.load import ACCEPT, Load
from benchmarks.outcomes import Outcome, Plot, Series, Table
from benchmarks.pages import SMALL, page_projects
from benchmarks.reqpi_server import ReqPI
from benchmarks.stage import Bench, Samples, Stage, say
from benchmarks.upstream import Made

__all__ = ["main"]

_PINS = (10, 100, 1000, 10_000)
_FILES = (10, 100, 1000, 12_000)
_LOCKS = (10, 100, 1000, 20_000)
_CLIENTS = (1, 8, 64, 500)
_RELEASE = 10  # files in each release of a project


@frozen
class Curve:
    """Measurements at several sizes.

    :param name: of the picture, without ``.png``.
    :param series: the measurements by size, for each name.
    """

    name: str
    title: str
    x: str
    y: str
    series: Mapping[str, Mapping[int, Spread]]

    def table(self) -> Table:
        """Return a table with a row for each size."""
        sizes = next(iter(self.series.values()))
        rows = [[f"{size:,}", *(str(kept[size]) for kept in self.series.values())] for size in sizes]
        return Table(f"{self.title}:", (self.x, *(f"{name}, {self.y}" for name in self.series)), rows)

    def plot(self) -> Plot:
        """Return a plot with a line for each series."""
        series = [
            Series(name, [(size, each.middle, each.least, each.most) for size, each in kept.items()])
            for name, kept in self.series.items()
        ]
        return Plot(self.name, self.title, "curve", self.x, self.y, series)


def main(bench: Bench) -> Outcome:
    """Measure all curves; with ``--quick``, without the last point of each."""
    curves = [_pins(bench), _files(bench), _locks(bench), *_clients(bench)]
    return Outcome("curves", "Curves", [each.table() for each in curves], plots=[each.plot() for each in curves])


def _sizes(bench: Bench, all_sizes: Sequence[int]) -> Sequence[int]:
    return all_sizes[:-1] if bench.quick else all_sizes


def _pins(bench: Bench) -> Curve:
    """Measure the time to commit a lock to a server without an upstream."""
    sizes, took = _sizes(bench, _PINS), []
    with Stage(bench, "curve-pins") as stage:
        server = ReqPI(bench.python, stage.folder / "ReqPI", None)
        with server:
            for turn in range(bench.rounds):
                took.append({size: _seconds_to_commit(server, _lock(size, turn)) for size in sizes})
                say(f"pins: round {turn + 1}")
    curve = {size: Spread.of(each[size] * 1e3 for each in took) for size in sizes}
    return Curve("curve-pins", "Committing a lock", "pins", "ms", {"ReqPI": curve})


def _lock(pins: int, turn: int) -> bytes:
    """Return a lock whose pins have a digest each, and whose address differs in each turn."""
    digests = (sha256(b"%d %d" % (turn, pin)).hexdigest() for pin in range(pins))
    return "".join(f"package-{pin}==1.{pin} --hash=sha256:{one}\n" for pin, one in enumerate(digests)).encode()


def _seconds_to_commit(server: ReqPI, lock: bytes) -> float:
    began = time.perf_counter()
    answer = get(f"{server.url}/locks", body=lock, method="POST")
    took = time.perf_counter() - began
    assert answer.status in (200, 201), answer.body
    return took


def _files(bench: Bench) -> Curve:
    """Measure the time from committing a lock of one pin to its first page, by the files of the project upstream."""
    sizes, took = _sizes(bench, _FILES), []
    with Stage(bench, "curve-files") as stage, ReqPI(bench.python, stage.folder / "ReqPI", stage.upstream) as server:
        for turn in range(bench.rounds):
            names = {size: f"curve-{size}-{turn}" for size in sizes}
            for size, name in names.items():
                if not bench.upstream.made(name):
                    bench.upstream.list(name, _releases(name, size))
            took.append({size: _seconds_to_freeze(server, name) for size, name in names.items()})
            say(f"files: round {turn + 1}")
    curve = {size: Spread.of(each[size] * 1e3 for each in took) for size in sizes}
    title = "From the commit of a lock to the first page, by the files that the project has upstream"
    return Curve("curve-files", title, "files", "ms", {"ReqPI": curve})


def _releases(project: str, files: int) -> Iterator[Made]:
    for number in range(files):
        release, tag = divmod(number, _RELEASE)
        filename = f"{project.replace('-', '_')}-1.{release}-cp31{tag}-cp31{tag}-manylinux_2_17_x86_64.whl"
        content, metadata = (sha256(f"{part} {filename}".encode()).hexdigest() for part in ("content", "metadata"))
        yield Made(project, filename, content, 123_456, metadata, ">=3.8")


def _seconds_to_freeze(server: ReqPI, project: str) -> float:
    lock = f"{project}==1.0\n".encode()
    began = time.perf_counter()
    _seconds_to_commit(server, lock)
    answer = get(f"{server.url}/{sha256(lock).hexdigest()}/simple/{project}/", {"Accept": ACCEPT})
    took = time.perf_counter() - began
    assert answer.status == 200, answer.body
    return took


def _locks(bench: Bench) -> Curve:
    """Measure the time for a page, by the locks in the store."""
    kept = many_locks.compare(bench, _sizes(bench, _LOCKS))
    series = {
        label: {count: Spread.of(getattr(each, what) * 1e3 for each in figures) for count, figures in kept.items()}
        for label, what in (("first page of a lock", "cold"), ("asked for before", "warm"))
    }
    return Curve("curve-locks", "A page, by the locks in the store", "locks", "ms", series)


def _clients(bench: Bench) -> list[Curve]:
    """Measure the rate and the latency of a page of 1 KB by the number of clients, compared with nginx."""
    samples = Samples()
    sizes = _sizes(bench, _CLIENTS)
    with Stage(bench, "curve-clients") as stage:
        projects = page_projects(bench.upstream)
        reqpi = stage.reqpi(projects)
        sites = [stage.nginx(projects, reqpi, "nginx"), reqpi]
        for turn in range(bench.rounds):
            for site in sites:
                for clients in sizes:
                    load = Load(site.page(SMALL), clients, bench.seconds, {"Accept": ACCEPT})
                    samples.add(site.name, str(clients), stage.load(site, load))
            say(f"clients: round {turn + 1}")
    rates, latencies = (
        {site.name: {clients: samples.of(site.name, str(clients), what) for clients in sizes} for site in sites}
        for what in (lambda each: each.rate, lambda each: each.p99)
    )
    return [
        Curve("curve-clients", "A page of 1 KB, by the clients", "clients", "requests/s", rates),
        Curve("curve-latency", "A page of 1 KB, by the clients", "clients", "p99, ms", latencies),
    ]
