"""The store in a directory keeps the contract."""

from __future__ import annotations

from twisted.trial.unittest import TestCase

from reqpi.storage.directory.store import DirectoryStore
from tests.contracts import SetClock, StoreContract, gathered, kept
from tests.storage.scratch import scratch


class DirectoryStoreTests(StoreContract, TestCase):
    """:class:`DirectoryStore` is a :class:`reqpi.core.interfaces.Store`."""

    async def setUp(self) -> None:
        self.clock = SetClock(1_000_000.0)
        self.path = scratch(self) / "store"
        self.store = DirectoryStore(self.path, clock=self.clock, coarse=0)
        self.store.open()

    async def tearDown(self) -> None:
        await self.store.close()

    async def test_another_store_object_of_the_same_directory_sees_the_same(self) -> None:
        """Anything that one process writes, the others read at once."""
        other = DirectoryStore(self.path, clock=self.clock, coarse=0)
        other.open()
        name = await kept(self.store, b"bytes")
        await self.store.create("locks/a", b"value")
        self.assertEqual(await gathered(other.read(name)), [b"bytes"])
        self.assertEqual(await other.create("locks/a", b"other"), b"value")
        await other.close()

    async def test_deleting_the_last_record_leaves_no_folders(self) -> None:
        """A million locks that were swept leave no million empty folders behind."""
        name = "locks/some/" + "long" * 100 + "/lock"
        await self.store.create(name, b"")
        await self.store.delete(name)
        self.assertEqual(list((self.path / "records").iterdir()), [])

    async def test_strange_files_are_not_listed(self) -> None:
        """Files of other programs are neither records nor blobs."""
        await self.store.create("a/b", b"")
        name = await kept(self.store, b"bytes")
        (self.path / "records" / "a" / ".DS_Store").touch()
        (self.path / "records" / "a" / "notes~").touch()
        (self.path / "records" / "a" / "Not a name_").touch()
        (self.path / "blobs" / "sha256" / "notes").touch()
        self.assertEqual(await gathered(self.store.names("a/")), ["a/b"])
        self.assertEqual(await gathered(self.store.all()), [name])
