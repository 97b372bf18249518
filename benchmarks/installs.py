"""The times that a user notices: installing, resolving, committing and fetching a lock of sixty packages."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from shutil import rmtree

from attrs import evolve, frozen

from benchmarks.asking import get
from benchmarks.figures import Goal, Spread, at_least, at_most, number
from benchmarks.machine import quiet
from benchmarks.nginx import Nginx, mirror
from benchmarks.outcomes import Outcome, Plot, Series, Table
from benchmarks.real_lock import Clients, RealLock, clients, real_lock
from benchmarks.reqpi_server import ReqPI
from benchmarks.stage import Bench, Stage, say

__all__ = ["main"]

_INDEXES = ("nginx", "ReqPI", "the upstream index")
_INSTALLS = ("uv pip install", "pip install")
_RESOLVES = ("uv pip compile", "pip install --dry-run")
_RUN, _RUN_NOTHING = "reqpi run … uv pip install", "reqpi run … python -c pass"
_GETHASH, _PYTHON = "reqpi gethash", "python -c pass"
_FETCH, _DOWNLOAD = "reqpi fetch", "pip download"

_Times = dict[tuple[str, str], list[float]]
"""Seconds of each round, by command and index."""


@frozen
class _Scene:
    """The environment of the commands.

    :param python: the interpreter of the environment that has ReqPI.
    :param indexes: the URL of each index, with a slash at the end.
    :param folder: holds the files of the server and the installed packages.
    """

    python: str
    having: Clients
    lock: RealLock
    server: ReqPI
    indexes: Mapping[str, str]
    folder: Path

    @property
    def to(self) -> Path:
        """The folder that packages are installed into."""
        return self.folder / "to"

    def emptied(self) -> None:
        """Create the target folder again, empty."""
        rmtree(self.to, ignore_errors=True)
        self.to.mkdir()


def main(bench: Bench) -> Outcome:
    """Measure all cases of this part."""
    lock, having = real_lock(bench.work), clients(bench.work)
    with (
        Stage(bench, "installs") as stage,
        ReqPI(bench.python, stage.folder / "ReqPI", lock.upstream, core=None) as server,
    ):
        index = server.commit(lock.lock.read_text(), hold=False)
        indexes = {"ReqPI": index, "the upstream index": lock.upstream}
        scene = _Scene(bench.python, having, lock, server, indexes, stage.folder)
        held = _warm(scene)
        tree = stage.folder / "tree"
        headers = mirror(tree, index, {path.split("/")[0] for path in held}, held)
        with Nginx(stage.folder / "nginx", tree, headers=headers, core=None) as nginx:
            mirrored = {"nginx": f"{nginx.url}/{index.split('/', 3)[3]}", **indexes}
            times = _measured(evolve(scene, indexes=mirrored), bench)
    return _outcome(times, len(lock.files))


def _warm(scene: _Scene) -> dict[str, Path]:
    """Make the server fetch what the installs need.

    :returns: copies of those files, next to their core metadata, by ``project/filename``.
    """
    found, index = {}, scene.indexes["ReqPI"]
    say(f"warming with {len(scene.lock.files)} files")
    for path in scene.lock.files:
        place = scene.folder / "held" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        for suffix in ("", ".metadata"):
            answer = get(f"{index}{path}{suffix}")
            if answer.status == 200:
                Path(f"{place}{suffix}").write_bytes(answer.body)
        found[path] = place
    for client in ("uv", "pip"):
        scene.emptied()
        scene.having.run(scene.having.resolve(client, scene.lock.top, index, scene.to), scene.folder)
    return found


def _measured(scene: _Scene, bench: Bench) -> _Times:
    times: _Times = {}
    for turn in range(bench.rounds):
        for (what, where), command in _commands(scene, turn):
            if not bench.quick:
                quiet()
            scene.emptied()
            began = time.perf_counter()
            scene.having.run(command, scene.folder)
            took = time.perf_counter() - began
            times.setdefault((what, where), []).append(took)
            say(f"{turn + 1} {what}, {where}: {took:.2f} s")
    return times


def _commands(scene: _Scene, turn: int) -> Iterator[tuple[tuple[str, str], Sequence[object]]]:
    """Yield the commands of one round, each with its name and the name of its index."""
    having, lock, to = scene.having, scene.lock, scene.to
    reqpi, nothing = [scene.python, "-m", "reqpi"], [scene.python, "-c", "pass"]
    warm = ["--store", scene.folder / "ReqPI" / "store", "--upstream", lock.upstream]
    inside = [*reqpi, "run", *warm, lock.lock, "--"]
    for client, install, resolve in zip(("uv", "pip"), _INSTALLS, _RESOLVES, strict=True):
        for name in _INDEXES:
            yield (install, name), having.install(client, lock.lock, scene.indexes[name], to)
        if client == "uv":
            yield (_RUN, "ReqPI"), [*inside, *having.install(client, lock.lock, None, to)]
        for name in _INDEXES:
            yield (resolve, name), having.resolve(client, lock.top, scene.indexes[name], to)
    yield (_RUN_NOTHING, "ReqPI"), [*inside, *nothing]
    yield (_GETHASH, "ReqPI"), [*reqpi, "gethash", "--url", scene.server.url, lock.lock]
    yield (_PYTHON, ""), nothing
    cold = ["--store", scene.folder / f"cold-{turn}", "--upstream", lock.upstream]
    yield (_FETCH, "the upstream index"), [*reqpi, "fetch", *cold, lock.wheels, "-o", to]
    yield (_DOWNLOAD, "the upstream index"), having.download(lock.wheels, lock.upstream, to)


def _outcome(times: _Times, packages: int) -> Outcome:
    spreads = {key: Spread.of(taken) for key, taken in times.items()}
    rows = [
        [what, *(str(spreads[what, name]) for name in _INDEXES), number(_over(spreads, what, "ReqPI", "nginx"))]
        for what in (*_INSTALLS, *_RESOLVES)
    ]
    head = ("", *(f"through {name}, s" for name in _INDEXES), "ReqPI, of nginx")
    caption = f"A lock of {packages} packages with hashes, and what it was resolved from; nothing is cached by clients:"
    others = [[what, where, str(spreads[what, where])] for what, where in spreads if what not in _INSTALLS + _RESOLVES]
    tables = [
        Table(caption, head, rows),
        Table("The same lock; for the last two, with the digest of one file each:", ("", "index", "s"), others),
    ]
    series = [
        Series(name, [(0, each.middle, each.least, each.most)])
        for name in _INDEXES
        for each in [spreads["uv pip install", name]]
    ]
    plot = Plot("installs", f"uv pip install, {packages} packages", "bars", "", "s", series)
    return Outcome("installs", "Installs", tables, list(_goals(spreads)), [plot])


def _over(spreads: Mapping[tuple[str, str], Spread], what: str, one: str, other: str) -> float:
    return spreads[what, one].over(spreads[what, other])


def _goals(spreads: Mapping[tuple[str, str], Spread]) -> Iterator[Goal]:
    for what in (*_INSTALLS, *_RESOLVES):
        yield at_most(f"{what}, of nginx", 1.15, _over(spreads, what, "ReqPI", "nginx"))
        yield at_most(f"{what}, of the upstream index", 1, _over(spreads, what, "ReqPI", "the upstream index"))
    yield at_most("gethash, Python's start included", 0.2, spreads[_GETHASH, "ReqPI"].middle, "s")
    added = spreads[_RUN, "ReqPI"].middle - spreads["uv pip install", "ReqPI"].middle
    yield at_most("what reqpi run adds to a warm uv pip install", 1, added, "s")
    faster = spreads[_DOWNLOAD, "the upstream index"].over(spreads[_FETCH, "the upstream index"])
    yield at_least("reqpi fetch, times as fast as pip download", 2, faster)
