"""A store whose records are sealed is a store, and the file with its keys is read with care."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import TestCase

from reqpi.core.errors import Misconfigured, StoreTrouble
from reqpi.shelf.records import KINDS, Owner
from reqpi.storage import sealed
from reqpi.storage.memory import MemoryStore
from reqpi.storage.sealed import SealedStore, read_keys
from tests.contracts import SetClock, StoreContract

KEY, OLD_KEY = b"0123456789abcdef" * 4, b"fedcba9876543210" * 4


class SealedStoreTests(StoreContract, TestCase):
    """:class:`SealedStore` is a :class:`reqpi.core.interfaces.Store`."""

    def setUp(self) -> None:
        self.clock = SetClock(1_000_000.0)
        self.behind = MemoryStore(self.clock)
        self.store = SealedStore(self.behind, (KEY,))

    async def test_locks_and_documents_stay_as_they_are(self) -> None:
        """Their names are their digests."""
        self.assertEqual(sealed._DIGESTED, ("locks/", "documents/"))
        digested = {kind.below() for kind in KINDS if kind.owner in (Owner.NONE, Owner.LISTING)} - {"times/"}
        digested -= {"histories/", "drift/", "surveys/"}  # of what was observed, which no digest covers
        self.assertEqual(digested, set(sealed._DIGESTED))
        await self.store.create("locks/a", b"six==1.0\n")
        self.assertEqual(await self.behind.get("locks/a"), b"six==1.0\n")

    async def test_a_key_that_was_replaced_is_still_believed(self) -> None:
        """It is in the file, behind the new one."""
        await SealedStore(self.behind, (OLD_KEY,)).replace("told/a", b"value")
        self.assertEqual(await SealedStore(self.behind, (KEY, OLD_KEY)).get("told/a"), b"value")
        self.assertIsNone(await self.store.get("told/a"))

    async def test_a_server_without_a_key_reads_what_others_sealed(self) -> None:
        """It checks nothing, and takes no seal for a part of the record."""
        await self.store.replace("told/a", b"value")
        self.assertEqual(await SealedStore(self.behind).get("told/a"), b"value")

    async def test_nothing_is_written_without_a_key_where_others_seal(self) -> None:
        """They would not believe it. Locks need no seal, and what is there is read."""
        await self.store.create("frozen/a/six", b"a page")
        without = SealedStore(self.behind)
        self.assertEqual(await without.create("frozen/a/six", b"another page"), b"a page")
        for writing in (without.create("frozen/a/idna", b"x"), without.replace("told/a", b"x"), without.check_key()):
            with self.assertRaises(StoreTrouble) as raised:
                await writing
            self.assertIn("--record-key FILE", raised.exception.detail)
        await without.create("locks/a", b"six==1.0\n")
        self.assertEqual(sorted([name async for name in self.behind.names("frozen/")]), ["frozen/a/six"])

    async def test_a_store_without_seals_needs_no_key(self) -> None:
        """Neither an empty one, nor one whose records have none."""
        behind = MemoryStore(self.clock)
        for name in ("frozen/a/six", "frozen/a/idna"):
            store = SealedStore(behind)
            await store.check_key()
            self.assertEqual(await store.create(name, b"a page"), b"a page")


class KeyFileTests(TestCase):
    """One key a line."""

    def file(self, content: bytes, mode: int = 0o600) -> Path:
        path = Path(self.mktemp())
        path.write_bytes(content)
        path.chmod(mode)
        return path

    def test_keys_are_lines(self) -> None:
        """Comments and empty lines are none."""
        self.assertEqual(read_keys(self.file(b"# new\n" + KEY + b"\n\n# old\n" + OLD_KEY)), (KEY, OLD_KEY))
        self.assertEqual(read_keys(None), ())

    def test_a_file_that_cannot_be_used_is_refused(self) -> None:
        """The message says why."""
        for content, mode, problem in (
            (KEY, 0o640, "other users"),
            (b"# nothing\n", 0o600, "no key"),
            (KEY + b"\nshort\n", 0o600, "key 2 has 5 bytes"),
        ):
            error = self.assertRaises(Misconfigured, read_keys, self.file(content, mode))
            self.assertIn(problem, str(error))
        self.assertRaises(Misconfigured, read_keys, Path(self.mktemp()))
