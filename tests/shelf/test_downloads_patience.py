"""How long a reader of a download waits for its beginning."""

from __future__ import annotations

from reqpi.core.errors import DigestMismatch, NotFound, Pending
from reqpi.shelf.files import download
from reqpi.shelf.files.download import HELD_BACK
from reqpi.shelf.files.downloads import Downloads
from reqpi.storage.memory import MemoryStore
from tests.distributions import digest_of
from tests.shelf.downloads_case import BIG, PIECE, ArrivalsCase


class PatienceTests(ArrivalsCase):
    """A client waits for the whole for a while, then for a beginning, and gets an error if there is none."""

    def test_a_file_that_arrives_in_time_is_waited_for(self) -> None:
        gates = self.one_by_one()
        begun = self.run_now(self.downloads.of(self.file).begun(10))
        gates.pop().callback(None)
        self.assertNoResult(begun)
        while gates:
            gates.pop().callback(None)
        self.assertEqual(self.successResultOf(begun), len(BIG))

    def test_a_large_one_begins_with_its_first_bytes(self) -> None:
        """However soon the rest arrives: a client that waits for 200 MB sees progress."""
        self.upstream.step = PIECE
        self.file = self.offer(BIG * 8, size=len(BIG) * 8)
        gates = self.one_by_one()
        download = self.downloads.of(self.file)
        begun = self.run_now(download.begun(10))
        landing = self.run_now(download.finished())
        self.assertNoResult(begun)
        gates.pop().callback(None)
        self.assertEqual(self.successResultOf(begun), len(BIG) * 8)
        self.assertEqual(self.result_of(download.begun(10)), len(BIG) * 8)
        self.assertNoResult(landing)
        while gates:
            gates.pop().callback(None)
        self.assertEqual(self.successResultOf(landing), len(BIG) * 8)

    def test_nobody_gets_all_of_a_large_one_that_is_wrong(self) -> None:
        """Its end is held back, and is not given at all."""
        self.file = self.offer(BIG * 8, size=len(BIG) * 8)
        self.upstream.files[self.file.url] = BIG * 7 + bytes(len(BIG))
        gates = self.one_by_one()
        download = self.downloads.of(self.file)
        gates.pop().callback(None)
        got, taken = self.taking(download, stop=len(BIG) * 8)
        while gates:
            gates.pop().callback(None)
        self.failureResultOf(taken, DigestMismatch)
        self.assertEqual(len(got), len(BIG) * 8 - HELD_BACK)
        self.assertEqual(self.kept(), [])

    def test_one_that_takes_longer_begins_with_what_is_there(self) -> None:
        gates = self.one_by_one()
        begun = self.run_now(self.downloads.of(self.file).begun(10))
        gates.pop().callback(None)
        self.clock.advance(10)
        self.assertEqual(self.successResultOf(begun), len(BIG))

    def test_who_comes_late_does_not_wait_again(self) -> None:
        """It is known by then that the file takes longer."""
        gates = self.one_by_one()
        self.downloads.of(self.file)
        gates.pop().callback(None)
        self.clock.advance(10)
        self.assertEqual(self.result_of(self.downloads.of(self.file).begun(10)), len(BIG))

    def test_who_comes_late_waits_for_a_beginning_all_the_same(self) -> None:
        """As long as the first client."""
        gates = self.one_by_one()
        self.downloads.of(self.file)
        self.clock.advance(60)
        begun = self.run_now(self.downloads.of(self.file).begun(10))
        self.clock.advance(9)
        self.assertNoResult(begun)
        gates.pop().callback(None)
        self.assertEqual(self.successResultOf(begun), len(BIG))

    def test_whoever_says_that_it_is_large(self) -> None:
        """Its page, or the first response: it begins with its first bytes."""
        self.patch(download, "AT_LENGTH", len(BIG))
        for said in (len(BIG), None):
            self.store = MemoryStore()
            self.downloads = Downloads(self.store, self.upstream, self.clock)
            self.file = self.offer(BIG, size=said)
            gates = self.one_by_one()
            begun = self.run_now(self.downloads.of(self.file).begun(10))
            self.assertNoResult(begun)
            gates.pop().callback(None)
            self.assertEqual(self.successResultOf(begun), len(BIG))
            while gates:
                gates.pop().callback(None)

    def test_one_of_which_nothing_is_there_yet_is_not_begun(self) -> None:
        """A response whose first byte may never come would tie the client down."""
        self.one_by_one()
        begun = self.run_now(self.downloads.of(self.file).begun(10))
        self.clock.advance(10)
        self.failureResultOf(begun, Pending)

    def test_one_of_unknown_size_is_not_begun(self) -> None:
        self.file = self.offer(BIG)
        self.upstream.sizes = False
        gates = self.one_by_one()
        begun = self.run_now(self.downloads.of(self.file).begun(10))
        gates.pop().callback(None)
        self.clock.advance(10)
        self.failureResultOf(begun, Pending)
        while gates:
            gates.pop().callback(None)
        self.assertEqual(self.kept(), [digest_of(BIG).hex])

    def test_a_failure_in_time_is_told_as_it_is(self) -> None:
        self.upstream.files.clear()
        self.failureResultOf(self.run_now(self.downloads.of(self.file).begun(10)), NotFound)
