"""The first build with a new lock: a server that has served nothing, an empty store, and clients without caches.

``python -m benchmarks.first_build GROUP…`` measures one round of some groups, appends it to a file in ``--work``, and
exits; ``--summary`` makes tables of all rounds so far. So a long measurement can be made in short pieces. Within a
round everything is measured in turn, and only ratios within a round count.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from shutil import rmtree

from attrs import frozen

from benchmarks.figures import Goal, Spread, at_most, number
from benchmarks.outcomes import Outcome, Table, goals_table, markdown
from benchmarks.real_lock import Clients, RealLock, clients, real_lock
from benchmarks.reqpi_server import ReqPI
from benchmarks.sdist_lock import SdistLock, bare_fetch, sdist_lock
from benchmarks.stage import Bench, say

__all__ = ["GROUPS", "main", "outcome"]

_ROUNDS = 5

_STARTED = 2.0
"""Seconds after which a server has done what it does after its start."""

_Round = dict[str, float]
"""Seconds of one round, by name."""


@frozen
class _Scene:
    """What the commands need.

    :param python: the interpreter of the environment that has ReqPI.
    :param folder: for everything that they write.
    """

    python: str
    having: Clients
    lock: RealLock
    sdists: SdistLock
    folder: Path

    @property
    def to(self) -> Path:
        """The folder that packages are installed, or files fetched, into."""
        return self.folder / "to"

    def timed(self, command: Sequence[object]) -> float:
        """Return the seconds of a command that writes into an empty folder."""
        rmtree(self.to, ignore_errors=True)
        self.to.mkdir()
        return _timed(lambda: self.having.run(command, self.folder))

    def through(self, client: str) -> _Round:
        """Return the seconds of ``gethash`` and of the install that follows, through a new server."""
        with ReqPI(self.python, _emptied(self.folder / "ReqPI"), self.lock.upstream, core=None) as server:
            time.sleep(_STARTED)
            found: list[str] = []
            committed = _timed(lambda: found.append(server.commit(self.lock.lock.read_text(), hold=False)))
            install = self.timed(self.having.install(client, self.lock.lock, found[0], self.to))
        return {f"gethash before {client}": committed, f"{client}, ReqPI": install}

    def fetch(self, *given: object) -> float:
        """Return the seconds of ``reqpi fetch`` with an empty store."""
        store = _emptied(self.folder / "store")
        given = ("--store", store, "--upstream", self.lock.upstream, *given)
        return self.timed([self.python, "-m", "reqpi", "fetch", "-q", *given, "-o", self.to])


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _emptied(folder: Path) -> Path:
    rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _installs(client: str) -> Callable[[_Scene], Iterator[_Round]]:
    def measured(scene: _Scene) -> Iterator[_Round]:
        lock, upstream = scene.lock.lock, scene.lock.upstream
        yield {f"{client}, direct": scene.timed(scene.having.install(client, lock, upstream, scene.to))}
        yield scene.through(client)

    return measured


def _fetches(scene: _Scene) -> Iterator[_Round]:
    wheels, upstream, having = scene.lock.wheels, scene.lock.upstream, scene.having
    yield {"pip download": scene.timed(having.download(wheels, upstream, scene.to))}
    yield {"fetch": scene.fetch(wheels)}
    yield {"uv, the same files": scene.timed(having.install("uv", wheels, upstream, scene.to))}


def _sources(scene: _Scene) -> Iterator[_Round]:
    sdists = scene.sdists
    given = ("--source", sdists.source, "--mode", "permissive", '{"type": "pip"}')
    yield {"fetch --source": scene.fetch(*given)}
    yield {"bare script": _timed(lambda: bare_fetch(sdists, _emptied(scene.to)))}


GROUPS: Mapping[str, Callable[[_Scene], Iterator[_Round]]] = {
    "uv": _installs("uv"),
    "pip": _installs("pip"),
    "fetch": _fetches,
    "source": _sources,
}
"""What is measured together, in turn."""


def _measure(scene: _Scene, groups: Sequence[str]) -> _Round:
    found: _Round = {}
    for group in groups:
        for each in GROUPS[group](scene):
            found |= each
            say(", ".join(f"{name}: {seconds:.2f} s" for name, seconds in each.items()))
    return found


def _scene(python: str, work: Path) -> _Scene:
    lock, having = real_lock(work), clients(work)
    folder = work / "stages" / "first-build"
    folder.mkdir(parents=True, exist_ok=True)
    return _Scene(python, having, lock, sdist_lock(work, lock), folder)


def main(bench: Bench) -> Outcome:
    """Measure all groups."""
    scene = _scene(bench.python, bench.work)
    return outcome([_measure(scene, list(GROUPS)) for _ in range(1 if bench.quick else _ROUNDS)])


_RATIOS = (
    ("uv, ReqPI", "uv, direct", 1.0),
    ("pip, ReqPI", "pip, direct", 0.8),
    ("fetch", "pip download", 0.33),
    ("fetch", "uv, the same files", 1.2),
    ("fetch --source", "bare script", 1.0),
)
"""What is compared with what, and the ratio that is the target."""


def outcome(rounds: Sequence[_Round]) -> Outcome:
    """Return the tables of some rounds; what was not measured in any of them is left out."""
    names = list(dict.fromkeys(name for each in rounds for name in each))
    rows = [[name, str(Spread.of(each[name] for each in rounds if name in each))] for name in names]
    tables = [Table("Seconds of the first build; medians, with the least and the most:", ("", "s"), rows)]
    goals = [at_most(f"{one}, of {other}", bound, middle) for one, other, bound, middle in _ratios(rounds)]
    notes = [f"Rounds: {len(rounds)}. A ratio is the median of the ratios within the rounds."]
    return Outcome("first-build", "The first build", tables, [*goals, *_gethash(rounds)], [], notes)


def _ratios(rounds: Sequence[_Round]) -> Iterator[tuple[str, str, float, float]]:
    for one, other, bound in _RATIOS:
        found = [each[one] / each[other] for each in rounds if one in each and other in each]
        if found:
            yield one, other, bound, statistics.median(found)


def _gethash(rounds: Sequence[_Round]) -> Iterator[Goal]:
    found = [seconds for each in rounds for name, seconds in each.items() if name.startswith("gethash")]
    if found:
        yield at_most("gethash of a new lock", 0.3, statistics.median(found), "s")


def _command_line() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.first_build", description=__doc__)
    parser.add_argument("group", nargs="*", metavar="GROUP", help=f"{', '.join(GROUPS)}; default: all")
    parser.add_argument("--work", type=Path, required=True, help="folder for environments, locks and the rounds")
    parser.add_argument("--python", default=sys.executable, help="interpreter of the environment that has ReqPI")
    parser.add_argument("--label", default="rounds", help="name of the file that the rounds are appended to")
    parser.add_argument("--prepare", action="store_true", help="install the clients and resolve the lock, and exit")
    parser.add_argument("--summary", action="store_true", help="print the tables of all rounds so far, and exit")
    return parser.parse_args()


def _piece() -> None:
    options = _command_line()
    kept = options.work / f"first-build-{options.label}.jsonl"
    if options.summary:
        found = outcome([json.loads(line) for line in kept.read_text().splitlines()])
        print("\n".join([*map(markdown, [*found.tables, goals_table(found.goals)]), *found.notes]))
        return
    options.work.mkdir(parents=True, exist_ok=True)
    scene = _scene(options.python, options.work.resolve())
    if not options.prepare:
        measured = _measure(scene, options.group or list(GROUPS))
        with kept.open("a") as rounds:
            rounds.write(f"{json.dumps({name: float(number(each)) for name, each in measured.items()})}\n")


if __name__ == "__main__":
    _piece()
