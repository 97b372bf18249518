"""Someone who can write to the directory of a store tries to have other bytes served, or to stop the server."""

from __future__ import annotations

import os
from pathlib import Path

from reqpi.shelf.files.verified_blobs import HELD_BACK
from reqpi.shelf.shelf import Shelf
from tests.distributions import a_file, a_page
from tests.web.directory_case import DirectoryCase
from tests.web.wire import CutOff

SMALL, MIDDLE, LARGE = b"s" * 1000, b"m" * (1 << 20), b"l" * (8 << 20)
"""A file that becomes a ready answer, one that is hashed before it is sent, and one that is hashed meanwhile."""

CONTENTS = {"small-1.0.zip": SMALL, "middle-1.0.zip": MIDDLE, "large-1.0.zip": LARGE}


class StoreWriterCase(DirectoryCase):
    """A server over a directory that has the files of a lock. It has not read any of them since it was started."""

    async def setUp(self) -> None:
        await super().setUp()
        self.files = {}
        for filename, content in CONTENTS.items():
            project = filename.partition("-")[0]
            self.files[filename] = a_file(filename, content, project=project, size=len(content))
            self.upstream.offer(a_page(self.files[filename], project=project), content)
        self.address = await self.committed("small==1.0", "middle==1.0", "large==1.0")
        before = Shelf(self.store, self.upstream, self.clock, "before the restart")
        commitment = await before.commitment(self.address)
        for filename in CONTENTS:
            await before.hold(commitment, filename.partition("-")[0], filename)

    def url(self, filename: str) -> str:
        return f"/{self.address}/simple/{filename.partition('-')[0]}/{filename}"

    def path(self, filename: str) -> Path:
        """Where the store has the file."""
        sha256 = str(self.files[filename].sha256)
        return self.folder / "blobs" / "sha256" / sha256[:2] / sha256

    def elsewhere(self, content: bytes) -> Path:
        """Return the absolute path of a file outside of the store."""
        path = Path(self.mktemp()).absolute()
        path.write_bytes(content)
        return path

    def poison(self, filename: str) -> bytes:
        """Put other bytes of the same length in the place of a file, with the same times as far as anyone can."""
        path = self.path(filename)
        state, wrong = path.stat(), b"X" * len(CONTENTS[filename])
        with path.open("r+b") as file:
            file.write(wrong)
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
        return wrong

    async def assert_right(self, filename: str) -> None:
        reply = await self.ask(self.url(filename))
        self.assertEqual((reply.status, reply.body == CONTENTS[filename]), (200, True), filename)

    async def assert_cut_off(self, filename: str) -> None:
        """The answer does not end, and its last bytes are not sent."""
        wire = await self.wire()
        wire.say(self.request(self.url(filename)))
        with self.assertRaises(CutOff):
            await wire.reply()
        self.assertLessEqual(len(wire.received), len(CONTENTS[filename]) - HELD_BACK)
        await self.site.drained()
        self.assertEqual(self.flushLoggedErrors(RuntimeError, KeyError), [])


