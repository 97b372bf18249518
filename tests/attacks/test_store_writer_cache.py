"""Someone who can write to the cache on this machine's disk, or to the object store behind it, tries the same."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from twisted.internet.threads import deferToThread

from reqpi.shelf.files.file_parts import FileParts
from reqpi.shelf.shelf import Shelf
from reqpi.storage.cache import Cache
from reqpi.storage.cached import CachedStore
from reqpi.storage.memory import MemoryStore
from tests.attacks.test_store_writer_files import CONTENTS, LARGE, StoreWriterCase


class PoisonedCache(StoreWriterCase):
    """A server whose store has a cache with a copy of each file."""

    def made_store(self) -> Any:
        self.folder = Path(self.mktemp())
        self.behind = MemoryStore(self.clock.seconds)
        cache = Cache(self.folder, 100 << 20, deferToThread, self.clock.seconds)
        store = CachedStore(self.behind, cache, deferToThread)
        store.open()
        return store

    async def setUp(self) -> None:
        await super().setUp()
        for filename in CONTENTS:
            async for _ in self.store.read(str(self.files[filename].sha256)):
                pass
            self.assertTrue(self.path(filename).is_file(), filename)

    async def test_a_poisoned_copy_is_not_served(self) -> None:
        """Replace the bytes of copies in the cache, and set their times back."""
        for filename in ("small-1.0.zip", "middle-1.0.zip"):
            self.poison(filename)
            await self.assert_right(filename)
        self.poison("large-1.0.zip")
        await self.assert_cut_off("large-1.0.zip")
        await self.assert_right("large-1.0.zip")

    async def test_a_copy_that_was_served_before_is_hashed_again_after_a_change(self) -> None:
        """Replace the bytes of a copy that the server has found to be right."""
        await self.assert_right("middle-1.0.zip")
        self.poison("middle-1.0.zip")
        await self.assert_right("middle-1.0.zip")

    async def test_a_link_or_a_pipe_in_the_cache_is_not_read(self) -> None:
        """Have a secret sent, or a thread wait."""
        secret = self.elsewhere(b"secret" * (2 << 20))
        for filename in CONTENTS:
            self.path(filename).unlink()
            self.path(filename).symlink_to(secret)
            await self.assert_right(filename)
        for filename in CONTENTS:
            self.path(filename).unlink(missing_ok=True)
            os.mkfifo(self.path(filename))
            await self.assert_right(filename)


class PoisonedObjects(PoisonedCache):
    """The objects behind the cache are replaced, and the cache is empty."""

    def poison(self, filename: str) -> bytes:
        self.path(filename).unlink(missing_ok=True)
        wrong = b"X" * len(CONTENTS[filename])
        self.behind._blobs[str(self.files[filename].sha256)] = wrong
        return wrong

    async def test_a_client_is_not_sent_to_an_object_that_was_not_hashed(self) -> None:
        """Have a client redirected to an object, and replace it before."""
        files = FileParts.over(self.store, self.upstream, self.clock, 100)
        shelf = Shelf(self.store, self.upstream, self.clock, "redirecting", files)
        commitment = await shelf.commitment(self.address)
        self.path("large-1.0.zip").unlink()
        file_response = await shelf.file(commitment, "large", "large-1.0.zip")
        self.assertIsNone(file_response.link)
        self.assertEqual(b"".join([piece async for piece in file_response.read(0, len(LARGE))]), LARGE)
