"""A cache in front of a store: the same bytes, fewer questions, and never more than its bound."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from hashlib import sha256
from stat import S_ISREG

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from reqpi.core.errors import Misconfigured, StoreTrouble
from reqpi.core.interfaces import BlobIdentity
from reqpi.storage.cache import Cache
from reqpi.storage.cached import CachedStore
from reqpi.storage.directory.store import DirectoryStore
from reqpi.storage.memory import MemoryStore
from tests.contracts import SetClock, StoreContract, gathered, kept
from tests.storage.scratch import scratch


class FarStore(MemoryStore):
    """Counts what is read of it, and can be away."""

    def __init__(self, clock: SetClock) -> None:
        super().__init__(clock)
        self.read_of: list[str] = []
        self.asked: list[str] = []
        self.away = False

    async def size(self, sha256: str) -> int | None:
        if self.away:
            raise StoreTrouble("the store cannot be reached")
        return await super().size(sha256)

    async def identity(self, sha256: str) -> BlobIdentity | None:
        if self.away:
            raise StoreTrouble("the store cannot be reached")
        self.asked.append(sha256)
        return await super().identity(sha256)

    async def read(
        self, sha256: str, start: int = 0, stop: int | None = None, identity: BlobIdentity | None = None
    ) -> AsyncGenerator[bytes, None]:
        if self.away:
            raise StoreTrouble("the store cannot be reached")
        self.read_of.append(sha256)
        async for piece in super().read(sha256, start, stop, identity):
            yield piece


class CachedCase(TestCase):
    """A cache of 100 kB."""

    def setUp(self) -> None:
        self.clock = SetClock(1_000_000.0)
        self.far = FarStore(self.clock)
        self.folder = scratch(self) / "cache"
        self.store = self.opened()

    def opened(self, bound: int = 100_000) -> CachedStore:
        self.cache = Cache(self.folder, bound, deferToThread, self.clock, coarse=0)
        store = CachedStore(self.far, self.cache, deferToThread, self.clock)
        store.open()
        return store

    def files(self) -> dict[str, int]:
        return {path.name: path.stat().st_size for path in self.folder.rglob("*") if path.is_file()}


class CachedStoreTests(StoreContract, CachedCase):
    """It is a :class:`reqpi.core.interfaces.Store`."""


class CacheTests(CachedCase):
    """The content of the cache, and how long it is kept."""

    async def test_a_blob_is_read_from_afar_once(self) -> None:
        """Ranges too, once all of it is here."""
        data = os.urandom(50_000)
        name = await kept(self.far, data)
        for _ in range(3):
            self.assertEqual(b"".join(await gathered(self.store.read(name))), data)
        self.assertEqual(b"".join(await gathered(self.store.read(name, 100, 200))), data[100:200])
        self.assertEqual(self.far.read_of, [name])

    async def test_a_client_does_not_wait_for_the_disk(self) -> None:
        """A copy is hashed before it is used, and may be lost."""
        name = await kept(self.far, os.urandom(50_000))
        synced: list[int] = []
        self.patch(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_mode))
        await gathered(self.store.read(name))
        self.assertEqual(self.files(), {name: 50_000})
        self.assertEqual([mode for mode in synced if S_ISREG(mode)], [])

    async def test_a_part_is_not_kept(self) -> None:
        """Neither a range, nor what a client left in the middle."""
        name = await kept(self.far, os.urandom(2 << 20))
        await gathered(self.store.read(name, 0, 100))
        await gathered(self.store.read(name, 100))
        pieces = self.store.read(name)
        await anext(pieces)
        await pieces.aclose()
        self.assertEqual(self.files(), {})

    async def test_what_is_read_by_its_length_is_kept(self) -> None:
        """Serving always says where it ends."""
        name = await kept(self.far, b"bytes")
        await gathered(self.store.read(name, 0, 5))
        self.assertEqual(self.files(), {name: 5})

    async def test_wrong_bytes_are_not_kept(self) -> None:
        """They are verified on the way in."""
        name = await kept(self.far, b"bytes")
        self.far._blobs[name] = b"wrong"
        await gathered(self.store.read(name))
        self.assertEqual(self.files(), {})

    async def test_the_least_recently_used_go(self) -> None:
        """Down to the bound and a little below; what was read again stays."""
        names = []
        for _ in range(12):
            self.clock.now += 1
            names.append(await kept(self.far, os.urandom(8_000)))
            await gathered(self.store.read(names[-1]))
        self.clock.now += 1
        await gathered(self.store.read(names[0]))
        for _ in range(3):
            self.clock.now += 1
            names.append(await kept(self.far, os.urandom(8_000)))
            await gathered(self.store.read(names[-1]))
        held = self.files()
        self.assertLessEqual(sum(held.values()), 100_000 + 5_000)
        self.assertIn(names[0], held)
        self.assertIn(names[-1], held)
        self.assertNotIn(names[1], held)

    async def test_one_that_is_opened_smaller_is_made_smaller(self) -> None:
        name = await kept(self.far, os.urandom(50_000))
        await gathered(self.store.read(name))
        self.opened(1000)
        self.assertEqual(self.files(), {})

    async def test_it_serves_while_the_store_is_away(self) -> None:
        """It serves its content; for everything else, the error of the store is raised."""
        name, other = await kept(self.far, b"bytes"), await kept(self.far, b"other")
        await gathered(self.store.read(name))
        self.far.away = True
        self.assertEqual(await self.store.size(name), 5)
        self.assertEqual(await gathered(self.store.read(name)), [b"bytes"])
        with self.assertRaises(StoreTrouble):
            await self.store.size(other)

    async def test_a_copy_is_no_proof(self) -> None:
        """A blob that the store lacks is missing although a copy exists: other replicas would not have it."""
        name = await kept(self.far, b"bytes")
        await gathered(self.store.read(name))
        await self.far.remove(name, self.clock.now)
        self.assertIsNone(await self.store.size(name))

    async def test_a_damaged_copy_goes_alone(self) -> None:
        """The store's own is right."""
        name = await kept(self.far, b"bytes")
        await gathered(self.store.read(name))
        next(path for path in self.folder.rglob(name)).write_bytes(b"wrong")
        self.assertEqual(await gathered(self.store.read(name)), [b"wrong"])
        self.assertTrue(await self.store.repair(name))
        self.assertEqual(await gathered(self.store.read(name)), [b"bytes"])

    async def test_two_that_read_at_once_fill_it_once(self) -> None:
        """Each gets all of it."""
        data = os.urandom(3 << 20)
        name = await kept(self.far, data)
        store = self.opened(10 << 20)
        one, two = store.read(name), store.read(name)
        firsts = [await anext(one), await anext(two)]
        for first, rest in zip(firsts, (two, one), strict=True):
            self.assertEqual(first + b"".join(await gathered(rest)), data)
        self.assertEqual(list(self.files()), [name])

    async def test_a_full_disk_is_no_trouble(self) -> None:
        """Nothing is cached then."""
        name = await kept(self.far, b"bytes")

        async def full(_: str) -> None:
            raise StoreTrouble("the store is full")

        self.patch(self.cache, "claim", full)
        self.assertEqual(await gathered(self.store.read(name)), [b"bytes"])

    async def test_a_cache_in_trouble_is_no_trouble(self) -> None:
        """A blob that it cannot read comes from the store; clients do not notice that a use cannot be recorded."""
        name = await kept(self.far, b"bytes")
        await gathered(self.store.read(name))

        async def trouble(*_: object) -> None:
            raise StoreTrouble("the store cannot be written")

        self.patch(self.cache, "touch", trouble)
        self.assertEqual(await gathered(self.store.read(name)), [b"bytes"])
        copy = next(path for path in self.folder.rglob(name))
        copy.unlink()
        copy.mkdir()
        self.assertEqual(await gathered(self.store.read(name)), [b"bytes"])
        self.assertEqual(self.far.read_of, [name, name])

    async def test_what_was_just_kept_is_adopted(self) -> None:
        """It is next to the cache, and costs a name."""
        store = DirectoryStore(self.folder.parent / "store", clock=self.clock, coarse=0)
        store.open()
        data = b"x" * 1000
        incoming = await store.begin()
        await incoming.write(data)
        from reqpi.storage.directory.temporary import Temporary

        temporary = Temporary(self.cache.incoming)
        temporary.write(data)
        self.cache.adopt(temporary, sha256(data).hexdigest())
        temporary.close()
        self.assertEqual(self.files(), {sha256(data).hexdigest(): 1000})
        await incoming.discard()

    def test_a_folder_of_others_is_refused(self) -> None:
        """Its content would be removed."""
        folder = self.folder.parent / "home"
        folder.mkdir()
        (folder / "letters").touch()
        with self.assertRaisesRegex(Misconfigured, "other files .letters."):
            Cache(folder, 1000, deferToThread).open()


