"""Downloads: fetched once, verified, readable while they grow."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import DigestMismatch, NotFound, StoreFull, UpstreamTrouble
from reqpi.core.interfaces import Incoming
from reqpi.core.model import File
from reqpi.shelf.files import download, fetch
from reqpi.shelf.files.download import HELD_BACK, Download
from reqpi.shelf.files.downloads import Downloads
from reqpi.storage.directory.store import DirectoryStore
from reqpi.storage.memory import MemoryStore
from tests.distributions import a_file, a_page, digest_of
from tests.fake_index import PlainUpstream
from tests.storage.inline import inline
from tests.storage.scratch import scratch

PIECE = 1 << 16
BIG = bytes(range(256)) * (8 * PIECE // 256)


class ArrivalsCase(SynchronousTestCase):
    """Downloads over a store in memory, with time under control and an upstream that sends a piece when triggered."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.store = MemoryStore()
        self.upstream = PlainUpstream()
        self.downloads = Downloads(self.store, self.upstream, self.clock)
        self.file = self.offer(BIG, size=len(BIG))

    def offer(self, content: bytes, **fields: Any) -> File:
        file = a_file("six-1.0.tar.gz", content, **fields)
        self.upstream.offer(a_page(file), content)
        return file

    def run_now(self, what: Awaitable[Any]) -> Deferred[Any]:
        return Deferred.fromCoroutine(what)  # type: ignore[arg-type]

    def result_of(self, what: Awaitable[Any]) -> Any:
        return self.successResultOf(self.run_now(what))

    def taking(self, download: Download, start: int = 0, stop: int | None = None) -> tuple[bytearray, Deferred[None]]:
        """Return the bytes that a client has received so far, and a Deferred that fires when it has all."""
        got = bytearray()

        async def take() -> None:
            async for piece in download.read(start, len(BIG) if stop is None else stop):
                got.extend(piece)

        return got, self.run_now(take())

    def one_by_one(self) -> list[Deferred[None]]:
        """From here on the upstream sends a piece for each of these that fires."""
        gates: list[Deferred[None]] = []

        def wait() -> Deferred[None]:
            gates.append(Deferred())
            return gates[-1]

        def open_all() -> None:
            while gates:
                gates.pop().callback(None)

        self.upstream.between[self.file.url] = wait
        self.addCleanup(open_all)
        return gates

    def kept(self) -> list[str]:
        async def names() -> list[str]:
            return [sha256 async for sha256 in self.store.all()]

        names_now: list[str] = self.result_of(names())
        return names_now


class OnceTests(ArrivalsCase):
    """Upstream is asked once, however many clients want the file."""

    def test_all_who_want_it_meanwhile_share_one_fetch(self) -> None:
        gates = self.one_by_one()
        downloads = [self.downloads.of(self.file) for _ in range(5)]
        takers = [self.taking(download) for download in downloads]
        while gates:
            gates.pop().callback(None)
        for got, done in takers:
            self.successResultOf(done)
            self.assertEqual(bytes(got), BIG)
        self.assertEqual(self.upstream.asked, [self.file.url])

    def test_it_is_kept_under_its_digest(self) -> None:
        self.downloads.of(self.file)
        self.assertEqual(self.kept(), [digest_of(BIG).hex])

    def test_after_a_failure_the_next_who_asks_begins_anew(self) -> None:
        self.upstream.files[self.file.url] = b"X" * len(BIG)
        self.failureResultOf(self.run_now(self.downloads.of(self.file).finished()), DigestMismatch)
        self.upstream.files[self.file.url] = BIG
        self.clock.advance(6)
        self.result_of(self.downloads.of(self.file).finished())

    def test_a_failure_that_would_only_repeat_is_not_asked_for_again_at_once(self) -> None:
        """pip asks five times: that would be five downloads of wrong bytes."""
        self.upstream.files[self.file.url] = b"X" * len(BIG)
        self.failureResultOf(self.run_now(self.downloads.of(self.file).finished()), DigestMismatch)
        for _ in range(5):
            self.assertRaises(DigestMismatch, self.downloads.of, self.file)
        self.assertEqual(len(self.upstream.asked), 1)

    def test_a_listing_that_is_wrong_does_not_spoil_one_that_is_right(self) -> None:
        """Each address has its own. That both name the same sha256 is no reason to wait for the wrong URL."""
        gates = self.one_by_one()
        hanging = evolve(self.file, url="https://hanging.example.org/six-1.0.tar.gz")
        self.upstream.before[hanging.url] = Deferred
        lying = evolve(self.file, digests=self.file.digests | {digest_of(b"other", "sha512")})
        for wrong in (hanging, lying):
            self.downloads.of(wrong)
        got, done = self.taking(self.downloads.of(self.file))
        while gates:
            gates.pop().callback(None)
        self.successResultOf(done)
        self.assertEqual(bytes(got), BIG)

    def test_measuring_is_shared_too(self) -> None:
        file = self.offer(BIG, digests=frozenset())
        gates = self.one_by_one()
        measured = [self.run_now(self.downloads.measure(file)) for _ in range(3)]
        while gates:
            gates.pop().callback(None)
        self.assertEqual(len({self.successResultOf(one) for one in measured}), 1)
        self.assertEqual(len(self.upstream.asked), 1)


