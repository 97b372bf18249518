"""Attacks on a server with its default limits, one by one and all at once, while others use it.

The others are a client that asks for a page and a file every 20 ms, and installs with uv and pip. Each attack comes
from an address of its own, and its process yields to the server and to the others: on a single machine it would
otherwise take their processor, which no limit of the server prevents.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from shutil import rmtree
from urllib.parse import urlsplit

from attrs import asdict, frozen

from benchmarks.attack_site import PACKAGES, Site
from benchmarks.attackers import ATTACKS, Target
from benchmarks.figures import Goal, Spread, at_most, number
from benchmarks.machine import quiet
from benchmarks.outcomes import Outcome, Table
from benchmarks.processes import Process
from benchmarks.quiet_client import Waits, asking
from benchmarks.real_lock import Clients, clients
from benchmarks.reqpi_server import ReqPI
from benchmarks.stage import Bench, say

__all__ = ["Seen", "main", "outcome_of"]

_NOTHING, _ALL = "nothing else", "all at once"
_BOUND = 100
"""Milliseconds by which an attack may delay others."""

_ROOT = Path(__file__).parents[1]
_ENVIRON = {"PYTHONPATH": str(_ROOT)}


@frozen
class Seen:
    """What others saw of a server during attacks.

    :param page: of a page on a kept connection; ``file``: of a file on a new one.
    :param installs: seconds of each install, by client.
    :param answers: the number of answers that the attackers got, by status.
    :param memory: bytes of the server's processes at the end.
    """

    page: Waits
    file: Waits
    installs: Mapping[str, Sequence[float]]
    answers: Mapping[str, int]
    memory: int


@frozen
class _Scene:
    bench: Bench
    having: Clients
    site: Site
    folder: Path

    def seen(self, attacks: Sequence[str], rounds: int) -> Seen:
        """Start a server, attack it, and use it."""
        if not self.bench.quick:
            quiet()
        folder = self.folder / "ReqPI"
        with ReqPI(
            self.bench.python, folder, self.site.url, core=None, options=("--learning",), limited=True
        ) as server:
            index = server.commit(self.site.lock)
            page = f"{index}package-0/"
            file = f"{page}{self.site.package}"
            asking(page, file, 0.5)
            self._target(server, index, file)
            with ExitStack() as running:
                for name in attacks:
                    running.enter_context(self._attacker(name))
                time.sleep(min(self.bench.seconds, 2.0) if attacks else 0)
                waits = asking(page, file, self.bench.seconds * 2)
                installs = {client: list(self._installs(client, index, rounds)) for client in ("uv", "pip")}
                memory = sum(server.resident())
        return Seen(*waits, installs, self._answers(attacks), memory)

    def _target(self, server: ReqPI, index: str, file: str) -> None:
        where = urlsplit(server.url)
        path, of_file = urlsplit(index).path, urlsplit(file).path
        target = Target(where.hostname or "", where.port or 80, path, of_file, self.site.programs)
        (self.folder / "target.json").write_text(json.dumps(asdict(target)))

    def _attacker(self, name: str) -> Process:
        answers = self._file_of(name)
        answers.unlink(missing_ok=True)
        command = [self.bench.python, "-m", "benchmarks.attackers", name, self.folder / "target.json", answers]
        return Process(command, answers.read_bytes, self.folder / "attackers.log", None, _ENVIRON)

    def _answers(self, attacks: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for name in attacks:
            for status, times in json.loads(self._file_of(name).read_bytes()).items():
                found[status] = found.get(status, 0) + times
        return found

    def _file_of(self, attack: str) -> Path:
        return self.folder / f"{attack.replace(' ', '-')}.json"

    def _installs(self, client: str, index: str, rounds: int) -> Iterator[float]:
        lock, to = self.folder / "requirements.txt", self.folder / "to"
        lock.write_text(self.site.lock)
        for _ in range(rounds):
            rmtree(to, ignore_errors=True)
            to.mkdir()
            began = time.perf_counter()
            self.having.run(self.having.install(client, lock, index, to), self.folder)
            yield time.perf_counter() - began


def main(bench: Bench) -> Outcome:
    """Measure the server without attacks, under each, and under all at once."""
    folder = bench.work / "attacks"
    rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    described = folder / "site.json"
    command = [bench.python, "-m", "benchmarks.attack_site", folder]
    having = clients(bench.work)
    with Process(command, described.read_bytes, folder / "site.log", None, _ENVIRON):
        scene = _Scene(bench, having, Site(**json.loads(described.read_bytes())), folder)
        seen = {}
        for name, attacks in {_NOTHING: (), **{name: (name,) for name in ATTACKS}, _ALL: tuple(ATTACKS)}.items():
            seen[name] = scene.seen(attacks, bench.rounds if len(attacks) != 1 else 1)
            say(" | ".join([*_times(name, seen[name]), *_counted(name, seen[name])[1:]]))
    return outcome_of(seen)


def outcome_of(seen: Mapping[str, Seen]) -> Outcome:
    """Return the tables and the goals of a run.

    :param seen: without attacks, under each attack by its name, and under all of them, in this order.
    """
    before, *alone, _ = seen
    times = Table(
        "Milliseconds that others wait for a page, on a kept connection, and for a file of 100 KB, on a new one:",
        ("", "page, median", "p99", "longest", "file, median", "p99", "longest"),
        [_times(name, each) for name, each in seen.items()],
    )
    installs = Table(
        f"Seconds that an install of {PACKAGES} packages takes, and how many times as long as without an attack:",
        ("", "uv", "times", "pip", "times"),
        [_installed(name, each, seen[before]) for name, each in seen.items()],
    )
    counted = Table(
        "The answers to the attackers, by status, and the memory of the server at the end:",
        ("", "answers", "MB"),
        [_counted(name, each) for name, each in seen.items()],
    )
    return Outcome("attacks", "Attacks", [times, installs, counted], list(_goals(seen, alone)), notes=_failed(seen))


def _times(name: str, seen: Seen) -> list[str]:
    figures = ([each.percentile(0.5), each.percentile(0.99), each.longest] for each in (seen.page, seen.file))
    return [name, *(number(each) for waits in figures for each in waits)]


def _installed(name: str, seen: Seen, before: Seen) -> list[str]:
    cells = [name]
    for client, seconds in seen.installs.items():
        spread = Spread.of(seconds)
        cells += [str(spread), number(spread.over(Spread.of(before.installs[client])))]
    return cells


def _counted(name: str, seen: Seen) -> list[str]:
    answers = ", ".join(f"{status}: {times:,}" for status, times in sorted(seen.answers.items()))
    return [name, answers, number(seen.memory / 1e6)]


def _goals(seen: Mapping[str, Seen], alone: Sequence[str]) -> Iterator[Goal]:
    before, *_, together = seen
    for what, of in (("p99", _p99), ("the longest time", _longest)):
        later = {name: of(seen[name]) - of(seen[before]) for name in (*alone, together)}
        worst = max(alone, key=later.__getitem__)
        yield at_most(f"{what} under one attack, later than without by ({worst})", _BOUND, later[worst], "ms")
        yield at_most(f"{what} under all attacks, later than without by", _BOUND, later[together], "ms")
    yield at_most("requests of others that failed", 0, sum(map(_failures, seen.values())))


def _p99(seen: Seen) -> float:
    return max(seen.page.percentile(0.99), seen.file.percentile(0.99))


def _longest(seen: Seen) -> float:
    return max(seen.page.longest, seen.file.longest)


def _failures(seen: Seen) -> int:
    return len(seen.page.failed) + len(seen.file.failed)


def _failed(seen: Mapping[str, Seen]) -> list[str]:
    """Name the first reason for each scene in which requests of others failed."""
    reasons = {name: [*each.page.failed, *each.file.failed] for name, each in seen.items()}
    return [f"Requests of others failed under {name}: {said[0]}" for name, said in reasons.items() if said]