class SendingTests(CachedCase):
    """What is asked of the store before a blob is sent."""

    async def test_a_small_blob_is_read_and_nothing_else(self) -> None:
        """And nothing at all for a minute; then the store is asked whether it is there."""
        name = await kept(self.far, os.urandom(50_000))
        identity = await self.store.identity_to_send(name, 50_000)
        self.assertEqual((self.far.read_of, self.far.asked), ([name], []))
        for _ in range(3):
            self.assertEqual(await self.store.identity_to_send(name, 50_000), identity)
        self.assertEqual((self.far.read_of, self.far.asked), ([name], []))
        self.clock.now += 60
        self.assertEqual(await self.store.identity_to_send(name, 50_000), identity)
        self.assertEqual((self.far.read_of, self.far.asked), ([name], [name]))

    async def test_a_blob_that_is_gone_is_missed_after_a_minute(self) -> None:
        """Another process removed it."""
        name = await kept(self.far, b"bytes")
        await self.store.identity_to_send(name, 5)
        await self.far.repair(name)
        self.clock.now += 60
        self.assertIsNone(await self.store.identity_to_send(name, 5))
        self.assertIsNone(await self.store.identity_to_send(name, None))

    async def test_a_blob_that_this_process_removes_is_missed_at_once(self) -> None:
        """The copy goes with it."""
        name = await kept(self.far, b"bytes")
        await self.store.identity_to_send(name, 5)
        self.assertTrue(await self.store.remove(name, self.clock.now + 1))
        self.assertIsNone(await self.store.identity_to_send(name, 5))

    async def test_clients_that_come_at_once_share_one_copy(self) -> None:
        """uv asks on many connections."""
        name = await kept(self.far, os.urandom(50_000))
        found = await gatherResults(
            [Deferred.fromCoroutine(self.store.identity_to_send(name, 50_000)) for _ in range(20)]
        )
        self.assertEqual((len(set(found)), self.far.read_of), (1, [name]))

    async def test_a_blob_that_is_larger_than_expected_is_not_copied(self) -> None:
        """A lock can say anything about a file that another one has stored."""
        name = await kept(self.far, bytes(6 << 20))
        self.assertEqual((await self.store.identity_to_send(name, 1)).size, 6 << 20)  # type: ignore[union-attr]
        self.assertEqual(self.files(), {})

    async def test_wrong_bytes_are_not_copied(self) -> None:
        """The identity is that of the store, where they are found to be wrong."""
        name = sha256(b"right").hexdigest()
        self.far._blobs[name], self.far._blob_used[name] = b"wrong", 0.0
        self.assertEqual(await self.store.identity_to_send(name, 5), await self.far.identity(name))
        self.assertEqual(self.files(), {})

    async def test_a_copy_is_sent_while_the_store_is_away(self) -> None:
        """What was not copied is an error, and not something that is not there."""
        name = await kept(self.far, b"bytes")
        other = await kept(self.far, b"other bytes")
        identity = await self.store.identity_to_send(name, 5)
        self.far.away = True
        self.clock.now += 60
        self.assertEqual(await self.store.identity_to_send(name, 5), identity)
        for size in (11, None):
            with self.assertRaises(StoreTrouble):
                await self.store.identity_to_send(other, size)

    async def test_it_is_used(self) -> None:
        """A sweep leaves it alone."""
        name = await kept(self.far, b"bytes")
        began = self.clock.now
        self.clock.now += 10
        await self.store.identity_to_send(name, 5)
        self.assertFalse(await self.store.remove(name, began))
