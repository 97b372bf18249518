"""The open index records downloads: verified like everything else, and separate from every address."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import TestCase

from reqpi.core.errors import DigestMismatch, NothingUpstream, NotServed, Occupied, UnknownSession, UpstreamTrouble
from reqpi.runtime.singleflight import PATIENCE
from reqpi.shelf.files.download import HELD_BACK
from reqpi.shelf.files.file_parts import FileParts
from reqpi.shelf.files.file_responses import FileResponse
from reqpi.shelf.learn_sessions import FILES, LASTS, SESSIONS, LearnSession, LearnSessions
from reqpi.shelf.open_index import OpenIndex
from reqpi.storage.memory import MemoryStore
from tests.distributions import a_file, a_page, digest_of
from tests.fake_index import PlainUpstream
from tests.fake_upstream import build_wheel, core_metadata

SDIST, WHEEL = b"an sdist of six", build_wheel("six", "1.0")
FILES_OF_SIX = (
    a_file("six-1.0.tar.gz", SDIST, upload_time="2026-01-01T00:00:00Z"),
    a_file("six-1.0-py3-none-any.whl", WHEEL, size=len(WHEEL), upload_time="2026-02-01T00:00:00Z"),
)
SDIST_NAME, WHEEL_NAME = (file.filename for file in FILES_OF_SIX)


class LearningCase(TestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_800_000_000)
        self.store = MemoryStore(self.clock.seconds)
        self.upstream = PlainUpstream()
        self.upstream.offer(a_page(*FILES_OF_SIX), SDIST, WHEEL)
        self.learning = self.another()

    def another(self) -> OpenIndex:
        """Another process on the same store."""
        files = FileParts.over(self.store, self.upstream, self.clock)
        sessions = LearnSessions(self.store, self.clock)
        return OpenIndex(sessions, self.upstream, files, self.clock)

    async def take(self, session: LearnSession, filename: str, project: str = "six") -> bytes:
        """Download a file, as the web does."""
        file_response = await self.learning.file(session, project, filename)
        await self.learning.sessions.note(session, file_response.file)
        return await whole(file_response)

    async def assert_raises(self, kind: type[Exception], what: Awaitable[Any]) -> Any:
        try:
            result = await what
        except kind as error:
            return error
        raise self.failureException(f"{kind.__name__} was not raised, but {result!r} returned")


async def whole(file_response: FileResponse) -> bytes:
    return b"".join([piece async for piece in file_response.read(0, file_response.size)])


class IndexTests(LearningCase):
    """All of upstream is there, and what is there is verified."""

    async def test_what_is_downloaded_is_taken_and_what_is_looked_at_is_not(self) -> None:
        session = await self.learning.sessions.begin()
        page = await self.learning.page(session, "SIX")
        self.assertEqual([file.filename for file in page.files], [SDIST_NAME, WHEEL_NAME])
        self.assertEqual(await self.learning.metadata(session, "six", WHEEL_NAME), core_metadata("six", "1.0"))
        self.assertEqual((await self.learning.taken(session)).files, ())
        self.assertEqual(await self.take(session, SDIST_NAME), SDIST)
        taken = await self.learning.taken(session)
        self.assertEqual([file.filename for file in taken.files], [SDIST_NAME])

    async def test_wrong_bytes_are_neither_delivered_nor_kept(self) -> None:
        """The upstream's claims must hold here too."""
        wrong = b"w" * (HELD_BACK + 5)
        self.upstream.files[FILES_OF_SIX[0].url] = wrong
        session = await self.learning.sessions.begin()
        await self.assert_raises(DigestMismatch, self.learning.file(session, "six", SDIST_NAME))
        for content in (SDIST, wrong):
            self.assertIsNone(await self.store.size(digest_of(content).hex))

    async def test_a_file_without_a_digest_is_measured_once_and_written_down_with_what_came(self) -> None:
        bare = a_file("six-1.0.tar.gz", None)
        self.upstream.offer(a_page(bare), SDIST)
        session = await self.learning.sessions.begin()
        for _ in range(2):
            self.assertEqual(await self.take(session, SDIST_NAME), SDIST)
        self.assertEqual(self.upstream.asked.count(bare.url), 1)
        (file,) = (await self.learning.taken(session)).files
        self.assertEqual(file.sha256, digest_of(SDIST).hex)

    async def test_what_upstream_does_claim_of_such_a_file_must_hold(self) -> None:
        """A sha512 alone is no name to keep it under, and still a claim."""
        self.upstream.offer(
            a_page(a_file("six-1.0.tar.gz", None, digests=frozenset({digest_of(b"x", "sha512")}))), SDIST
        )
        session = await self.learning.sessions.begin()
        await self.assert_raises(DigestMismatch, self.learning.file(session, "six", SDIST_NAME))

    async def test_what_upstream_does_not_list_is_not_there(self) -> None:
        """Though it is in the store, for some address."""
        session = await self.learning.sessions.begin()
        await self.assert_raises(NotServed, self.learning.file(session, "six", "six-2.0.tar.gz"))
        await self.assert_raises(NotServed, self.learning.metadata(session, "six", SDIST_NAME))
        await self.assert_raises(NothingUpstream, self.learning.page(session, "seven"))
        for name in ("", "..", "a b", "x" * 200):
            await self.assert_raises(NotServed, self.learning.page(session, name))

    async def test_further_upstreams_are_for_locks_alone(self) -> None:
        """A company's own index is not open to sessions."""
        self.upstream.indexes["https://own.example.org/simple"] = {a_page().project: a_page(project="secret")}
        session = await self.learning.sessions.begin()
        await self.assert_raises(NothingUpstream, self.learning.page(session, "secret"))

    async def test_upstream_in_trouble_is_that(self) -> None:
        async def away() -> None:
            raise UpstreamTrouble("it is away")

        self.upstream.before["six"] = away
        session = await self.learning.sessions.begin()
        await self.assert_raises(UpstreamTrouble, self.learning.page(session, "six"))

    async def test_what_fails_when_nobody_waits_any_more_is_logged_without_the_token(self) -> None:
        """A reader of logs could otherwise have files added to another client's lock."""
        failing: Deferred[None] = Deferred()

        async def late() -> None:
            await failing

        self.upstream.before["six"] = late
        session = await self.learning.sessions.begin()
        asked = Deferred.fromCoroutine(self.learning.page(session, "six"))
        self.clock.advance(PATIENCE)
        await self.assert_raises(UpstreamTrouble, asked)
        with capturedLogs() as logged:
            failing.errback(UpstreamTrouble("it is away"))
        said = "".join(str(formatEvent(event)) for event in logged)
        self.assertIn("work failed when no caller waited for it any more: it is away", said)
        self.assertEqual(self.flushLoggedErrors(), [])
        self.assertNotIn(session.token, said)