class OtherBytes(StoreWriterCase):
    """The bytes of a file are replaced, and its length stays."""

    async def test_a_small_file_is_fetched_again_and_not_sent(self) -> None:
        """Replace a file that the server would keep in memory."""
        self.poison("small-1.0.zip")
        await self.assert_right("small-1.0.zip")

    async def test_a_file_that_is_sent_at_once_is_hashed_before(self) -> None:
        """Replace a file that the kernel would send from the disk."""
        self.poison("middle-1.0.zip")
        await self.assert_right("middle-1.0.zip")

    async def test_a_large_file_is_cut_off_before_its_end_and_then_fetched_again(self) -> None:
        """Replace a file that is too large to be hashed before it is sent."""
        self.poison("large-1.0.zip")
        await self.assert_cut_off("large-1.0.zip")
        await self.assert_right("large-1.0.zip")

    async def test_no_part_of_a_large_file_is_sent_before_all_of_it_was_hashed(self) -> None:
        """Replace a large file of which a client then wants a part, and only that."""
        wrong = self.poison("large-1.0.zip")
        reply = await self.ask(self.url("large-1.0.zip"), Range="bytes=100-199")
        self.assertEqual(reply.status, 503)
        self.assertNotIn(wrong[:10], reply.body)
        reply = await self.ask(self.url("large-1.0.zip"), Range="bytes=100-199")
        self.assertEqual((reply.status, reply.body), (206, LARGE[100:200]))

    async def test_files_that_were_served_before_are_hashed_again_after_a_change(self) -> None:
        """Replace files while the server runs that it has found to be right already, and set their times back."""
        for filename in ("middle-1.0.zip", "large-1.0.zip"):
            await self.assert_right(filename)
            self.poison(filename)
        await self.assert_right("middle-1.0.zip")
        await self.assert_cut_off("large-1.0.zip")
        await self.assert_right("large-1.0.zip")

    async def test_a_file_under_the_name_of_another_is_not_taken_for_it(self) -> None:
        """Rename a file that the server has found to be right to the name of another one of the same length."""
        await self.assert_right("large-1.0.zip")
        other = self.path("large-1.0.zip").with_name("other")
        other.write_bytes(b"X" * len(LARGE))
        other.replace(self.path("large-1.0.zip"))
        await self.assert_cut_off("large-1.0.zip")

    async def test_a_download_that_is_changed_on_the_disk_is_not_served_again(self) -> None:
        """Replace the bytes of a file while it is written to the store: they were hashed before they were written."""
        self.path("large-1.0.zip").unlink()
        incoming = self.folder / "incoming"

        async def overwrite() -> None:
            for path in incoming.iterdir():
                if path.is_file() and path.stat().st_size:
                    with path.open("r+b") as file:
                        file.write(b"X" * 100)

        self.upstream.between[self.files["large-1.0.zip"].url] = overwrite
        await self.ask(self.url("large-1.0.zip"))
        self.upstream.between.clear()
        await self.assert_cut_off("large-1.0.zip")
        await self.assert_right("large-1.0.zip")


class OtherThings(StoreWriterCase):
    """Something that is not a regular file is put in the place of a file."""

    async def test_a_link_to_a_secret_is_not_followed(self) -> None:
        """Have the server send a file that it can read and the attacker cannot."""
        secret = self.elsewhere(b"secret" * (2 << 20))
        for filename in CONTENTS:
            self.path(filename).unlink()
            self.path(filename).symlink_to(secret)
            await self.assert_right(filename)
            self.assertFalse(self.path(filename).is_symlink())

    async def test_a_link_to_the_right_bytes_is_not_followed_either(self) -> None:
        """Have a file served whose bytes can be changed later, at a place that no one watches."""
        elsewhere = self.elsewhere(MIDDLE)
        self.path("middle-1.0.zip").unlink()
        self.path("middle-1.0.zip").symlink_to(elsewhere)
        await self.assert_right("middle-1.0.zip")
        self.assertFalse(self.path("middle-1.0.zip").is_symlink())

    async def test_a_pipe_keeps_no_thread_waiting(self) -> None:
        """Have a thread of the server wait for a writer that never comes."""
        for filename in CONTENTS:
            self.path(filename).unlink()
            os.mkfifo(self.path(filename))
            await self.assert_right(filename)

    async def test_a_folder_is_an_error_of_the_store(self) -> None:
        """Have the server fail in a way that it does not expect."""
        self.path("middle-1.0.zip").unlink()
        self.path("middle-1.0.zip").mkdir()
        reply = await self.ask(self.url("middle-1.0.zip"))
        self.assertIn(reply.status, (200, 503))
        if reply.status == 200:
            self.assertEqual(reply.body, MIDDLE)

    async def test_a_record_that_is_a_pipe_or_a_link_is_an_error_of_the_store(self) -> None:
        """Have a thread wait, or a secret parsed as a frozen list."""
        secret = self.elsewhere(b"secret")
        record = self.folder / "records" / "frozen" / self.address / "small_"
        for make in (os.mkfifo, lambda path: path.symlink_to(secret)):
            record.unlink()
            make(record)
            reply = await self.ask(self.url("small-1.0.zip"))
            self.assertEqual(reply.status, 503)
            self.assertNotIn(b"secret", reply.body)
