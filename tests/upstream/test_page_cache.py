"""Pages are shared between locks: for as long as upstream says, and then it says whether they still stand."""

from __future__ import annotations

from packaging.utils import canonicalize_name
from packaging.version import Version
from twisted.internet.defer import CancelledError, Deferred, gatherResults

from reqpi.core.errors import NotFound, UpstreamTrouble
from reqpi.core.model import Digest, Page
from reqpi.runtime.singleflight import SingleFlight
from reqpi.upstream.allowed.operator import AllowedUpstreams
from reqpi.upstream.upstreams import Upstreams
from tests.fake_upstream import Style, faults
from tests.upstream.case import UpstreamCase, reactor
from tests.upstream.scripted import Scripted, Turn, ok

THING = canonicalize_name("thing")
ONE, TWO = Version("1.0"), Version("2.0")
HEAD = ("Content-Type: text/html", "Date: Thu, 01 Jan 2026 00:10:00 GMT")
FRESH = "Cache-Control: max-age=600, public"


def listing(*versions: str) -> bytes:
    return "".join(f'<a href="thing-{version}.zip">x</a>' for version in versions).encode()


def page(*headers: str) -> Turn:
    return ok(listing("1.0"), *HEAD, *headers)


UNCHANGED = Turn(b"HTTP/1.1 304 Not Modified\r\n\r\n")


class KeptCase(UpstreamCase):
    """An index in memory of one upstream that answers as a test wrote it down."""

    def kept(self, *turns: Turn, page_cache: int = 1 << 20) -> tuple[Upstreams, Scripted]:
        script = self.scripted(*turns)
        return Upstreams(AllowedUpstreams(script.url), reactor, self.clock, self.agent, page_cache), script

    async def versions(self, upstreams: Upstreams, *wanted: Version) -> list[str]:
        found = await upstreams.page(THING, versions=wanted or None)
        return [str(file.version) for file in found.files]


