"""Memory, compared with the peers: idle, after a thousand different pages, and with few or many locks in the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

from benchmarks import many_locks
from benchmarks.figures import Spread, at_most, number
from benchmarks.outcomes import Outcome, Table
from benchmarks.reqpi_server import ReqPI
from benchmarks.sites import Site
from benchmarks.stage import Bench, Stage, say
from benchmarks.upstream import VERSION, Made, Tree, tags

__all__ = ["main"]

_FILES = 43  # on each page, which makes 20 KB


def main(bench: Bench) -> Outcome:
    """Measure all cases of this part."""
    few, many = 20, 500 if bench.quick else 20_000
    count = 50 if bench.quick else 1000
    pages = _pages(bench, count)
    stores = many_locks.compare(bench, (few, many))
    idle, after = pages["ReqPI"]
    goals = [
        at_most("idle", 70, idle / 1e6, "MB"),
        at_most(f"after {count:,} different pages", 120, after / 1e6, "MB"),
        at_most(f"idle, with {many:,} locks, of {few}", 1.05, _more(stores[few], stores[many], "idle")),
        at_most(f"after pages, with {many:,} locks, of {few}", 1.05, _more(stores[few], stores[many], "after")),
    ]
    rows = [[name, number(before / 1e6), number(then / 1e6)] for name, (before, then) in pages.items()]
    table = Table("Megabytes of the process, or of all of its processes:", ("", "idle", f"after {count:,} pages"), rows)
    return Outcome("memory", "Memory", [table, _stores_table(stores)], goals)


def _pages(bench: Bench, count: int) -> dict[str, tuple[int, int]]:
    """Return the bytes of memory of each server, idle and after ``count`` different pages."""
    found = {}
    with Stage(bench, "memory") as stage:
        projects = _listed(bench.upstream, count)
        server = ReqPI(bench.python, stage.folder / "ReqPI", stage.upstream)
        stage.add(Site("ReqPI", server.url, server))
        idle = {"ReqPI": sum(server.resident())}
        index = server.commit("".join(f"{name}=={VERSION}\n" for name in projects), hold=False)
        peers = stage.peers()
        idle |= {site.name: sum(site.process.resident()) for site in peers}
        for site in [Site("ReqPI", index, server), *peers]:
            for project in projects:
                site.asked(project)
            found[site.name] = idle[site.name], sum(site.process.resident())
            say(f"{site.name}: {found[site.name][1] / 1e6:.0f} MB")
    return found


def _more(few: Sequence[many_locks.Figures], many: Sequence[many_locks.Figures], what: str) -> float:
    return Spread.of(getattr(each, what) for each in many).over(Spread.of(getattr(each, what) for each in few))


def _stores_table(stores: Mapping[int, Sequence[many_locks.Figures]]) -> Table:
    names = {"started": ("s", 1), "cold": ("ms", 1e3), "warm": ("ms", 1e3), "idle": ("MB", 1e-6), "after": ("MB", 1e-6)}
    rows = [
        [
            f"{name}, {unit}",
            *(str(Spread.of(getattr(each, name) * factor for each in kept)) for kept in stores.values()),
        ]
        for name, (unit, factor) in names.items()
    ]
    caption = (
        "With this many locks in the store, the time to start, for the first page of a lock and for one that was asked "
        "for before, each on a new connection, and memory:"
    )
    return Table(caption, ("", *(f"{count:,}" for count in stores)), rows)


def _listed(tree: Tree, count: int) -> list[str]:
    """Write ``count`` projects whose pages differ, and return their names; their files are never requested."""
    names = [f"memory-{number}" for number in range(count)]
    for name in names:
        if not tree.made(name):
            tree.list(name, (_file(name, tag) for tag in tags(_FILES)))
    tree.index()
    return names


def _file(project: str, tag: str) -> Made:
    filename = f"{project.replace('-', '_')}-{VERSION}-{tag}.whl"
    content, metadata = (sha256(f"{part} {filename}".encode()).hexdigest() for part in ("content", "metadata"))
    return Made(project, filename, content, 123_456, metadata, ">=3.8")
