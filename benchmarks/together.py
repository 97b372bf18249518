"""A page during large downloads: four clients download 200 MB repeatedly while another client requests pages."""

from __future__ import annotations

from threading import Thread

from benchmarks.closed_loop import ask_at_rate
from benchmarks.figures import at_most
from benchmarks.files import BIG, file_projects
from benchmarks.load import ACCEPT, Load, Sample
from benchmarks.machine import quiet
from benchmarks.outcomes import Outcome, Plot, Series, Table
from benchmarks.pages import SMALL, page_projects
from benchmarks.sites import Site
from benchmarks.stage import Bench, Samples, Stage, say

__all__ = ["main"]

_RATE = 100.0  # pages a second
_PAGE, _FILE = "page", "file"


def main(bench: Bench) -> Outcome:
    """Measure all cases of this part."""
    with Stage(bench, "together") as stage:
        projects = {**page_projects(bench.upstream), BIG: file_projects(bench.upstream)[BIG]}
        reqpi = stage.reqpi(projects)
        sites = [stage.nginx(projects, reqpi, "nginx"), reqpi, *stage.peers()]
        big = {site: site.files(BIG)[0] for site in sites}
        samples = Samples()
        for turn in range(bench.rounds):
            for site in sites:
                for case, sample in _both(bench, stage, site, big[site]).items():
                    samples.add(site.name, case, sample)
                say(f"round {turn + 1}: {site.name}")
        return _outcome(samples, [site.name for site in sites])


def _both(bench: Bench, stage: Stage, site: Site, big: str) -> dict[str, Sample]:
    """Measure the page and the files at the same time."""
    if not bench.quick:
        quiet()
    taken: list[Sample] = []
    files = Load(big, 4, bench.seconds + 2)
    others = Thread(target=lambda: taken.append(stage.load(site, files, at_once=True)))
    others.start()
    others.join(1)  # one second, so that the downloads have started
    page = ask_at_rate(Load(site.page(SMALL), 1, bench.seconds, {"Accept": ACCEPT}), _RATE, site.process)
    others.join()
    return {_PAGE: page, _FILE: taken[0]}


def _outcome(samples: Samples, names: list[str]) -> Outcome:
    p99 = {name: samples.of(name, _PAGE, lambda each: each.p99) for name in names}
    rows = [
        [
            name,
            str(samples.of(name, _PAGE, lambda each: each.p50)),
            str(p99[name]),
            str(samples.of(name, _FILE, lambda each: each.megabytes)),
        ]
        for name in names
    ]
    caption = f"Four clients take the file of 200 MB, and one asks for a page {_RATE:.0f} times a second:"
    table = Table(caption, ("", "page, p50, ms", "page, p99, ms", "files, MB/s"), rows)
    goal = at_most("a page while four clients take 200 MB, p99", 5, p99["ReqPI"].middle, "ms")
    series = [Series(name, [(0, each.middle, each.least, each.most)]) for name, each in p99.items()]
    plot = Plot("together", "A page while four clients take 200 MB", "bars", "", "p99, ms", series)
    return Outcome("together", "Together", [table], [goal], [plot])