class CutoffTests(LearningCase):
    """A session sees the index as it was at a given time."""

    async def test_what_is_newer_is_neither_listed_nor_served(self) -> None:
        session = await self.learning.sessions.begin(datetime(2026, 1, 15, tzinfo=UTC))
        page = await self.learning.page(session, "six")
        self.assertEqual([file.filename for file in page.files], [SDIST_NAME])
        await self.assert_raises(NotServed, self.learning.file(session, "six", WHEEL_NAME))
        await self.assert_raises(NotServed, self.learning.metadata(session, "six", WHEEL_NAME))
        await self.take(session, SDIST_NAME)
        self.assertEqual((await self.learning.taken(session, beside=True)).beside, ())

    async def test_an_upstream_that_does_not_say_when_lets_nothing_through_and_that_is_told(self) -> None:
        self.upstream.offer(a_page(*(evolve(file, upload_time=None) for file in FILES_OF_SIX)), SDIST, WHEEL)
        session = await self.learning.sessions.begin(datetime(2026, 1, 15, tzinfo=UTC))
        await self.assert_raises(NothingUpstream, self.learning.page(session, "six"))
        self.assertEqual((await self.learning.taken(session)).untimed, ("six",))

    async def test_it_is_the_same_for_every_process(self) -> None:
        session = await self.learning.sessions.begin(datetime(2026, 1, 15, tzinfo=UTC))
        self.assertEqual(await self.another().sessions.get(session.token), session)


