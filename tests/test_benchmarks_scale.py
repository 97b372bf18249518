"""The model of many locks: its arithmetic, and what it reads. What it costs here is no test."""

from __future__ import annotations

import unittest
from collections.abc import Iterable
from pathlib import Path

from attrs import evolve
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from benchmarks.counted_requests import Requests, kind_of_request
from benchmarks.passing import _Heads
from benchmarks.scale_catalogue import Catalogue, files, lock
from benchmarks.scale_clients import kind_of
from benchmarks.scale_model import (
    Assumed,
    Constants,
    Prices,
    distinct_releases,
    install_cpu,
    monthly,
    predicted,
)
from benchmarks.scale_requests import Counted
from benchmarks.scale_sharing import FILES_OF_PINS, real_locks, shares
from benchmarks.scale_store import Filling, fill
from reqpi.core import locks
from reqpi.storage.memory import MemoryStore

FEW = Catalogue(projects=200)


class Costs(dict[str, Counted]):
    """Every operation costs one write and two reads."""

    def __missing__(self, name: str) -> Counted:
        return Counted(1.0, 2.0)


CONSTANTS = Constants(
    costs=Costs(),
    cpu={(client, cache): 1e-4 for client in ("pip", "uv") for cache in ("empty cache", "full cache")},
    cold=1e-3,
    record=1000.0,
    document=2000.0,
    files=10.0,
    memory=6000.0,
    swept=1e-3,
    verified=2e-3,
    surveyed=1e-5,
    idle=65e6,
)


class CatalogueTests(unittest.TestCase):
    """Generated locks: the same each time, and as much alike as real ones."""

    def test_a_lock_is_a_function_of_its_number(self) -> None:
        one, two = (lock(FEW.releases(7, 20)) for _ in range(2))
        self.assertEqual(one, two)
        self.assertNotEqual(one, lock(FEW.releases(8, 20)))

    def test_a_lock_pins_each_project_once_with_the_digests_of_all_its_files(self) -> None:
        releases = FEW.releases(3, 20)
        read = locks.read(lock(releases))
        self.assertEqual(len(read.projects), 20)
        self.assertEqual([len(pin.digests) for pin in read.pins], [len(files(release)) for release in releases])

    def test_the_number_of_distinct_releases_is_predicted(self) -> None:
        seen = {release for number in range(300) for release in FEW.releases(number, 20)}
        self.assertLess(abs(distinct_releases(FEW, 300, 20) / len(seen) - 1), 0.1)

    def test_real_locks_have_files_in_common(self) -> None:
        common = shares(real_locks())
        self.assertGreater(common.projects, common.releases)
        self.assertEqual(round(common.files_of_pin), 10)
        self.assertEqual(min(FILES_OF_PINS), 1)


class FillingTests(TestCase):
    """A generated store is what a server would have written."""

    async def filled(self, locks: Iterable[int]) -> dict[str, bytes]:
        """Return the records of a store with these locks of one pin, added one after the other."""
        store = MemoryStore()
        for number in locks:
            filling = Filling(Path(self.mktemp()), 1, Catalogue(projects=3))
            filling.note(number)
            await fill(filling, store, Clock(), number + 1, 60)
        return {name: await store.get(name) or b"" for name in [name async for name in store.names("frozen/")]}

    async def test_a_copied_page_is_the_one_that_a_server_writes(self) -> None:
        store = MemoryStore()
        filling = Filling(Path(self.mktemp()), 1, Catalogue(projects=3))
        await fill(filling, store, Clock(), 20, 60)
        alone = await self.filled(range(20))
        together = {name: await store.get(name) for name in [name async for name in store.names("frozen/")]}
        self.assertEqual(together, alone)


class ModelTests(unittest.TestCase):
    """From constants to a month."""

    def test_a_store_grows_with_its_pins(self) -> None:
        one, two = (predicted(CONSTANTS, 1000, pins, 500) for pins in (10, 20))
        self.assertEqual((one.records, two.records), (11_500, 21_500))
        self.assertEqual(two.bytes, 2 * one.bytes)
        self.assertEqual(two.sweep, 20.0)

    def test_an_install_of_a_lock_in_memory_takes_less(self) -> None:
        known, unknown = (install_cpu(Assumed(known=known), CONSTANTS) for known in (1.0, 0.0))
        self.assertAlmostEqual(known, 100 * 1e-4)
        self.assertAlmostEqual(unknown, 100 * (1e-4 + 1e-3))

    def test_a_month_costs_what_its_requests_cost(self) -> None:
        month = monthly(Assumed(), CONSTANTS, Prices(), 10)
        free = monthly(Assumed(), CONSTANTS, evolve(Prices(), write=0.0, read=0.0), 10)
        requests = {name for name in month.cost if name.startswith("requests: ")}
        self.assertEqual(len(requests), len(month.requests))
        self.assertEqual(sum(free.cost[name] for name in requests), 0)
        self.assertGreater(month.cost["requests: installs of another lock, pages"], 0)


class CountingTests(unittest.TestCase):
    """Requests that pass a proxy, and lines of an access log."""

    def test_the_kind_of_a_request_is_its_method_and_the_folder_of_its_key(self) -> None:
        digest = "a" * 64
        for method, target, kind in (
            ("PUT", f"/shelf/some/prefix/records/locks/{digest}_", ("PUT", "records/locks")),
            ("GET", f"/shelf/some/prefix/blobs/sha256/aa/{digest}", ("GET", "blobs/sha256")),
            ("PUT", f"/shelf/some/prefix/used/records/frozen/{digest}/six_", ("PUT", "used/records/frozen")),
            ("GET", "/shelf?list-type=2&prefix=some%2Fprefix%2Frecords%2Flocks%2F", ("LIST", "records/locks")),
        ):
            with self.subTest(target):
                self.assertEqual(kind_of_request(method, target), kind)

    def test_listings_cost_what_writes_cost(self) -> None:
        requests = Requests({("LIST", "a"): 2, ("PUT", "a"): 3, ("GET", "a"): 5, ("HEAD", "a"): 7, ("DELETE", "a"): 11})
        self.assertEqual((requests.writes, requests.reads, requests.all), (5, 12, 28))

    def test_a_body_is_no_head_however_it_is_divided(self) -> None:
        sent = b"PUT /a HTTP/1.1\r\nContent-Length: 20\r\n\r\nGET /no HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n"
        for size in (1, 7, len(sent)):
            heads = _Heads()
            found = [head for at in range(0, len(sent), size) for head in heads.of(sent[at : at + size])]
            with self.subTest(size):
                self.assertEqual([head.split(b" ")[1] for head in found], [b"/a", b"/b"])

    def test_a_line_of_an_access_log_is_of_a_kind(self) -> None:
        self.assertEqual(kind_of("GET", "six/", "200"), "page")
        self.assertEqual(kind_of("GET", "six/six-1.0.tar.gz", "304"), "file 304")
        self.assertEqual(kind_of("HEAD", "six/six-1.0-py3-none-any.whl.metadata", "200"), "HEAD metadata")
