"""The processes of one host share a download."""

from __future__ import annotations

from attrs import evolve

from reqpi.core.errors import UpstreamTrouble
from reqpi.shelf.files.download import HELD_BACK
from reqpi.shelf.files.downloads import Downloads
from reqpi.storage.directory.store import DirectoryStore
from tests.shelf.downloads_case import BIG, PIECE, ArrivalsCase
from tests.storage.inline import inline
from tests.storage.scratch import scratch


class HostTests(ArrivalsCase):
    """One process of a host fetches, and the others follow it."""

    def setUp(self) -> None:
        super().setUp()
        path = scratch(self) / "store"
        self.ours, self.other = (DirectoryStore(path, in_thread=inline, clock=self.clock.seconds) for _ in range(2))
        self.ours.open()
        self.downloads = Downloads(self.ours, self.upstream, self.clock)
        self.elsewhere = Downloads(self.other, self.upstream, self.clock)

    def looks(self) -> None:
        """Give the followers time to look."""
        for _ in range(3):
            self.clock.advance(0.05)

    def test_upstream_is_asked_once(self) -> None:
        """The followers get bytes as they arrive, except for the last."""
        gates = self.one_by_one()
        first = self.downloads.of(self.file)
        got, done = self.taking(self.elsewhere.of(self.file))
        for _ in range(4):
            gates.pop().callback(None)
        self.looks()
        self.assertEqual(bytes(got), BIG[: 4 * PIECE])
        while gates:
            gates.pop().callback(None)
        self.looks()
        self.successResultOf(done)
        self.assertEqual(bytes(got), BIG)
        self.assertEqual(self.result_of(first.finished()), len(BIG))
        self.assertEqual(self.upstream.asked, [self.file.url])

    def test_what_came_since_it_was_looked_for_is_not_fetched_again(self) -> None:
        """The other has let go of its claim by then."""
        self.result_of(self.downloads.of(self.file).finished())
        got, done = self.taking(self.elsewhere.of(self.file))
        self.successResultOf(done)
        self.assertEqual(bytes(got), BIG)
        self.assertEqual(self.upstream.asked, [self.file.url])

    def test_a_length_that_no_page_gives_is_passed_on(self) -> None:
        """The length that the upstream reported in its response."""
        gates = self.one_by_one()
        file = evolve(self.file, size=None)
        self.downloads.of(file)
        follower = self.elsewhere.of(file)
        gates.pop().callback(None)
        self.looks()
        begun = self.run_now(follower.begun(1.0))
        self.clock.advance(1)
        self.assertEqual(self.successResultOf(begun), len(BIG))

    def test_wrong_bytes_reach_nobody_whole(self) -> None:
        """The tail is held back there too, and the next client may try again."""
        gates = self.one_by_one()
        self.upstream.files[self.file.url] = b"X" * len(BIG)
        self.downloads.of(self.file)
        got, done = self.taking(self.elsewhere.of(self.file))
        while gates:
            gates.pop().callback(None)
            self.looks()
        self.failureResultOf(done, UpstreamTrouble)
        self.assertLessEqual(len(got), len(BIG) - HELD_BACK)
        self.upstream.files[self.file.url] = BIG
        self.upstream.between.clear()
        self.assertEqual(self.result_of(self.elsewhere.of(self.file).finished()), len(BIG))

    def test_another_attempt_is_not_mixed_with_the_first(self) -> None:
        """A client that got bytes from a process that then ended is cut off: the next attempt may bring other bytes."""
        gates = self.one_by_one()
        claimed = self.downloads.of(self.file)
        got, done = self.taking(self.elsewhere.of(self.file))
        for _ in range(3):
            gates.pop().callback(None)
        self.looks()
        self.assertEqual(len(got), 3 * PIECE)
        assert claimed._incoming is not None
        self.result_of(claimed._incoming.discard())  # as the end of its process does
        self.looks()
        failure = self.failureResultOf(done, UpstreamTrouble)
        self.assertIn("was not downloaded", failure.value.title)
        self.assertFalse(failure.value.final)

    def test_two_listings_that_differ_share_nothing(self) -> None:
        """A wrong one would spoil the other."""
        self.one_by_one()
        self.downloads.of(self.file)
        self.elsewhere.of(evolve(self.file, size=len(BIG) - 1))
        self.assertEqual(self.upstream.asked, [self.file.url] * 2)
