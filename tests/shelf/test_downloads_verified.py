"""A download whose digest is right, while its file is not on the disk yet: readers need not wait for the disk."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from reqpi.core.errors import StoreFull
from tests.shelf.downloads_case import BIG, ArrivalsCase


class VerifiedTests(ArrivalsCase):
    """The store takes its time to keep a file."""

    def setUp(self) -> None:
        super().setUp()
        self.disk: Deferred[None] = Deferred()
        claim = self.store.claim

        async def slow(name: str) -> Any:
            incoming = await claim(name)
            assert incoming is not None
            keep = incoming.keep

            async def keep_later(sha256: str) -> None:
                await self.disk
                await keep(sha256)

            self.patch(incoming, "keep", keep_later)
            return incoming

        self.patch(self.store, "claim", slow)

    def test_a_reader_gets_all_of_it(self) -> None:
        got, done = self.taking(self.downloads.of(self.file))
        self.successResultOf(done)
        self.assertEqual(bytes(got), BIG)
        self.assertEqual(self.kept(), [])

    def test_who_needs_it_in_the_store_waits(self) -> None:
        finished = self.run_now(self.downloads.of(self.file).finished())
        self.assertNoResult(finished)
        self.disk.callback(None)
        self.assertEqual(self.successResultOf(finished), len(BIG))
        self.assertEqual(len(self.kept()), 1)

    def test_a_server_that_stops_waits_for_it(self) -> None:
        """Its clients may have all of it, and count on it. A download that is not verified is not waited for."""
        self.downloads.of(self.file)
        self.file = self.offer(BIG[1:], size=len(BIG) - 1)
        self.one_by_one()
        self.downloads.of(self.file)
        waiting = self.run_now(self.downloads.kept())
        self.assertNoResult(waiting)
        self.disk.callback(None)
        self.successResultOf(waiting)
        self.assertEqual(len(self.kept()), 1)
        self.successResultOf(self.run_now(self.downloads.kept()))

    def test_who_comes_before_it_is_kept_shares_it(self) -> None:
        self.downloads.of(self.file)
        got, done = self.taking(self.downloads.of(self.file))
        self.successResultOf(done)
        self.assertEqual(bytes(got), BIG)
        self.assertEqual(self.upstream.asked, [self.file.url])

    def test_a_disk_that_fails_takes_nothing_from_those_who_read(self) -> None:
        """Their bytes are right. Nothing is stored, and the next who asks begins anew."""
        download = self.downloads.of(self.file)
        reading = download.read(0, len(BIG))
        first = self.result_of(anext(reading))
        finished = self.run_now(download.finished())
        self.disk.errback(StoreFull("no room"))
        self.failureResultOf(finished, StoreFull)
        rest = [first]
        while sum(map(len, rest)) < len(BIG):
            rest.append(self.result_of(anext(reading)))
        self.assertEqual(b"".join(rest), BIG)
        self.result_of(reading.aclose())
        self.assertEqual(self.kept(), [])
        self.disk = Deferred()
        self.disk.callback(None)
        self.result_of(self.downloads.of(self.file).finished())
        self.assertEqual(len(self.kept()), 1)
        self.assertEqual(self.upstream.asked, [self.file.url] * 2)

    def test_who_reads_after_the_disk_has_failed_gets_the_error(self) -> None:
        download = self.downloads.of(self.file)
        finished = self.run_now(download.finished())
        self.disk.errback(StoreFull("no room"))
        self.failureResultOf(finished, StoreFull)
        got, done = self.taking(download)
        self.failureResultOf(done, StoreFull)
        self.assertEqual(bytes(got), b"")
