"""Large things do not keep the reactor from its work: what is long is done in a thread, or in pieces.

The function calls of each iteration of the reactor are counted. ``benchmarks/bench_gaps.py`` holds the time on the wall
against 20 ms, for the largest things there are.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable
from hashlib import sha256
from html import escape
from typing import Any

import treq
from attrs import define
from treq.client import HTTPClient
from twisted.internet import reactor as _reactor
from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase, TestCase
from twisted.web.client import Agent, HTTPConnectionPool

from reqpi.core import frozen_pages as freezer
from reqpi.runtime import reactor_lag
from reqpi.runtime.reactor_lag import ReactorLag
from reqpi.server.server import Server, assemble
from reqpi.server.settings import Settings
from reqpi.shelf.maintenance.sweep import Sweep
from reqpi.shelf.maintenance.verify import Verification
from reqpi.shelf.records import lock_record, page_record
from reqpi.storage.directory.store import DirectoryStore
from reqpi.storage.memory import MemoryStore
from tests.distributions import a_file, a_page
from tests.storage.scratch import scratch
from tests.turns import Turns
from tests.upstream.scripted import Scripted, ok

reactor: Any = _reactor

FILES, PINS, LOCKS = 3_000, 3_000, 4_000

BOUND = 10
"""Function calls in one iteration for each file or pin. A file that is parsed, decided on or rendered takes more."""


@define
class Times:
    """The clocks of the module :mod:`time`."""

    wall: float = 0.0
    thread: float = 0.0
    process: float = 0.0

    def monotonic(self) -> float:
        return self.wall

    def thread_time(self) -> float:
        return self.thread

    def process_time(self) -> float:
        return self.process


class GapsTests(SynchronousTestCase):
    """The watch itself sees what it is for."""

    def setUp(self) -> None:
        self.times, self.clock = Times(), Clock()
        self.patch(reactor_lag, "time", self.times)
        self.gaps = ReactorLag(self.clock, 0.1)
        self.gaps.start()

    def turn(self, wall: float, thread: float = 0.0, others: float = 0.0) -> None:
        """One iteration, which takes so long; ``others`` are the threads that compute beside it."""
        self.times.wall += wall
        self.times.thread += thread
        self.times.process += thread + others
        self.clock.advance(wall)

    def found(self) -> tuple[float, float, float]:
        return round(self.gaps.longest, 3), round(self.gaps.held, 3), round(self.gaps.busiest, 3)

    def test_a_timer_in_time_is_not_late(self) -> None:
        self.turn(0.1)
        self.assertEqual(self.found(), (0, 0, 0))

    def test_a_turn_that_computes_is_seen(self) -> None:
        self.turn(0.15, thread=0.12)
        self.turn(0.12)
        self.assertEqual(self.found(), (0.05, 0.05, 0.12))

    def test_threads_that_compute_are_no_turn(self) -> None:
        self.turn(0.3, thread=0.01, others=0.1)
        self.assertEqual(self.found(), (0.2, 0.11, 0.01))

    def test_a_turn_that_waits_is_seen_and_is_no_computing(self) -> None:
        with capturedLogs() as logged:
            self.turn(0.34)
            self.turn(0.36)
        self.assertEqual(self.found(), (0.26, 0, 0))
        self.assertEqual(["late" in event for event in logged], [True])

    def test_it_ends(self) -> None:
        self.gaps.stop()
        self.gaps.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])


class LargestCase(TestCase):
    """A server, and one turn after the other."""

    timeout = 300

    def setUp(self) -> None:
        self.client = HTTPClient(Agent(reactor, pool=HTTPConnectionPool(reactor, persistent=False)))
        self.folder = scratch(self)

    def serving(self, **settings: Any) -> Server:
        chosen = {"listen": ("tcp:0:interface=127.0.0.1",), "store": self.folder / "store", **settings}
        server = assemble(Settings(**chosen), reactor, quiet=True)
        server.startService()
        server.prefreeze.stop()
        self.addCleanup(server.stopService)
        return server

    async def bounded(self, work: Awaitable[Any]) -> Any:
        """Return the result of ``work``, no iteration of which takes long."""
        turns = Turns()
        turns.start()
        try:
            result = await work
        finally:
            turns.stop()
        self.assertLess(turns.longest, BOUND * FILES)
        return result

    async def get(self, url: str, **headers: str) -> bytes:
        for _ in range(5):  # a client is told to ask again where a page takes longer than ten seconds
            response = await self.client.get(url, headers=headers)
            content = await treq.content(response)
            if response.code != 503:
                break
        self.assertEqual(response.code, 200)
        return content


class PagesTests(LargestCase):
    """A page of thousands of files."""

    def names(self) -> list[str]:
        return [f"thing-1.{number // 10}-cp3{number % 10}-cp3{number % 10}-win32.whl" for number in range(FILES)]

    def as_json(self) -> bytes:
        digests = {name: sha256(name.encode()).hexdigest() for name in self.names()}
        files = [
            {"filename": name, "url": f"https://f.example.org/{digest}/{name}", "hashes": {"sha256": digest}, "size": 9}
            for name, digest in digests.items()
        ]
        return json.dumps({"meta": {"api-version": "1.1"}, "files": files}).encode()

    def as_html(self) -> bytes:
        links = (f'<a href="{escape(name)}#sha256={sha256(name.encode()).hexdigest()}">x</a>' for name in self.names())
        return f"<html>{''.join(links)}</html>".encode()

    async def check(self, body: bytes, content_type: str, accept: str) -> None:
        upstream = Scripted(ok(body, f"Content-Type: {content_type}"))
        self.addCleanup(upstream.end)
        server = self.serving(upstream=upstream.url)
        lines = (f'thing==1.{minor} ; python_version < "3.{minor}"\n' for minor in range(FILES // 10))
        for document in (b"thing==1.7\n", "".join(lines).encode()):
            commitment, _ = await self.bounded(server.shelf.commit(document))
            url = f"/{commitment.address}/simple/thing/"
            page = await self.bounded(self.get(f"{server.url}{url}", Accept=accept))
            self.assertEqual(page.count(b"#sha256="), 10 * len(commitment.lock.pins))
        again = self.serving(upstream=upstream.url)
        self.assertEqual(await self.bounded(self.get(f"{again.url}{url}", Accept=accept)), page)
        await self.bounded(Verification(again.store).run())
        await self.bounded(Sweep(again.store, reactor, 1e6).run())

    async def test_in_json(self) -> None:
        content_type = "application/vnd.pypi.simple.v1+json"
        await self.check(self.as_json(), content_type, content_type)

    async def test_in_html(self) -> None:
        await self.check(self.as_html(), "text/html", "text/html")


class LocksTests(LargestCase):
    """A lock of thousands of pins."""

    async def test_it_is_committed_and_read_again(self) -> None:
        lines = (f"project-{number}==1.{number} --hash=sha256:{number:064x}\n" for number in range(PINS))
        document = "".join(lines).encode()
        server = self.serving(offline=True)
        response = await self.bounded(self.client.post(f"{server.url}/locks", document))
        self.assertEqual(response.code, 201)
        address = (await treq.json_content(response))["address"]
        again = self.serving(offline=True)
        index = await self.bounded(self.get(f"{again.url}/{address}/simple/"))
        self.assertEqual(index.count(b"<a "), PINS)
        await self.bounded(Verification(again.store).run())


class SweepTests(LargestCase):
    """A store of many locks."""

    def fill(self, count: int) -> dict[str, bytes]:
        """Its records."""
        page = freezer.dump(a_page(a_file("six-1.0.tar.gz", b"x", size=1)))
        addresses = [sha256(str(number).encode()).hexdigest() for number in range(count)]
        return {lock_record(address): b"six==1.0\n" for address in addresses} | {
            page_record(address, "six"): page for address in addresses
        }

    async def test_in_memory(self) -> None:
        store = MemoryStore()
        for name, value in self.fill(LOCKS).items():
            await store.create(name, value)
        await self.bounded(Sweep(store, reactor, 1e6).run())
        swept = await self.bounded(Sweep(store, reactor, -1).run())
        self.assertEqual(swept.locks, LOCKS)

    async def test_in_a_directory(self) -> None:
        """A tenth of them: each waits for the disk, and nothing is done in between."""
        from reqpi.storage.directory.layout import Layout
        from reqpi.storage.directory.paths import record_parts

        root = self.folder / "store"
        store, layout = DirectoryStore(root), Layout(root)
        store.open()
        for name, value in self.fill(LOCKS // 10).items():
            path = layout.records.joinpath(*record_parts(name))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(value)
        await self.bounded(Sweep(store, reactor, 1e6).run())
