"""Files that are in the store, compared with nginx and the peers: one of 200 MB, many of 50 KB, plain and with TLS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from benchmarks.figures import Goal, at_least, at_most, number
from benchmarks.load import Load, rotating
from benchmarks.outcomes import Outcome, Plot, Series, Table
from benchmarks.sites import Site
from benchmarks.stage import Bench, Samples, Stage, say
from benchmarks.upstream import Made, Tree, tags, wheel

__all__ = ["BIG", "file_projects", "main"]

BIG, SMALL = "file-big", "files-small"
_BIG, _SMALL = "200 MB, 1 client", "50 KB, 16 clients"
_SITES = ("nginx", "ReqPI", "ReqPI, with tokens", "nginx, TLS", "ReqPI, TLS")


def file_projects(tree: Tree) -> dict[str, Sequence[Made]]:
    """Return a project with one wheel of 200 MB, and a project with forty wheels of 50 KB."""
    small = (wheel(SMALL, number, 50_000, tag) for number, tag in enumerate(tags(40)))
    return {
        BIG: tree.made(BIG) or tree.add(BIG, [wheel(BIG, size=200_000_000)]),
        SMALL: tree.made(SMALL) or tree.add(SMALL, small),
    }


def main(bench: Bench) -> Outcome:
    """Measure all cases of this part."""
    with Stage(bench, "files") as stage:
        projects = file_projects(bench.upstream)
        reqpi = stage.reqpi(projects, tls=True)
        stage.nginx(projects, reqpi, tls=True)
        stage.reqpi(projects, "ReqPI, with tokens", closed=True)
        sites = [stage.sites[name] for name in _SITES] + stage.peers()
        urls = {site: {project: site.files(project) for project in projects} for site in sites}
        samples = Samples()
        for turn in range(bench.rounds):
            for site in sites:
                _measure(bench, stage, site, urls[site], samples)
                say(f"round {turn + 1}: {site.name}")
        return _outcome(samples, [site.name for site in sites])


def _measure(bench: Bench, stage: Stage, site: Site, urls: Mapping[str, Sequence[str]], samples: Samples) -> None:
    (big,) = urls[BIG]
    samples.add(site.name, _BIG, stage.load(site, Load(big, 1, bench.seconds)))
    script = rotating([urlsplit(url).path for url in urls[SMALL]])
    samples.add(site.name, _SMALL, stage.load(site, Load(urls[SMALL][0], 16, bench.seconds, script=script)))


def _outcome(samples: Samples, names: Sequence[str]) -> Outcome:
    rows = []
    for name in names:
        measure = "nginx, TLS" if name.endswith("TLS") else "nginx"
        volume = samples.of(name, _BIG, lambda each: each.megabytes)
        rate = samples.of(name, _SMALL, lambda each: each.rate)
        rows.append(
            [
                name,
                str(volume),
                number(volume.over(samples.of(measure, _BIG, lambda each: each.megabytes))),
                str(samples.of(name, _BIG, lambda each: each.cpu_gigabyte)),
                str(rate),
                number(rate.over(samples.of(measure, _SMALL, lambda each: each.rate))),
                str(samples.of(name, _SMALL, lambda each: each.p99)),
            ]
        )
    head = ("", f"{_BIG}, MB/s", "of nginx", "CPU s a GB", f"{_SMALL}, requests/s", "of nginx", "p99, ms")
    caption = "Medians, and the least and the most of the rounds; with TLS, the ratios are to nginx with TLS:"
    notes = [f"Errors: {name}: {count}." for name, count in samples.errors.items()]
    notes.append(f"In the worst load, others used {number(samples.noise)} of a core.")
    plots = [_plot(samples, names)]
    return Outcome("files", "Files", [Table(caption, head, rows)], list(_goals(samples)), plots, notes)


def _goals(samples: Samples) -> Iterator[Goal]:
    def ratio(name: str, case: str, what: str, over: str) -> float:
        mine, other = (samples.of(each, case, lambda sample: getattr(sample, what)) for each in (name, over))
        return mine.over(other)

    yield at_least(f"{_BIG}: MB/s, of nginx", 0.9, ratio("ReqPI", _BIG, "megabytes", "nginx"))
    yield at_most(f"{_BIG}: CPU a GB, of nginx", 1.3, ratio("ReqPI", _BIG, "cpu_gigabyte", "nginx"))
    yield at_least(f"{_SMALL}: requests/s, of nginx", 0.4, ratio("ReqPI", _SMALL, "rate", "nginx"))
    for case, what in ((_BIG, "megabytes"), (_SMALL, "rate")):
        yield at_least(f"{case}, with tokens, of nginx", 0.4, ratio("ReqPI, with tokens", case, what, "nginx"))
    yield at_least(f"{_BIG}, TLS: MB/s, of nginx", 0.5, ratio("ReqPI, TLS", _BIG, "megabytes", "nginx, TLS"))
    yield at_least(f"{_SMALL}, TLS: requests/s, of nginx", 0.5, ratio("ReqPI, TLS", _SMALL, "rate", "nginx, TLS"))


def _plot(samples: Samples, names: Sequence[str]) -> Plot:
    series = []
    for name in names:
        spread = samples.of(name, _BIG, lambda each: each.megabytes)
        series.append(Series(name, [(0, spread.middle, spread.least, spread.most)]))
    return Plot("files", "A file of 200 MB, one client", "bars", "", "MB/s", series)
