"""An object store behind a server, compared with a directory, and with asking the object store itself.

Warm pages and files come through ``--cache``. A cold file is in the object store, and neither in the cache of the
machine nor known to the process. The object store is SeaweedFS on loopback, once as it is, and once behind a proxy that
delays each request as a network would.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from statistics import median
from urllib.parse import urlsplit

from attrs import frozen

from benchmarks.asking import get
from benchmarks.figures import Goal, Spread, at_most, number
from benchmarks.load import ACCEPT, Load
from benchmarks.machine import on_load_core, quiet
from benchmarks.outcomes import Outcome, Table
from benchmarks.passing import Passing
from benchmarks.reqpi_server import ReqPI
from benchmarks.scale_requests import object_store, options_of
from benchmarks.sites import Site
from benchmarks.stage import Bench, Samples, Stage, say
from benchmarks.upstream import Made, pin, wheel
from reqpi.storage.objects.client import ObjectClient
from reqpi.storage.objects.connect import connect
from reqpi.storage.objects.keys import blob_key
from tests.seaweed import SeaweedFS

__all__ = ["main"]

_DIRECTORY, _OBJECTS = "a directory", "an object store, --cache"
_WARM = {"a page of 1 KB": 0, "a file of 50 KB": 50_000, "a file of 20 MB": 20_000_000}
_CONNECTIONS = 16
_COLD = {"50 KB": (50_000, 12), "1 MB": (1_000_000, 12), "20 MB": (20_000_000, 4)}
"""By name, the size in bytes, and how many files of it are asked for in each round."""

_DELAY = 0.02
_ROUNDS = 5

_Projects = Mapping[str, Sequence[Made]]


@frozen
class _FirstByte:
    """Seconds to the first byte, by what was asked."""

    through: float
    own: float


def main(bench: Bench) -> Outcome:
    """Measure all cases of this part."""
    with ExitStack() as stack:
        stage = stack.enter_context(Stage(bench, "objects"))
        store = stack.enter_context(object_store())
        projects = _projects(bench)
        samples = _warm(bench, stage, store, projects)
        cold = {"on loopback": _cold(bench, stage, store, projects, store.options["endpoint"])}
        port = urlsplit(store.options["endpoint"]).port
        delayed = stack.enter_context(Passing(port or 0, delay=_DELAY))
        cold[f"{_DELAY * 1e3:.0f} ms away"] = _cold(bench, stage, store, projects, delayed.url)
        return _outcome(samples, cold)


def _projects(bench: Bench) -> _Projects:
    """Return a project for each size of a file, with a file for each time that it is asked for."""
    sizes = {f"objects-{size}-{number}": size for size, count in _COLD.values() for number in range(count)}
    return {
        name: bench.upstream.made(name) or bench.upstream.add(name, [wheel(name, size=size)])
        for name, size in sizes.items()
    }


def _lock(projects: _Projects) -> str:
    return "".join(pin(files) for files in projects.values())


def _warm(bench: Bench, stage: Stage, store: SeaweedFS, projects: _Projects) -> Samples:
    samples = Samples()
    lock = _lock(projects)
    with ExitStack() as stack:
        sites = []
        for name, options in (
            (_DIRECTORY, ()),
            (_OBJECTS, (*options_of(store), "--cache", str(stage.folder / "cache"))),
        ):
            folder = stage.folder / name.replace(" ", "-")
            server = stack.enter_context(ReqPI(bench.python, folder, stage.upstream, options=options))
            sites.append(Site(name, server.commit(lock), server))
        for turn in range(1 if bench.quick else _ROUNDS):
            for site in sites:
                for case, size in _WARM.items():
                    project = f"objects-{size or 50_000}-0"
                    url = site.page(project) if not size else f"{site.page(project)}{projects[project][0].filename}"
                    connections = _CONNECTIONS if size < 1_000_000 else 1
                    get(url, {"Accept": ACCEPT})
                    sample = stage.load(site, Load(url, connections, 1, {"Accept": ACCEPT}))
                    samples.add(site.name, case, sample)
            say(f"warm, round {turn + 1}")
    return samples


def _cold(
    bench: Bench, stage: Stage, store: SeaweedFS, projects: _Projects, endpoint: str
) -> dict[str, list[_FirstByte]]:
    """Return the medians of each round, by size; a new server with an empty cache is started for each round."""
    own = ObjectClient(lambda: connect(store.url, {**store.options, "endpoint": endpoint}))
    own.open()
    found: dict[str, list[_FirstByte]] = {name: [] for name in _COLD}
    for turn in range(1 if bench.quick else _ROUNDS):
        folder = stage.folder / f"cold-{turn}-{urlsplit(endpoint).port}"
        options = (*options_of(store, endpoint), "--cache", str(folder / "cache"))
        with ReqPI(bench.python, folder, stage.upstream, options=options) as server:
            index = server.index_of(_lock(projects))
            for name in projects:
                get(f"{index}{name}/", {"Accept": ACCEPT})
            if not bench.quick:
                quiet()
            for name, (size, count) in _COLD.items():
                through, direct = [], []
                for number in range(count):
                    [made] = projects[f"objects-{size}-{number}"]
                    direct.append(_first_byte(own.link(blob_key(made.sha256), 300) or ""))
                    through.append(_first_byte(f"{index}{made.project}/{made.filename}"))
                found[name].append(_FirstByte(median(through), median(direct)))
        say(f"cold, round {turn + 1}")
    return found


def _first_byte(url: str) -> float:
    """Return the seconds from a request, on a new connection, to the first byte of the body; read the rest."""
    place = urlsplit(url)
    target = place.path + (f"?{place.query}" if place.query else "")
    with on_load_core():
        connection = http.client.HTTPConnection(place.hostname or "", place.port)
        began = time.perf_counter()
        connection.request("GET", target)
        answer = connection.getresponse()
        answer.read(1)
        took = time.perf_counter() - began
        answer.read()
        connection.close()
    if answer.status != http.client.OK:
        raise SystemExit(f"{place.path}: {answer.status}")
    return took


def _outcome(samples: Samples, cold: Mapping[str, Mapping[str, Sequence[_FirstByte]]]) -> Outcome:
    rows, goals = [], list[Goal]()
    for case in _WARM:
        each = {name: samples.of(name, case, lambda sample: 1e6 / sample.rate) for name in (_DIRECTORY, _OBJECTS)}
        ratio = each[_OBJECTS].over(each[_DIRECTORY])
        cpu = samples.of(_OBJECTS, case, lambda sample: sample.cpu_each).over(
            samples.of(_DIRECTORY, case, lambda sample: sample.cpu_each)
        )
        rows.append([case, *map(str, each.values()), number(ratio), number(cpu)])
        goals.append(at_most(f"{case}, warm, of a directory's", 1.1, ratio))
    warm = Table(
        "Microseconds for each warm response, at the rate that the server reaches:",
        ("", _DIRECTORY, _OBJECTS, "ratio", "ratio of CPU"),
        rows,
    )
    rows = []
    for where, sizes in cold.items():
        for name, rounds in sizes.items():
            own, through = (Spread.of(getattr(each, what) * 1e3 for each in rounds) for what in ("own", "through"))
            ratio = through.over(own)
            rows.append([f"{name}, {where}", str(own), str(through), number(ratio)])
            goals.append(at_most(f"the first byte of {name}, cold, {where}, of the object store's own", 1.5, ratio))
    first = Table(
        "Milliseconds to the first byte of a file that only the object store has:",
        ("", "from the object store", "through ReqPI", "ratio"),
        rows,
    )
    notes = [f"{_ROUNDS} rounds. Of the first byte, medians of several files in each round."]
    notes += [f"Errors: {samples.errors}."] if samples.errors else []
    return Outcome("objects", "An object store", [warm, first], goals, notes=notes)