class FreshTests(KeptCase):
    """While upstream says that a page may be used, it is not asked."""

    async def test_the_second_lock_asks_for_nothing(self) -> None:
        index, script = self.kept(page(FRESH))
        for _ in range(3):
            self.assertEqual(await self.versions(index, ONE), ["1.0"])
        self.assertEqual(len(script.requests), 1)

    async def test_other_versions_of_it_are_there_too(self) -> None:
        """Of the page all is kept, whatever the first lock wanted of it."""
        index, script = self.kept(ok(listing("1.0", "2.0"), *HEAD, FRESH))
        self.assertEqual(await self.versions(index, ONE), ["1.0"])
        self.assertEqual(await self.versions(index, TWO), ["2.0"])
        self.assertEqual(await self.versions(index), ["1.0", "2.0"])
        self.assertEqual(len(script.requests), 1)

    async def test_a_version_that_is_not_on_it_is_asked_for(self) -> None:
        """It may have been released a moment ago, and have been locked just now."""
        index, script = self.kept(page(FRESH), ok(listing("1.0", "2.0"), *HEAD, FRESH))
        await self.versions(index, ONE)
        self.assertEqual(await self.versions(index, ONE, TWO), ["1.0", "2.0"])
        self.assertEqual(len(script.requests), 2)

    async def test_it_is_asked_for_whatever_upstream_thinks_is_known(self) -> None:
        """A cache on the way may give one ETag to a page and to what comes after it."""
        index, script = self.kept(page('ETag: "a"'), ok(listing("1.0", "2.0"), *HEAD, 'ETag: "a"'))
        await self.versions(index, ONE)
        self.assertEqual(await self.versions(index, TWO), ["2.0"])
        self.assertEqual(script.header("If-None-Match"), [])

    async def test_a_file_that_is_not_on_it_is_asked_for(self) -> None:
        """It may have been uploaded a moment ago, to a release that was there: a frozen page would lack it forever."""
        new = Digest("sha256", "b" * 64)
        more = listing("1.0") + f'<a href="thing-1.0.tar.gz#sha256={new.hex}">x</a>'.encode()
        index, script = self.kept(page(FRESH, 'ETag: "a"'), ok(more, *HEAD, FRESH, 'ETag: "b"'))
        await self.versions(index, ONE)
        for _ in range(2):
            found = await index.page(THING, versions=[ONE], digests=[new])
            self.assertEqual(len(found.files), 2)
        self.assertEqual(len(script.requests), 2)
        self.assertEqual(script.header("If-None-Match"), ['"a"'])

    async def test_ten_minutes_are_the_longest(self) -> None:
        """Whatever the upstream specifies: a year would be a mistake that is frozen forever."""
        index, script = self.kept(page("Cache-Control: max-age=31536000, immutable"))
        await self.versions(index)
        self.clock.advance(599)
        await self.versions(index)
        self.assertEqual(len(script.requests), 1)
        self.clock.advance(2)
        await self.versions(index)
        self.assertEqual(len(script.requests), 2)

    async def test_the_time_in_other_caches_counts(self) -> None:
        index, script = self.kept(page(FRESH, "Age: 500"))
        await self.versions(index)
        self.clock.advance(101)
        await self.versions(index)
        self.assertEqual(len(script.requests), 2)

    async def test_what_may_not_be_kept_is_not(self) -> None:
        for said in (
            ("Cache-Control: no-store, max-age=600", 'ETag: "a"'),
            ("Cache-Control: max-age=600", "Vary: *"),
            (),
            ("Cache-Control: max-age=0",),
            ("Cache-Control: max-age=nonsense",),
        ):
            index, script = self.kept(page(*said))
            await self.versions(index)
            await self.versions(index)
            self.assertEqual(len(script.requests), 2, said)
            self.assertEqual(script.header("If-None-Match"), [])

    async def test_with_no_room_nothing_is_kept(self) -> None:
        index, script = self.kept(page(FRESH), page_cache=0)
        await self.versions(index)
        await self.versions(index)
        self.assertEqual(len(script.requests), 2)

    async def test_memory_is_bounded(self) -> None:
        """What was not used for longest goes first."""
        index, script = self.kept(page(FRESH), page_cache=3000)
        for number in range(20):
            await index.page(canonicalize_name(f"thing{number}"))
        await index.page(canonicalize_name("thing19"))
        self.assertEqual(len(script.requests), 20)
        await index.page(canonicalize_name("thing0"))
        self.assertEqual(len(script.requests), 21)

    async def test_one_index_is_not_asked_for_what_another_said(self) -> None:
        here, there = self.scripted(page(FRESH)), self.scripted(ok(listing("2.0"), *HEAD, FRESH))
        both = Upstreams(AllowedUpstreams(here.url, {"there": there.url}), reactor, self.clock, self.agent)
        for _ in range(2):
            self.assertEqual(await self.versions(both), ["1.0"])
            self.assertEqual(
                [file.url for file in (await both.page(THING, there.url)).files], [f"{there.url}/thing/thing-2.0.zip"]
            )