class TakenTests(LearningCase):
    """The record of a session is in the store, and so available to every process."""

    async def test_the_other_files_of_the_same_releases(self) -> None:
        """Measured, where upstream gives no digest of them."""
        newer = a_file("six-2.0.tar.gz", b"newer")
        self.upstream.offer(a_page(FILES_OF_SIX[0], a_file(WHEEL_NAME, None), newer), SDIST, WHEEL, b"newer")
        session = await self.learning.sessions.begin()
        await self.take(session, SDIST_NAME)
        taken = await self.learning.taken(session, beside=True)
        self.assertEqual([(file.filename, file.sha256) for file in taken.beside], [(WHEEL_NAME, digest_of(WHEEL).hex)])

    async def test_every_process_sees_what_was_taken_through_any(self) -> None:
        session = await self.learning.sessions.begin()
        await self.take(session, SDIST_NAME)
        there = self.another()
        await there.sessions.note(await there.sessions.get(session.token), FILES_OF_SIX[1])
        for learning in (self.learning, there):
            taken = await learning.taken(session)
            self.assertEqual({file.filename for file in taken.files}, {SDIST_NAME, WHEEL_NAME})

    async def test_sessions_do_not_see_each_other(self) -> None:
        one, other = await self.learning.sessions.begin(), await self.learning.sessions.begin()
        await self.take(one, SDIST_NAME)
        self.assertEqual((await self.learning.taken(other)).files, ())


class SessionsTests(LearningCase):
    """Sessions are few, and end."""

    async def test_a_token_that_nobody_was_given_is_none(self) -> None:
        for token in ("0" * 32, "", "..", "a" * 31, "\u0663" * 32, "learning"):
            await self.assert_raises(UnknownSession, self.learning.sessions.get(token))

    async def test_what_was_ended_is_gone_with_all_that_it_knew(self) -> None:
        session = await self.learning.sessions.begin()
        await self.take(session, WHEEL_NAME)
        await self.learning.metadata(session, "six", WHEEL_NAME)
        await self.learning.sessions.end(session)
        await self.assert_raises(UnknownSession, self.learning.sessions.get(session.token))
        left = [name for prefix in ("learning", "learned", "told") async for name in self.store.names(f"{prefix}/")]
        self.assertEqual(left, [])

    async def test_of_one_that_another_process_ends_nothing_is_left(self) -> None:
        """Records that are written afterwards would never be removed."""
        here, there = self.learning.sessions, self.another().sessions
        session = await here.begin()
        await here.get(session.token)
        await there.end(session)
        await self.assert_raises(UnknownSession, self.take(session, WHEEL_NAME))
        await self.assert_raises(UnknownSession, here.note_untimed(session, FILES_OF_SIX[0].project))
        await self.assert_raises(UnknownSession, here.get(session.token))
        self.assertEqual([name async for name in self.store.names("learned/")], [])

    async def test_one_that_nobody_used_for_a_while_ends(self) -> None:
        """One that is in use does not."""
        idle, used = await self.learning.sessions.begin(), await self.learning.sessions.begin()
        self.clock.advance(LASTS - 1)
        await self.learning.sessions.get(used.token)
        self.clock.advance(2)
        await self.learning.sessions.expire()
        await self.assert_raises(UnknownSession, self.another().sessions.get(idle.token))
        self.assertEqual(await self.another().sessions.get(used.token), used)

    async def test_there_are_so_many_and_no_more(self) -> None:
        """Until one of them ends."""
        sessions = [await self.learning.sessions.begin() for _ in range(SESSIONS)]
        await self.assert_raises(Occupied, self.another().sessions.begin())
        await self.learning.sessions.end(sessions[0])
        await self.another().sessions.begin()

    async def test_one_takes_so_many_files_and_no_more(self) -> None:
        session = await self.learning.sessions.begin()
        self.learning.sessions._noted.put(session.token, {str(number) for number in range(FILES)}, 1)
        await self.assert_raises(Occupied, self.learning.sessions.note(session, FILES_OF_SIX[0]))