class HeldBackTests(ArrivalsCase):
    """Bytes are sent as they arrive, except for the tail, which is held until the digest of the whole is verified."""

    def test_bytes_come_before_the_file_has_arrived(self) -> None:
        gates = self.one_by_one()
        got, _ = self.taking(self.downloads.of(self.file))
        for _ in range(3):
            gates.pop().callback(None)
        self.assertEqual(bytes(got), BIG[: 3 * PIECE])

    def test_the_tail_waits_though_all_bytes_but_the_last_are_here(self) -> None:
        gates = self.one_by_one()
        got, done = self.taking(self.downloads.of(self.file))
        for _ in range(7):
            gates.pop().callback(None)
        self.assertEqual(len(got), len(BIG) - HELD_BACK)
        self.assertNoResult(done)
        gates.pop().callback(None)
        self.assertEqual(bytes(got), BIG)

    def test_wrong_bytes_are_never_delivered_whole_and_never_kept(self) -> None:
        wrong = BIG[:-1] + b"X"
        self.upstream.files[self.file.url] = wrong
        gates = self.one_by_one()
        got, done = self.taking(self.downloads.of(self.file))
        while gates:
            gates.pop().callback(None)
        self.failureResultOf(done, DigestMismatch)
        self.assertTrue(0 < len(got) <= len(BIG) - HELD_BACK, len(got))
        self.assertEqual(self.kept(), [])

    def test_ranges_cannot_be_put_together_to_a_whole_that_was_not_verified(self) -> None:
        self.upstream.files[self.file.url] = b"X" * len(BIG)
        gates = self.one_by_one()
        download = self.downloads.of(self.file)
        tail, done = self.taking(download, start=len(BIG) - HELD_BACK)
        head, _ = self.taking(download, stop=len(BIG) - HELD_BACK)
        while gates:
            gates.pop().callback(None)
        self.failureResultOf(done, DigestMismatch)
        self.assertEqual(bytes(tail), b"")
        self.assertTrue(head)

    def test_who_comes_late_gets_all_from_the_beginning(self) -> None:
        gates = self.one_by_one()
        download = self.downloads.of(self.file)
        for _ in range(4):
            gates.pop().callback(None)
        got, done = self.taking(download)
        self.assertEqual(bytes(got), BIG[: 4 * PIECE])
        while gates:
            gates.pop().callback(None)
        self.successResultOf(done)
        self.assertEqual(bytes(got), BIG)

    def test_every_digest_that_is_claimed_must_hold(self) -> None:
        lie = evolve(self.file, digests=frozenset({digest_of(BIG), digest_of(b"other", "sha512")}))
        self.failureResultOf(self.run_now(self.downloads.of(lie).finished()), DigestMismatch)
        self.assertEqual(self.kept(), [])


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
        self.patch(download, "_AT_LENGTH", len(BIG))
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
        self.failureResultOf(begun, UpstreamTrouble)

    def test_one_of_unknown_size_is_not_begun(self) -> None:
        self.file = self.offer(BIG)
        self.upstream.sizes = False
        gates = self.one_by_one()
        begun = self.run_now(self.downloads.of(self.file).begun(10))
        gates.pop().callback(None)
        self.clock.advance(10)
        self.failureResultOf(begun, UpstreamTrouble)
        while gates:
            gates.pop().callback(None)
        self.assertEqual(self.kept(), [digest_of(BIG).hex])

    def test_a_failure_in_time_is_told_as_it_is(self) -> None:
        self.upstream.files.clear()
        self.failureResultOf(self.run_now(self.downloads.of(self.file).begun(10)), NotFound)