class AgainTests(KeptCase):
    """Afterwards upstream says whether it still stands, and sends it only if it does not."""

    async def test_an_etag_saves_the_page(self) -> None:
        index, script = self.kept(page('ETag: W/"a"'), UNCHANGED)
        for _ in range(3):
            self.assertEqual(await self.versions(index, ONE), ["1.0"])
        self.assertEqual([script.header("If-None-Match", number) for number in range(3)], [[], ['W/"a"'], ['W/"a"']])

    async def test_so_does_a_date_that_is_sure(self) -> None:
        """Within a minute of its change a page can change again and keep its date."""
        for changed, sent in (("00:08:59", True), ("00:09:30", False), ("nonsense", False)):
            index, script = self.kept(page(f"Last-Modified: Thu, 01 Jan 2026 {changed} GMT"), page())
            await self.versions(index)
            await self.versions(index)
            self.assertEqual(bool(script.header("If-Modified-Since")), sent)

    async def test_what_changed_takes_its_place(self) -> None:
        index, script = self.kept(page('ETag: "a"'), ok(listing("1.0", "2.0"), *HEAD, 'ETag: "b"'), UNCHANGED)
        await self.versions(index)
        self.assertEqual(await self.versions(index), ["1.0", "2.0"])
        self.assertEqual(await self.versions(index), ["1.0", "2.0"])
        self.assertEqual(script.header("If-None-Match"), ['"b"'])

    async def test_what_still_stands_is_fresh_again(self) -> None:
        index, script = self.kept(page(FRESH, 'ETag: "a"'), UNCHANGED)
        await self.versions(index)
        self.clock.advance(601)
        for _ in range(3):
            await self.versions(index)
        self.assertEqual(len(script.requests), 2)

    async def test_an_answer_can_say_otherwise(self) -> None:
        index, script = self.kept(
            page(FRESH, 'ETag: "a"'), Turn(b"HTTP/1.1 304 Not Modified\r\nCache-Control: no-cache\r\n\r\n")
        )
        await self.versions(index)
        self.clock.advance(601)
        for _ in range(2):
            await self.versions(index)
        self.assertEqual(len(script.requests), 3)

    async def test_a_page_that_is_not_fresh_is_not_used_without_upstream(self) -> None:
        """Nothing old is frozen because upstream is away: the client asks again."""
        index, _ = self.kept(page(FRESH, 'ETag: "a"'), ok(b"", status="503 Service Unavailable"))
        await self.versions(index)
        self.clock.advance(601)
        await self.trouble(index.page(THING))

    async def test_a_project_that_is_gone_is_gone(self) -> None:
        index, _ = self.kept(page('ETag: "a"'), ok(b"", status="404 Not Found"))
        await self.versions(index)
        await self.assertFailure(Deferred.fromCoroutine(index.page(THING)), NotFound)

    async def test_an_etag_of_another_place_proves_nothing(self) -> None:
        """It is unique to its URL: where a redirect leads now, the same may stand for something else."""
        there = self.scripted(UNCHANGED, ok(listing("2.0"), *HEAD, 'ETag: "a"'))
        index, script = self.kept(page('ETag: "a"'), ok(b"", f"Location: {there.url}/thing/", status="302 Found"))
        await self.versions(index)
        self.assertEqual(await self.versions(index), ["2.0"])
        self.assertEqual(len(there.requests), 2)
        self.assertEqual(there.header("If-None-Match"), [])
        self.assertEqual(len(script.requests), 3)

    async def test_nothing_is_unchanged_that_was_never_asked_for(self) -> None:
        """A 304 to an ordinary request is nonsense."""
        index, _ = self.kept(UNCHANGED)
        self.assertIn("304", (await self.trouble(index.page(THING))).title)

    async def test_a_real_index_is_asked_so(self) -> None:
        upstream = self.upstream(Style(forms="json"))
        index = self.index(upstream.url)
        first, second = [await index.page(THING) for _ in range(2)]
        self.assertEqual(first, second)
        self.assertIn("if-none-match", upstream.requests[1].headers)


class SharedTests(KeptCase):
    """However many ask at once, upstream is asked once."""

    async def test_one_request_answers_all(self) -> None:
        upstream = self.upstream()
        upstream.fail("page", faults.Hang())
        index = self.index(upstream.url)
        asked = [Deferred.fromCoroutine(index.page(THING)) for _ in range(50)]
        await self.heard(upstream, 1)
        upstream.heal("page")
        pages: list[Page] = await gatherResults(asked)
        self.assertEqual({len(found.files) for found in pages}, {1})
        self.assertEqual(len(upstream.requests), 1)

    async def test_trouble_is_everybodys(self) -> None:
        index, script = self.kept(ok(b"", status="403 Forbidden"))
        asked = [Deferred.fromCoroutine(index.page(THING)) for _ in range(3)]
        errors = [await self.trouble(one) for one in asked]
        self.assertEqual(len({id(error) for error in errors}), 3)
        self.assertEqual(len(script.requests), 1)
        self.assertIsInstance(errors[0], UpstreamTrouble)

    async def test_who_gives_up_waiting_takes_nothing_from_the_others(self) -> None:
        upstream = self.upstream()
        upstream.fail("page", faults.Hang())
        index = self.index(upstream.url)
        one, other = (Deferred.fromCoroutine(index.page(THING)) for _ in range(2))
        await self.heard(upstream, 1)
        one.cancel()
        self.failureResultOf(one, CancelledError)
        upstream.heal("page")
        found: Page = await other
        self.assertEqual(len(found.files), 1)

    def test_who_gets_it_first_may_give_up_for_the_others(self) -> None:
        """Only they notice: the others get the result."""
        shared: SingleFlight[int] = SingleFlight(cancel_unawaited=True)
        outcome: Deferred[int] = Deferred()

        async def work() -> int:
            return await outcome

        first, second, third = (shared.do("key", work) for _ in range(3))
        first.addCallback(lambda _: second.cancel())
        second.addErrback(lambda failure: failure.trap(CancelledError))
        outcome.callback(1)
        self.assertEqual(self.successResultOf(third), 1)
        self.successResultOf(first)
        self.successResultOf(second)
