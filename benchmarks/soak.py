"""A soak: commits, holds, pages, files, refusals and documents, mixed, for ten minutes. Memory must stay flat."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from hashlib import sha256
from itertools import count
from pathlib import Path
from random import Random
from shutil import rmtree
from statistics import median
from threading import Event, Thread

from attrs import define, field, frozen

from benchmarks.asking import get
from benchmarks.figures import at_most, number
from benchmarks.outcomes import Outcome, Plot, Series, Table
from benchmarks.reqpi_server import ReqPI
from benchmarks.stage import Bench, say
from tests.end_to_end.restocked import requirements_on
from tests.fake_upstream import Upstream

__all__ = ["main"]

_SIXTY = Path(__file__).parents[1] / "tests" / "live" / "sixty.txt"
_MADE = ("requirements.txt", "pylock.toml", "files.json", "env", "", "held", "refused", "sbom.cdx.json")
_CLIENTS = 4
_LOCKS = 30
"""Different locks. They fit into the caches, which are full after half of the time: growth from then on is a leak."""

_SHARES = 10
_LATE = re.compile(r"the reactor was late by [0-9.]+ s: this process computed for ([0-9.]+) s")
_PAUSE = 0.02
"""Seconds between two requests of a client, so that the machine is not saturated: then nothing would be flat."""


@frozen
class _Sample:
    at: float
    size: int
    waited: float


@define
class _Soak:
    """The clients, and the requests that they have sent."""

    server: ReqPI
    document: str
    ended: Event = field(factory=Event)
    sent: dict[str, int] = field(factory=dict)
    _numbers: Iterator[int] = field(factory=count)

    def client(self, seed: int) -> None:
        """Commit one lock after the other, and use it in every way."""
        random = Random(seed)
        while not self.ended.is_set():
            for kind, url, body in self._round(random):
                if self.ended.is_set():
                    return
                answer = get(url, body=body)
                self.sent[kind] = self.sent.get(kind, 0) + 1
                assert answer.status not in (500, 501, 502), (url, answer.body[:500])
                time.sleep(_PAUSE)

    def _round(self, random: Random) -> Iterator[tuple[str, str, bytes | None]]:
        document = f"# {next(self._numbers) % _LOCKS}\n{self.document}".encode()
        below = f"{self.server.url}/{sha256(document).hexdigest()}"
        yield "commits", f"{self.server.url}/locks{random.choice(['', '?hold=1'])}", document
        yield "defects", f"{self.server.url}/locks", b"six\n" * random.randrange(2000)
        yield "large documents", f"{self.server.url}/locks", b"# x\n" * random.randrange(1 << 18)
        projects = re.findall(r"^([a-z0-9-]+)==", self.document, re.MULTILINE)
        for project in random.sample(projects, 20):
            yield "pages", f"{below}/simple/{project}/", None
            yield "refusals", f"{below}/simple/{project}-{random.random()}/", None
            page = get(f"{below}/simple/{project}/").body.decode("utf-8", "replace")
            for link in re.findall(r'href="([^"#]+)', page)[:2]:
                yield "files", f"{below}/simple/{project}/{link}", None
        for name in _MADE:
            yield "documents", f"{below}/{name}", None


def main(bench: Bench) -> Outcome:
    """Measure one soak."""
    seconds = min(bench.soak, 40.0) if bench.quick else bench.soak
    folder = bench.work / "soak"
    rmtree(folder, ignore_errors=True)
    with ExitStack() as stack:
        upstream = stack.enter_context(Upstream())
        document = requirements_on(upstream, _SIXTY.read_text())
        server = stack.enter_context(ReqPI(bench.python, folder, upstream.url, core=None))
        soak = _Soak(server, document)
        clients = [Thread(target=soak.client, args=(seed,), daemon=True) for seed in range(_CLIENTS)]
        for client in clients:
            client.start()
        samples = list(_watched(server, seconds))
        soak.ended.set()
        for client in clients:
            client.join(60)
    late = [float(found) for found in _LATE.findall((folder / "log").read_text("utf-8", "replace"))]
    return _outcome(samples, soak.sent, late, seconds)


def _watched(server: ReqPI, seconds: float) -> Iterator[_Sample]:
    """Yield the memory of the server, and the time that a small request takes, twice a second."""
    began = time.monotonic()
    while (at := time.monotonic() - began) < seconds:
        asked = time.monotonic()
        get(f"{server.url}/")
        waited = time.monotonic() - asked
        yield _Sample(at, max(server.resident(), default=0), waited)
        time.sleep(0.5)


def _outcome(samples: list[_Sample], sent: dict[str, int], late: list[float], seconds: float) -> Outcome:
    shares = [
        [each for each in samples if share <= each.at / seconds * _SHARES < share + 1] for share in range(_SHARES)
    ]
    rows = []
    for number_of, share in enumerate(shares, 1):
        size = median(each.size for each in share) / 1e6
        waits = sorted(each.waited * 1e3 for each in share)
        rows.append([f"{number_of * seconds / _SHARES:.0f} s", number(size), number(median(waits)), number(waits[-1])])
        say(" ".join(rows[-1]))
    caption = "Megabytes of the server, and milliseconds that a small request took, in each part of the time:"
    table = Table(caption, ("until", "MB", "median ms", "most ms"), rows)
    counts = Table("Requests:", ("", "sent"), [[kind, f"{times:,}"] for kind, times in sorted(sent.items())])
    # The caches are full after half of the time; from then on memory may not grow.
    half, end = (median(each.size for share in part for each in share) for part in (shares[5:7], shares[8:]))
    goals = [
        at_most("memory at the end, of that after half the time", 1.05, end / half),
        at_most("longest delay of the reactor that the server caused", 0.25, max(late, default=0.0), "s"),
    ]
    curve = Series("ReqPI", [(each.at, each.size / 1e6, each.size / 1e6, each.size / 1e6) for each in samples])
    plot = Plot("soak", "Memory through a soak", "curve", "seconds", "MB", [curve])
    return Outcome("soak", "A soak", [table, counts], goals, [plot])
