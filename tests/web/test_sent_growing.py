"""Files that the kernel sends while they are downloaded: as far as they may be read, and not a byte further."""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from reqpi.shelf.files.verified_blobs import AT_LENGTH, HELD_BACK
from reqpi.storage.directory.incoming import DirectoryIncoming
from reqpi.storage.directory.store import DirectoryStore
from tests.distributions import a_file, a_page
from tests.web.directory_case import DirectoryCase
from tests.web.wire import CutOff, Wire

CONTENT = os.urandom(1 << 10) * (AT_LENGTH >> 9)
"""Twice the size from which a file is sent as it arrives."""

PIECE = 1 << 20


class SentWhileItGrows(DirectoryCase):
    """The store is a directory, and the upstream sends a piece when the test says so."""

    async def setUp(self) -> None:
        await super().setUp()
        self.opened: list[Any] = []
        self.read: list[int] = []
        self.patch(DirectoryIncoming, "local", self.noting(DirectoryIncoming.local))
        self.patch(DirectoryIncoming, "read", self.counting(DirectoryIncoming.read))
        self.file = a_file("long-1.0.zip", CONTENT, project="long", size=len(CONTENT))
        self.upstream.step = PIECE
        self.upstream.offer(a_page(self.file, project="long"), CONTENT)
        self.gates: list[Deferred[None]] = []
        self.through = False
        self.address = await self.committed("long==1.0", "six==1.0")
        self.path = f"/{self.address}/simple/long/long-1.0.zip"

    async def tearDown(self) -> None:
        self.let_all_through()
        await super().tearDown()

    def noting(self, local: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def noted(incoming: Any) -> Any:
            self.opened.append(local(incoming))
            return self.opened[-1]

        return noted

    def counting(self, read: Callable[..., Any]) -> Callable[..., Any]:
        async def counted(incoming: Any, start: int, stop: int) -> Any:
            self.read.append(stop - start)
            return await read(incoming, start, stop)

        return counted

    def hold_pieces(self) -> None:
        """From here on the upstream sends a piece for each gate that is opened."""

        def wait() -> Deferred[None]:
            self.gates.append(Deferred())
            if self.through:
                self.gates[-1].callback(None)
            return self.gates[-1]

        self.upstream.between[self.file.url] = wait

    def let_all_through(self) -> None:
        self.through = True
        for gate in self.gates:
            if not gate.called:
                gate.callback(None)

    async def pieces(self, count: int) -> None:
        """Let the upstream send so many pieces."""
        for _ in range(count):
            while not self.gates or self.gates[-1].called:
                await self.turn()
            self.gates[-1].callback(None)

    async def begun(self) -> Wire:
        """A connection on which the file was asked for, and its first piece received."""
        self.hold_pieces()
        wire = await self.wire()
        wire.say(self.request(self.path))
        await self.pieces(1)
        await wire.until(lambda: len(wire.received) >= PIECE or None)
        return wire

    def body_on(self, wire: Wire) -> bytes:
        """What has come of the body of the first response."""
        return bytes(wire.received.partition(b"\r\n\r\n")[2])

    async def assert_closed(self) -> None:
        await self.site.drained()  # the client may have all of it before the server has closed it
        self.assertTrue(self.opened)
        self.assertEqual([file.closed for file in self.opened], [True] * len(self.opened))

    async def test_the_whole_file_and_then_something_else(self) -> None:
        """Each in its place, and no byte of it was read into this process to be sent."""
        wire = await self.wire()
        wire.say(self.request(self.path) + self.request("/a/b"))
        self.assertEqual((await wire.reply()).body, CONTENT)
        self.assert_problem(await wire.reply(), 404)
        self.assertEqual(self.read, [])
        await self.assert_closed()

    async def test_each_piece_comes_when_it_has_arrived_and_the_last_bytes_do_not(self) -> None:
        wire = await self.begun()
        self.assertEqual(self.body_on(wire), CONTENT[:PIECE])
        await self.pieces(len(CONTENT) // PIECE - 2)
        await wire.until(lambda: len(self.body_on(wire)) >= len(CONTENT) - PIECE or None)
        for _ in range(100):
            await self.turn()
        self.assertEqual(self.body_on(wire), CONTENT[: len(CONTENT) - PIECE])
        await self.pieces(1)
        self.assertEqual((await wire.reply()).body, CONTENT)
        self.assertEqual(self.read, [])
        await self.assert_closed()

    async def test_wrong_bytes_are_cut_off_before_their_end(self) -> None:
        """The upstream sends other bytes of the same length."""
        self.upstream.files[self.file.url] = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
        wire = await self.wire()
        wire.say(self.request(self.path))
        with self.assertRaises(CutOff):
            await wire.reply()
        self.assertLessEqual(len(wire.received), len(CONTENT) - HELD_BACK)
        await self.site.drained()
        await self.assert_closed()
        self.assertEqual(list((self.folder / "incoming").iterdir()), [])

    async def test_ranges(self) -> None:
        """To the byte, also when they begin in the middle of a piece or in the last bytes."""
        self.hold_pieces()
        length = len(CONTENT)
        wires = []
        ranges = ((5, PIECE + 7), (PIECE - 1, length - 1), (length - 10, length), (0, length))
        for start, stop in ranges:
            wires.append(await self.wire())
            wires[-1].say(self.request(self.path, Range=f"bytes={start}-{stop - 1}"))
        await self.pieces(len(CONTENT) // PIECE)
        for wire, (start, stop) in zip(wires, ranges, strict=True):
            reply = await wire.reply()
            self.assertEqual(
                reply["Content-Range"], f"bytes {start}-{stop - 1}/{length}" if stop - start < length else None
            )
            self.assertEqual(reply.body, CONTENT[start:stop])
        self.assertEqual(self.upstream.asked.count(self.file.url), 1)
        await self.assert_closed()

    async def test_a_client_that_leaves_while_upstream_pauses_is_forgotten(self) -> None:
        """The download goes on for the next client, and the log has no fault."""
        wire = await self.begun()
        wire.transport.abortConnection()
        await self.site.closed()
        await self.pieces(2)
        await self.site.drained()
        await self.assert_closed()
        self.let_all_through()
        self.assertEqual((await self.ask(self.path)).body, CONTENT)
        self.assertEqual(self.upstream.asked.count(self.file.url), 1)
        self.assertEqual(self.flushLoggedErrors(), [])

    async def test_a_client_that_does_not_read_keeps_no_one_waiting(self) -> None:
        """Another client gets all of it meanwhile, and the file is stored."""
        wire = await self.begun()
        wire.transport.pauseProducing()
        self.let_all_through()
        self.assertEqual((await self.ask(self.path)).body, CONTENT)
        wire.transport.resumeProducing()
        self.assertEqual((await wire.reply()).body, CONTENT)
        await self.assert_closed()

    async def test_the_log_has_what_was_sent(self) -> None:
        lengths: list[int] = []
        self.site.log = lambda request: lengths.append(request.sentLength)
        await self.ask(self.path)
        await self.site.drained()
        self.assertEqual(lengths, [len(CONTENT)])

    async def test_a_file_that_cannot_be_opened_again_is_read_into_this_process(self) -> None:
        """Its store is no directory, or it was stored in the meantime."""
        self.patch(DirectoryIncoming, "local", lambda _: None)
        self.assertEqual((await self.ask(self.path)).body, CONTENT)
        self.assertTrue(self.read)

    async def test_a_file_that_another_process_downloads_is_hashed_here(self) -> None:
        """Its last bytes are sent after that: the other process may store wrong bytes."""
        whole = (self.file.url, self.file.index, self.file.size, sorted(self.file.digests))
        other = DirectoryStore(self.folder, in_thread=deferToThread, clock=self.clock.seconds)
        for content in (CONTENT, CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])):
            claimed = await other.claim(sha256(repr(whole).encode()).hexdigest())
            assert claimed is not None
            await claimed.expect(len(CONTENT))
            await claimed.write(content)
            wire = await self.wire()
            wire.say(self.request(self.path))
            await wire.until(lambda wire=wire: len(self.body_on(wire)) >= len(CONTENT) - HELD_BACK or None)
            self.assertLessEqual(len(self.body_on(wire)), len(CONTENT) - HELD_BACK)
            await claimed.keep(str(self.file.sha256))
            await claimed.discard()
            reply = Deferred.fromCoroutine(wire.reply())
            while not reply.called:
                self.clock.advance(1)
                await self.turn()
            if content == CONTENT:
                self.assertEqual((await reply).body, CONTENT)
                await self.store.repair(str(self.file.sha256))
            else:
                with self.assertRaises(CutOff):
                    await reply
        self.assertEqual(self.upstream.asked.count(self.file.url), 0)
