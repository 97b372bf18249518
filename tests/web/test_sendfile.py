"""Files that the kernel sends: whole, in ranges, at the client's pace, and nothing left open."""

from __future__ import annotations

import os
from typing import Any

from reqpi.core.interfaces import BlobIdentity
from tests.distributions import a_file, a_page
from tests.web.directory_case import DirectoryCase
from tests.web.long_files import BUFFERS
from tests.web.wire import CutOff, Wire

CONTENT = os.urandom(1 << 10) * (32 << 10)
"""32 MiB, more than the sockets of both sides hold."""


class SentByKernel(DirectoryCase):
    """The store is a directory, and has a long file."""

    async def setUp(self) -> None:
        self.given: list[int] = []
        await super().setUp()
        self.file = a_file("long-1.0.zip", CONTENT, project="long", size=len(CONTENT))
        self.upstream.offer(a_page(self.file, project="long"), CONTENT)
        self.address = await self.committed("long==1.0", "six==1.0")
        self.path = f"/{self.address}/simple/long/long-1.0.zip"
        commitment = await self.shelf.commitment(self.address)
        await self.shelf.hold(commitment, "long", "long-1.0.zip")
        while not (await self.store.identity(str(self.file.sha256))).settled:
            await self.turn()
        self.assertEqual((await self.ask(self.path, Range="bytes=0-0")).status, 206)  # now it counts as verified
        self.opened: list[Any] = []
        local = self.store.local

        async def noted(sha256: str, identity: BlobIdentity | None = None) -> Any:
            self.opened.append(await local(sha256, identity))
            return self.opened[-1]

        self.store.local = noted

    def assert_closed(self, times: int) -> None:
        """The file was opened so often, and is closed."""
        self.assertEqual([file.closed for file in self.opened], [True] * times)

    async def test_the_whole_file(self) -> None:
        """Twice on one connection, and then something else, each in its place."""
        wire = await self.wire()
        wire.say(self.request(self.path) * 2 + self.request("/a/b") + self.request(self.path, "HEAD"))
        for _ in range(2):
            self.assertEqual((await wire.reply()).body, CONTENT)
        self.assert_problem(await wire.reply(), 404)
        reply = await wire.reply("HEAD")
        self.assertEqual((reply.status, reply["Content-Length"]), (200, str(len(CONTENT))))
        self.assert_closed(2)

    async def test_where_the_kernel_takes_no_hints(self) -> None:
        """macOS has sendfile, and no posix_fadvise."""
        hint = os.posix_fadvise
        del os.posix_fadvise
        self.addCleanup(setattr, os, "posix_fadvise", hint)
        self.assertEqual((await self.ask(self.path)).body, CONTENT)

    async def test_ranges(self) -> None:
        """To the byte."""
        length = len(CONTENT)
        for asked, start, stop in (
            ("0-0", 0, 1),
            ("1-1048576", 1, 1048577),
            ("-5000000", length - 5000000, length),
            ("7-", 7, length),
        ):
            reply = await self.ask(self.path, Range=f"bytes={asked}")
            self.assertEqual(reply.status, 206)
            self.assertEqual(reply["Content-Range"], f"bytes {start}-{stop - 1}/{length}")
            self.assertEqual(reply.body, CONTENT[start:stop], asked)
        self.assert_closed(4)
        self.assertEqual((await self.ask(self.path, Range=f"bytes={length}-")).status, 416)
        self.assert_closed(4)

    async def unread(self) -> Wire:
        """A connection on which the file was asked for, and which is not read from."""
        wire = await self.wire()
        wire.say(self.request(self.path))
        await wire.until(lambda: wire.received or None)
        wire.transport.pauseProducing()
        for _ in range(300):
            await self.turn()
        return wire

    async def test_a_client_that_does_not_read_keeps_nobody_waiting(self) -> None:
        """And is sent no more than the sockets hold. What it says meanwhile is answered in its turn."""
        wire = await self.unread()
        self.assertEqual((await self.ask(self.path)).body, CONTENT)
        self.assertLess(wire.total, BUFFERS)
        wire.say(self.request("/a/b"))
        wire.transport.resumeProducing()
        self.assertEqual((await wire.reply()).body, CONTENT)
        self.assert_problem(await wire.reply(), 404)

    async def test_a_client_that_takes_nothing_for_a_minute_is_cut_off(self) -> None:
        """The file is closed."""
        wire = await self.unread()
        self.clock.advance(60)
        wire.transport.resumeProducing()
        with self.assertRaises(CutOff):
            await wire.reply()
        await self.site.drained()
        self.assert_closed(1)

    async def test_a_client_that_leaves_is_forgotten(self) -> None:
        """Nothing stays open, and the log has no fault."""
        wire = await self.unread()
        wire.transport.abortConnection()
        await self.site.drained()
        self.assert_closed(1)
        self.assertEqual(self.flushLoggedErrors(), [])

    async def test_a_file_that_becomes_shorter_is_cut_off(self) -> None:
        """Else the next answer would be taken for the rest of it."""
        wire = await self.unread()
        path = self.folder / "blobs" / "sha256" / str(self.file.sha256)[:2] / str(self.file.sha256)
        path.chmod(0o600)
        os.truncate(path, 20 << 20)
        wire.transport.resumeProducing()
        with self.assertRaises(CutOff):
            await wire.reply()
        await self.site.drained()
        self.assert_closed(1)

    async def test_what_is_removed_meanwhile_is_sent_to_its_end(self) -> None:
        """A sweep takes nothing out of anybody's hands."""
        wire = await self.unread()
        await self.store.repair(str(self.file.sha256))
        wire.transport.resumeProducing()
        self.assertEqual((await wire.reply()).body, CONTENT)

    async def test_the_log_has_what_was_sent(self) -> None:
        """As of every answer."""
        lengths: list[int] = []
        self.site.log = lambda request: lengths.append(request.sentLength)
        await self.ask(self.path)
        await self.ask(self.path, Range="bytes=0-9")
        self.assertEqual(lengths, [len(CONTENT), 10])
