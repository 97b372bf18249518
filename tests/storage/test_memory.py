"""The store in memory keeps the contract."""

from __future__ import annotations

from twisted.trial.unittest import TestCase

from reqpi.storage.memory import MemoryStore
from tests.contracts import SetClock, StoreContract


class MemoryStoreTests(StoreContract, TestCase):
    """:class:`MemoryStore` is a :class:`reqpi.core.interfaces.Store`."""

    async def setUp(self) -> None:
        self.clock = SetClock(1_000_000.0)
        self.store = MemoryStore(self.clock)
        self.store.open()

    async def tearDown(self) -> None:
        await self.store.close()
