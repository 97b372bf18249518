"""The store whose files are gone at the end keeps the contract, and keeps no file."""

from __future__ import annotations

from twisted.trial.unittest import TestCase

from reqpi.storage.directory.store import DirectoryStore
from reqpi.storage.passing import PassingStore, forget
from tests.contracts import SetClock, StoreContract, gathered, kept
from tests.storage.scratch import scratch


class PassingStoreTests(StoreContract, TestCase):
    """:class:`PassingStore` is a :class:`reqpi.core.interfaces.Store`."""

    async def setUp(self) -> None:
        self.clock = SetClock(1_000_000.0)
        self.folder = scratch(self)
        self.behind = DirectoryStore(self.folder / "store", clock=self.clock, coarse=0)
        self.store = PassingStore(self.behind, self.folder / "passing", clock=self.clock, coarse=0)
        self.store.open()

    async def tearDown(self) -> None:
        await self.store.close()

    async def test_records_stay_and_files_do_not(self) -> None:
        name = await kept(self.store, b"bytes")
        await self.store.create("a/b", b"value")
        self.assertEqual(await self.behind.get("a/b"), b"value")
        self.assertIsNone(await self.behind.size(name))
        forget(self.folder / "passing", name)
        self.assertIsNone(await self.store.size(name))

    async def test_a_file_of_the_store_behind_is_read_and_stays(self) -> None:
        name = await kept(self.behind, b"bytes")
        self.assertEqual(await self.store.size(name), 5)
        self.assertEqual(await gathered(self.store.read(name, 1, 3)), [b"yt"])
        self.assertEqual(await gathered(self.store.all()), [name])
        forget(self.folder / "passing", name)
        self.assertEqual(await self.behind.size(name), 5)
