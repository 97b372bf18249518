"""Downloads: fetched once, verified, readable while they grow."""

from __future__ import annotations

from attrs import evolve
from twisted.internet.defer import Deferred

from reqpi.core.errors import DigestMismatch, StoreFull
from reqpi.core.interfaces import Incoming
from reqpi.shelf.files.download import HELD_BACK
from tests.distributions import digest_of
from tests.shelf.downloads_case import BIG, PIECE, ArrivalsCase


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
