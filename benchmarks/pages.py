"""Warm project pages, compared with nginx and the peers: requests a second, latency, processor time for a request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attrs import frozen

from benchmarks.closed_loop import ask_in_loop
from benchmarks.figures import Goal, at_least, at_most, number
from benchmarks.load import ACCEPT, Load
from benchmarks.outcomes import Outcome, Plot, Series, Table
from benchmarks.sites import Site
from benchmarks.stage import Bench, Samples, Stage, say
from benchmarks.upstream import Made, Tree, tags, wheel

__all__ = ["LARGE", "SMALL", "main", "page_projects"]

SMALL, LARGE = "page-small", "page-large"
_SIZES = {SMALL: ("1 KB", 2), LARGE: ("20 KB", 43)}
_NGINX, _SILENT_NGINX = "nginx", "nginx, no access log"
_REQPI, _SILENT, _TWO = "ReqPI", "ReqPI, no access log", "ReqPI, 2 workers"
_CLOSED = "ReqPI, with tokens"


@frozen
class Case:
    """One kind of request.

    :param kind: ``GET``, ``304`` or ``gzip``, sent by wrk. ``HEAD``, which wrk cannot send, and a ``GET`` to compare it
        with are sent by the plain client of :mod:`benchmarks.closed_loop`: ``HEAD, plain client``.
    """

    project: str
    connections: int
    kind: str = "GET"

    def __str__(self) -> str:
        size = _SIZES[self.project][0]
        kind = "" if self.kind == "GET" else f", {self.kind}"
        return f"{size}, {self.connections}{kind}"


_GETS = [Case(project, connections) for project in _SIZES for connections in (16, 64)]
_OTHERS = [
    Case(SMALL, 16, "304"),
    Case(SMALL, 16, "gzip"),
    Case(SMALL, 16, "GET, plain client"),
    Case(SMALL, 16, "HEAD, plain client"),
]
_PEERS = [Case(project, 16) for project in _SIZES]


def page_projects(tree: Tree) -> dict[str, Sequence[Made]]:
    """Return two projects, whose pages have about 1 KB and about 20 KB."""
    return {
        project: tree.made(project) or tree.add(project, (wheel(project, tag=tag) for tag in tags(count)))
        for project, (_, count) in _SIZES.items()
    }


def main(bench: Bench) -> Outcome:
    """Measure all cases of this part."""
    with Stage(bench, "pages") as stage:
        projects = page_projects(bench.upstream)
        reqpi = stage.reqpi(projects)
        cases = {stage.nginx(projects, reqpi, _NGINX): [*_GETS, *_OTHERS], reqpi: [*_GETS, *_OTHERS]}
        cases[stage.nginx(projects, reqpi, _SILENT_NGINX, log=False)] = _GETS
        cases[stage.reqpi(projects, _SILENT, log=False)] = _GETS
        cases[stage.reqpi(projects, _TWO, workers=2)] = _GETS
        cases[stage.reqpi(projects, _CLOSED, closed=True)] = _GETS
        cases |= dict.fromkeys(stage.peers(), _PEERS)
        sizes = {site.name: [len(site.asked(project).body) for project in _SIZES] for site in cases}
        return _outcome(_measured(bench, stage, cases), sizes)


def _measured(bench: Bench, stage: Stage, cases: Mapping[Site, Sequence[Case]]) -> Samples:
    samples = Samples()
    for turn in range(bench.rounds):
        for site, asked in cases.items():
            for case in asked:
                headers = _headers(site, case)
                if headers is None:
                    continue
                load = Load(site.page(case.project), case.connections, bench.seconds, headers)
                if "client" in case.kind:
                    sample = ask_in_loop(load, case.kind.partition(",")[0], site.process)
                else:
                    sample = stage.load(site, load)
                samples.add(site.name, str(case), sample)
                say(f"{turn + 1} {site.name}: {case}: {sample.rate:,.0f}/s, {sample.cpu_each:.1f} us each")
    return samples


def _headers(site: Site, case: Case) -> dict[str, str] | None:
    """Return the request headers of a case; ``None`` if the site does not support it."""
    headers = {"Accept": ACCEPT}
    answer = site.asked(case.project)
    if case.kind == "304":
        return headers | {"If-None-Match": answer.headers["ETag"]} if "ETag" in answer.headers else None
    if case.kind == "gzip":
        return headers | {"Accept-Encoding": "gzip"}
    return headers


def _outcome(samples: Samples, sizes: Mapping[str, Sequence[int]]) -> Outcome:
    listed = "; ".join(f"{name} {small:,} and {large:,}" for name, (small, large) in sizes.items())
    notes = [f"Bytes of the two pages: {listed}."]
    notes += [f"Errors: {name}: {count}." for name, count in samples.errors.items()]
    notes.append(f"In the worst load, others used {number(samples.noise)} of a core.")
    return Outcome(
        "pages",
        "Pages",
        [_gets(samples, sizes), _other(samples)],
        list(_goals(samples)),
        [_plot(samples, sizes)],
        notes,
    )


def _gets(samples: Samples, names: Mapping[str, object]) -> Table:
    rows = []
    for case in map(str, _GETS):
        for name in names:
            if samples.has(name, case):
                rate = samples.of(name, case, lambda each: each.rate)
                cpu = samples.of(name, case, lambda each: each.cpu_each)
                rows.append(
                    [
                        f"{case}: {name}",
                        str(rate),
                        number(rate.over(samples.of(_NGINX, case, lambda each: each.rate))),
                        *(str(samples.of(name, case, what)) for what in (lambda each: each.p50, lambda each: each.p99)),
                        str(cpu),
                        number(samples.of(_NGINX, case, lambda each: each.cpu_each).over(cpu)),
                    ]
                )
    head = (
        "page, connections: server",
        "requests/s",
        "of nginx",
        "p50, ms",
        "p99, ms",
        "CPU, µs a request",
        "of nginx, by CPU",
    )
    return Table("Medians, and the least and the most of the rounds:", head, rows)


def _other(samples: Samples) -> Table:
    rows = []
    for case in (str(case) for case in [Case(SMALL, 16), *_OTHERS]):
        for name in (_NGINX, _REQPI):
            if samples.has(name, case):
                rate = samples.of(name, case, lambda each: each.rate)
                rows.append([f"{case}: {name}", str(rate), str(samples.of(name, case, lambda each: each.cpu_each))])
    return Table(
        "Other ways to ask for a page:", ("page, connections, how: server", "requests/s", "CPU, µs a request"), rows
    )


def _goals(samples: Samples) -> Iterator[Goal]:
    def rate(name: str, case: object) -> float:
        return samples.of(name, str(case), lambda each: each.rate).middle

    def cpu(case: Case) -> float:
        return samples.of(_REQPI, str(case), lambda each: each.cpu_each).middle

    for case in _GETS:
        yield at_least(f"{case} connections, of nginx", 0.45, rate(_REQPI, case) / rate(_NGINX, case))
    for case in _GETS:
        p99 = [samples.of(name, str(case), lambda each: each.p99).middle for name in (_REQPI, _NGINX)]
        yield at_most(f"{case} connections, p99, of nginx's", 3, p99[0] / p99[1])
    for case in _PEERS:
        for name, times in (("proxpi", 20), ("devpi", 80)):
            if samples.has(name, str(case)):
                yield at_least(f"{case} connections, times {name}", times, rate(_REQPI, case) / rate(name, case))
    for case in _GETS:
        yield at_least(f"{case} connections, with tokens, of nginx", 0.4, rate(_CLOSED, case) / rate(_NGINX, case))
    for case in _GETS:
        yield at_least(f"{case} connections, two workers, times one", 1.5, rate(_TWO, case) / rate(_REQPI, case))
    plain, conditional, _, get, head = (Case(SMALL, 16), *_OTHERS)
    if samples.has(_REQPI, str(conditional)):
        yield at_most("304, CPU, of a page's", 1.05, cpu(conditional) / cpu(plain))
    yield at_most("HEAD, CPU, of a page's, both by our own client", 1.05, cpu(head) / cpu(get))


def _plot(samples: Samples, names: Mapping[str, object]) -> Plot:
    series = []
    for name in names:
        case = str(Case(LARGE, 16))
        spread = samples.of(name, case, lambda each: each.rate)
        series.append(Series(name, [(0, spread.middle, spread.least, spread.most)]))
    return Plot("pages", "A page of 20 KB, 16 connections", "bars", "", "requests/s", series)