class ResumingTests(ArrivalsCase):
    """An upstream that breaks off is asked for the rest, a few times."""

    def breaking_off_after(self, pieces: int) -> list[int]:
        """The upstream breaks off after so many pieces, each time that it is asked; how often it did."""
        broken: list[int] = []
        left = [pieces]

        async def maybe() -> None:
            if not left[0]:
                left[0] = pieces
                broken.append(len(broken))
                raise UpstreamTrouble("broke off")
            left[0] -= 1

        self.upstream.between[self.file.url] = maybe
        return broken

    def test_the_rest_is_asked_for(self) -> None:
        broken = self.breaking_off_after(3)
        landing = self.run_now(self.downloads.of(self.file).finished())
        self.clock.pump([0.5, 1.0])
        self.successResultOf(landing)
        self.assertEqual((len(broken), self.kept()), (2, [digest_of(BIG).hex]))

    def test_an_upstream_that_does_no_ranges_sends_it_all_again_and_nothing_is_doubled(self) -> None:
        self.upstream.ranges = False
        self.breaking_off_after(5)
        self.upstream.step = PIECE
        landing = self.run_now(self.downloads.of(self.file).finished())
        self.clock.pump([0.5])
        self.upstream.between.clear()
        self.clock.pump([1.0, 2.0])
        self.successResultOf(landing)
        self.assertEqual(self.kept(), [digest_of(BIG).hex])

    def test_one_that_always_breaks_off_is_given_up(self) -> None:
        broken = self.breaking_off_after(1)
        landing = self.run_now(self.downloads.of(self.file).finished())
        self.clock.pump([0.5, 1.0, 2.0, 4.0, 8.0])
        self.failureResultOf(landing, UpstreamTrouble)
        self.assertEqual((len(broken), self.kept()), (4, []))

    def test_one_that_breaks_off_often_and_gets_on_is_not_given_up(self) -> None:
        """A large file through a proxy that ends every connection after a while."""
        self.patch(fetch, "_PROGRESS", PIECE)
        broken = self.breaking_off_after(1)
        landing = self.run_now(self.downloads.of(self.file).finished())
        self.clock.pump([0.5] * 10)
        self.successResultOf(landing)
        self.assertEqual((len(broken), self.kept()), (7, [digest_of(BIG).hex]))

    def test_a_body_that_ends_short_is_no_end(self) -> None:
        self.upstream.files[self.file.url] = BIG[:-1]
        self.upstream.sizes = False
        landing = self.run_now(self.downloads.of(self.file).finished())
        self.clock.pump([0.5, 1.0, 2.0, 4.0])
        self.failureResultOf(landing, UpstreamTrouble)
        self.assertEqual(self.kept(), [])

    def test_a_body_that_goes_on_past_its_end_is_cut_off(self) -> None:
        self.upstream.files[self.file.url] = BIG + b"more"
        self.upstream.sizes = False
        self.failureResultOf(self.run_now(self.downloads.of(self.file).finished()), UpstreamTrouble)
        self.assertEqual(self.kept(), [])

    def test_a_page_that_is_wrong_about_the_length_does_no_harm(self) -> None:
        """The digest decides, and not what a page says beside it."""
        for claimed in (1, len(BIG) - 1, len(BIG) + 1, 1 << 52):
            download = Download(evolve(self.file, size=claimed), self.store, self.clock)
            self.assertEqual(self.result_of(download.fetch(self.upstream)).size, len(BIG))

    def test_another_length_halfway_is_another_file(self) -> None:
        broken = self.breaking_off_after(3)
        landing = self.run_now(self.downloads.of(self.file).finished())
        self.upstream.files[self.file.url] = BIG + b"more"
        self.clock.pump([0.5, 1.0, 2.0])
        failure = self.failureResultOf(landing, UpstreamTrouble)
        self.assertIn("another length", failure.value.title)
        self.assertEqual(len(broken), 1)

    def test_another_etag_halfway_is_another_file(self) -> None:
        """Its rest is not appended to the old bytes, and the next client gets the new file at once."""
        self.upstream.etags = True
        broken = self.breaking_off_after(3)
        landing = self.run_now(self.downloads.of(self.file).finished())
        self.upstream.files[self.file.url] = BIG[::-1]
        self.clock.pump([0.5, 1.0, 2.0])
        failure = self.failureResultOf(landing, UpstreamTrouble)
        self.assertIn("changed while it was fetched", failure.value.title)
        self.assertFalse(failure.value.final)
        self.assertEqual((len(broken), len(self.upstream.asked)), (1, 2))
        self.upstream.files[self.file.url] = BIG
        self.upstream.between.clear()
        self.assertEqual(self.result_of(self.downloads.of(self.file).finished()), len(BIG))

    def test_the_same_etag_goes_on(self) -> None:
        self.upstream.etags = True
        self.breaking_off_after(3)
        landing = self.run_now(self.downloads.of(self.file).finished())
        self.clock.pump([0.5, 1.0, 2.0])
        self.assertEqual(self.successResultOf(landing), len(BIG))

    def test_a_file_that_moved_is_found(self) -> None:
        """Pages are frozen forever, URLs are not: the current page has the current URL."""
        moved = evolve(self.file, url="https://files.example.org/new/six-1.0.tar.gz")
        self.upstream.files.clear()
        self.upstream.offer(a_page(moved), BIG)
        self.assertEqual(self.result_of(self.downloads.of(self.file).finished()), len(BIG))
        self.assertEqual(self.upstream.asked, [self.file.url, "six", moved.url])

    def test_what_moved_and_is_another_is_not_it(self) -> None:
        """By its digest, or by its bytes where none is claimed."""
        self.upstream.files.clear()
        new = "https://files.example.org/new/six-1.0.tar.gz"
        for digests in (frozenset({digest_of(b"another")}), frozenset()):
            self.upstream.offer(a_page(evolve(self.file, url=new, digests=digests)), b"X" * len(BIG))
            self.failureResultOf(self.run_now(self.downloads.of(self.file).finished()), UpstreamTrouble)
            self.assertEqual(self.kept(), [])
            self.clock.advance(10)

    def test_what_has_no_length_has_an_end(self) -> None:
        """An upstream that never ends must not fill the disk."""
        self.patch(fetch, "_LARGEST_UNSAID", len(BIG) - 1)
        self.upstream.sizes = False
        file = evolve(self.file, size=None)
        failure = self.failureResultOf(self.run_now(self.downloads.of(file).finished()), UpstreamTrouble)
        self.assertIn("too much", failure.value.title)

    def test_what_drips_is_given_up(self) -> None:
        gates = self.one_by_one()
        self.upstream.step = 100
        landing = self.run_now(self.downloads.of(self.file).finished())
        for _ in range(200):
            if not gates:
                break
            self.clock.advance(5)
            gates.pop().callback(None)
        self.assertIn("too slowly", self.failureResultOf(landing, UpstreamTrouble).value.title)
        asked = len(self.upstream.asked)
        self.clock.advance(55)
        self.assertRaises(UpstreamTrouble, self.downloads.of, self.file)
        self.assertEqual(len(self.upstream.asked), asked)
        self.clock.advance(10)
        self.downloads.of(self.file)
        self.assertGreater(len(self.upstream.asked), asked)

    def test_an_upstream_that_says_when_is_asked_then(self) -> None:
        """Retry-After, which counts where it is longer than our own pause."""
        busy = UpstreamTrouble("busy")
        busy.pause = 4.0
        failures = [busy]

        async def fail() -> None:
            if failures:
                raise failures.pop()

        self.upstream.before[self.file.url] = fail
        landing = self.run_now(self.downloads.of(self.file).finished())
        self.clock.advance(3.9)
        self.assertNoResult(landing)
        self.clock.advance(0.1)
        self.assertEqual(self.successResultOf(landing), len(BIG))


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


