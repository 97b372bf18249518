"""A store that counts what is stored keeps the contract, whether there is room or not."""

from __future__ import annotations

from twisted.trial.unittest import TestCase

from reqpi.core.errors import StoreFull
from reqpi.shelf.room.store_room import StoreRoom
from reqpi.storage.counted import CountedStore
from reqpi.storage.memory import MemoryStore
from tests.contracts import SetClock, StoreContract
from tests.contracts.case import kept


class CountedStoreTests(StoreContract, TestCase):
    """:class:`CountedStore` is a :class:`reqpi.core.interfaces.Store`."""

    async def setUp(self) -> None:
        from twisted.internet import reactor

        self.clock = SetClock(1_000_000.0)
        self.behind = MemoryStore(self.clock)
        self.room = StoreRoom(self.behind, reactor, "one", 1 << 30)  # type: ignore[arg-type]
        self.store = CountedStore(self.behind, self.room)
        self.store.open()

    async def tearDown(self) -> None:
        await self.store.close()
        self.assertEqual(self.room.whole.in_flight, 0)

    async def test_bytes_count_once_they_are_written_and_no_longer_once_they_are_gone(self) -> None:
        incoming = await self.store.begin()
        await incoming.write(b"12345")
        self.assertEqual(self.room.whole.used, 5)
        await incoming.discard()
        self.assertEqual(self.room.whole.used, 0)
        sha256 = await kept(self.store, b"123")
        await kept(self.store, b"123")  # it is there already
        self.assertEqual(self.room.whole.used, 3)
        self.assertTrue(await self.store.remove(sha256, self.clock() + 1))
        self.assertEqual(self.room.whole.used, 0)

    async def test_without_room_nothing_new_is_stored(self) -> None:
        sha256 = await kept(self.store, b"123")
        await self.store.create("locks/a", b"a lock")
        full = CountedStore(self.behind, StoreRoom(self.behind, None, "two", 4))  # type: ignore[arg-type]
        incoming = await full.begin()
        with self.assertRaises(StoreFull):
            await incoming.expect(5)
        with self.assertRaises(StoreFull):
            await incoming.write(b"12345")
        await incoming.discard()
        with self.assertRaises(StoreFull):
            await full.create("locks/b", b"a lock")
        self.assertEqual(await full.create("locks/a", b"another"), b"a lock")
        await full.replace("locks/a", b"a lock")
        self.assertEqual(b"".join([piece async for piece in full.read(sha256)]), b"123")
