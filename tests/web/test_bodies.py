"""Files on their way to a client: at its pace, whole or visibly not whole, and nothing left behind."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable

from twisted.internet.defer import Deferred

from reqpi.core.errors import StoreTrouble
from reqpi.shelf.files.download import HELD_BACK
from tests.distributions import a_file, a_page
from tests.web.case import FILES, WHEEL, WebCase
from tests.web.long_files import BUFFERS, LongFiles, failing_at
from tests.web.stores import PIECE
from tests.web.wire import CutOff, Wire


class Pace(LongFiles):
    async def test_a_client_that_does_not_read_is_not_read_for(self) -> None:
        """However long the file, no more of it is in memory than sockets hold; and then it goes on."""
        wire = await self.asked()
        await self.turns()
        self.assertLess(self.store.pulled, BUFFERS)
        self.assertEqual(self.store.readings, 1)
        wire.transport.resumeProducing()
        body = (await wire.reply()).body
        self.assertEqual(hashlib.sha256(body).hexdigest(), self.store.sha256)
        self.assertEqual((self.store.pulled, self.store.readings), (self.store.bytes, 0))

    async def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(self) -> None:
        """The reading ends, the request is not in flight any more, and the log has no fault."""
        wire = await self.asked()
        await self.turns()
        wire.transport.abortConnection()
        await self.site.drained()
        self.assertEqual(self.store.readings, 0)
        self.assertLess(self.store.pulled, BUFFERS)
        self.assertEqual(self.flushLoggedErrors(), [])

    async def test_the_next_request_waits_for_the_end_of_a_file(self) -> None:
        """On one connection the answers come in order, and none within another."""
        wire = await self.wire()
        wire.say(self.request(self.path) + self.request("/a/b"))
        self.assertEqual(len((await wire.reply()).body), self.store.bytes)
        self.assert_problem(await wire.reply(), 404)


class Failures(LongFiles):
    async def cut_off(self) -> int:
        """Ask for the file and see it cut off; how much of it came."""
        wire = await self.wire()
        wire.say(self.request(self.path))
        with self.assertRaises(CutOff):
            await wire.reply()
        await self.site.drained()
        self.assertEqual(self.store.readings, 0)
        return len(wire.received)

    async def test_a_reading_that_fails_in_the_middle_cuts_the_connection(self) -> None:
        """The client sees fewer bytes than were promised, and cannot take them for the whole."""
        for error in (StoreTrouble("the disk is gone"), RuntimeError("a fault of ours")):
            self.store.before = failing_at(100, error)
            self.assertLessEqual(await self.cut_off(), 100 * len(PIECE))

    async def test_a_reading_that_fails_at_once_is_a_clean_answer(self) -> None:
        """There is time for a status then, and nothing is left of the headers of a success."""
        self.store.before = failing_at(0, StoreTrouble("the disk is gone"))
        for headers in ({}, {"Range": "bytes=5-99"}):
            reply = await self.ask(self.path, **headers)
            self.assert_problem(reply, 503, "the disk is gone")
            self.assertEqual(reply["Retry-After"], "2")
        self.assertEqual(self.store.readings, 0)

    async def test_a_file_that_is_shorter_than_its_size_is_cut_off(self) -> None:
        """Else the next answer on the connection would be taken for the rest of it."""
        self.store.given = 5
        self.assertLessEqual(await self.cut_off(), 5 * len(PIECE))
        self.store.given = 0
        self.assert_problem(await self.ask(self.path), 503)

    async def test_a_file_that_is_longer_than_its_size_does_not_run_over(self) -> None:
        """What is too much would be taken for the next answer."""
        self.store.given = self.store.length + 1
        wire = await self.wire()
        wire.say(self.request(self.path))
        await wire.ended
        self.assertLessEqual(len(wire.received.partition(b"\r\n\r\n")[2]), self.store.bytes)


class OnTheirWay(WebCase):
    """Files that the store has not, and that upstream takes its time over."""

    async def setUp(self) -> None:
        await super().setUp()
        self.going_on: Deferred[None] = Deferred()
        self.content = PIECE * 8
        self.lie = a_file("big-1.0.zip", self.content, project="big", size=len(self.content))
        self.upstream.offer(a_page(self.lie, project="big"), self.content)
        self.address = await self.committed("big==1.0", "six==1.0")
        self.path = f"/{self.address}/simple/big/big-1.0.zip"

    async def test_a_client_that_leaves_while_upstream_is_asked_is_forgotten(self) -> None:
        """What was begun for it goes on, for the next who asks."""
        for path, key in ((f"/simple/six/{WHEEL}", FILES[1].url), ("/simple/big/", "big")):
            held: Deferred[None] = Deferred()
            asked: Deferred[None] = Deferred()
            self.upstream.before[key] = holding(asked, held)
            wire = await self.wire()
            wire.say(self.request(f"/{self.address}{path}"))
            await asked
            wire.transport.abortConnection()
            await self.site.drained()
            held.callback(None)
            del self.upstream.before[key]
            self.assertEqual((await self.under(path)).status, 200)
            self.assertEqual(self.upstream.asked.count(key), 1)
        self.assertEqual(self.flushLoggedErrors(), [])

    async def begun(self) -> Wire:
        """A connection on which the file is on its way, but for its end."""
        pieces = 0

        async def before_a_piece() -> None:
            nonlocal pieces
            pieces += 1
            if pieces == 5:
                arrived.callback(None)
                await self.going_on

        arrived: Deferred[None] = Deferred()
        self.upstream.between[self.lie.url] = before_a_piece
        wire = await self.wire()
        wire.say(self.request(self.path))
        await arrived
        await self.turn()
        self.clock.advance(10)
        return wire

    async def test_a_file_is_sent_while_it_arrives(self) -> None:
        """A client hears of it before its patience ends, with the length of the whole."""
        wire = await self.begun()
        await wire.until(lambda: True if wire.total > 3 * len(PIECE) else None)
        self.going_on.callback(None)
        self.assertEqual((await wire.reply()).body, self.content)

    async def test_wrong_bytes_are_never_a_whole_answer(self) -> None:
        """Their end is held back until their digest is known, and then there is none."""
        self.upstream.files[self.lie.url] = self.content[:-1] + b"!"
        wire = await self.begun()
        self.going_on.callback(None)
        with self.assertRaises(CutOff):
            await wire.reply()
        self.assertLessEqual(len(wire.received), len(self.content) - HELD_BACK)
        self.assertIsNone(await self.store.size(str(self.lie.sha256)))

    async def test_a_range_is_sent_while_the_rest_arrives(self) -> None:
        """From what is there, to who comes when the file has been on its way for long: without another wait."""
        await self.begun()
        reply = await self.ask(self.path, Range="bytes=10-99")
        self.assertEqual((reply.status, reply.body), (206, self.content[10:100]))
        self.assertEqual(reply["Content-Range"], f"bytes 10-99/{len(self.content)}")
        self.assertEqual(self.upstream.asked.count(self.lie.url), 1)
        self.going_on.callback(None)

    async def test_a_client_that_leaves_takes_the_file_from_nobody(self) -> None:
        """Whoever asked first: the other gets all of it, by the one fetch there was."""
        first = await self.begun()
        other = await self.wire()
        other.say(self.request(self.path))
        await other.until(lambda: other.received or None)
        first.transport.abortConnection()
        await first.ended
        self.going_on.callback(None)
        self.assertEqual((await other.reply()).body, self.content)
        self.assertEqual(self.upstream.asked.count(self.lie.url), 1)

    async def test_a_client_that_leaves_while_a_file_arrives_is_forgotten(self) -> None:
        """The file arrives all the same."""
        wire = await self.begun()
        await wire.until(lambda: wire.received or None)
        wire.transport.abortConnection()
        await self.site.drained()
        self.going_on.callback(None)
        self.assertEqual((await self.ask(self.path)).body, self.content)
        self.assertEqual(self.upstream.asked.count(self.lie.url), 1)
        self.assertEqual(self.flushLoggedErrors(), [])


def holding(asked: Deferred[None], held: Deferred[None]) -> Callable[[], Awaitable[None]]:
    async def before() -> None:
        asked.callback(None)
        await held

    return before
