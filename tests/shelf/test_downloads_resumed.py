"""A download that breaks off goes on where it was, if the upstream still has the same file."""

from __future__ import annotations

from attrs import evolve

from reqpi.core.errors import UpstreamTrouble
from reqpi.shelf.files import fetch
from reqpi.shelf.files.download import Download
from tests.distributions import a_page, digest_of
from tests.shelf.downloads_case import BIG, PIECE, ArrivalsCase


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