class StoreTests(ArrivalsCase):
    """A full store is reported as full, and no partial file is left in it."""

    def test_a_full_store(self) -> None:
        self.patch(self.store, "claim", self.full)
        self.failureResultOf(self.run_now(self.downloads.of(self.file).finished()), StoreFull)

    async def full(self, name: str) -> Incoming:
        raise StoreFull("no room")

    def test_what_was_written_is_let_go_when_all_is_over(self) -> None:
        let_go: list[Incoming] = []
        claim = self.store.claim

        async def watched(name: str) -> Incoming:
            incoming = await claim(name)
            assert incoming is not None
            discard = incoming.discard

            async def noted() -> None:
                let_go.append(incoming)
                await discard()

            self.patch(incoming, "discard", noted)
            return incoming

        self.patch(self.store, "claim", watched)
        self.upstream.files[self.file.url] = b"X" * len(BIG)
        self.failureResultOf(self.run_now(self.downloads.of(self.file).finished()))
        self.assertEqual(len(set(map(id, let_go))), 1)


class MeasureTests(ArrivalsCase):
    """Measuring gives every digest of a file, and its size."""

    def test_it_tells_what_the_bytes_say(self) -> None:
        file = self.offer(b"bytes", digests=frozenset())
        measured = self.result_of(self.downloads.measure(file))
        algorithms = ("sha256", "sha384", "sha512")
        self.assertEqual(measured.digests, {digest_of(b"bytes", algorithm) for algorithm in algorithms})
        self.assertEqual((measured.size, self.kept()), (5, [digest_of(b"bytes").hex]))

    def test_what_upstream_claims_must_hold_here_too(self) -> None:
        file = self.offer(b"bytes", digests=frozenset({digest_of(b"other", "sha512")}))
        self.failureResultOf(self.run_now(self.downloads.measure(file)), DigestMismatch)
        self.assertEqual(self.kept(), [])
