"""The store in an object store fulfils the contract and the further promises of its documentation."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SkipTest, SynchronousTestCase, TestCase

from reqpi.core.errors import Misconfigured, StoreTrouble
from reqpi.storage.objects import blobs as blobs_module
from reqpi.storage.objects.client import ObjectClient
from reqpi.storage.objects.connect import Connection
from reqpi.storage.objects.keys import LONGEST_KEY, record_key, removing_folder
from reqpi.storage.objects.reader import PIECE
from reqpi.storage.objects.store import ObjectStore
from tests.contracts import SetClock, StoreContract, gathered, incoming, kept
from tests.storage.inline import inline, run
from tests.storage.scratch import scratch


def in_memory() -> Callable[[], Connection]:
    """Connects to one and the same object store in this process, as often as it is called."""
    try:
        from obstore.store import MemoryStore
    except ImportError as error:
        raise SkipTest("obstore is not installed") from error
    client = MemoryStore()
    return lambda: Connection("memory://", client, client, client)


def keys(connect: Callable[[], Connection]) -> list[str]:
    """All keys that are there."""
    objects = ObjectClient(connect)
    objects.open()
    return sorted(
        each.key for folder in ("blobs", "records", "used", "removing", "probes") for each in objects.listed(folder)
    )


class ObjectStoreTests(StoreContract, TestCase):
    """:class:`ObjectStore` is a :class:`reqpi.core.interfaces.Store`."""

    def setUp(self) -> None:
        self.clock = SetClock(1_000_000.0)
        self.connect = in_memory()
        self.spool = scratch(self) / "spool"
        self.store = ObjectStore(self.connect, spool=self.spool, clock=self.clock, coarse=0)
        self.store.open()

    async def tearDown(self) -> None:
        await self.store.close()

    async def test_another_store_object_sees_the_same(self) -> None:
        """A write of one process is visible to the others at once."""
        other = ObjectStore(self.connect, spool=self.spool, clock=self.clock)
        other.open()
        name = await kept(self.store, b"bytes")
        await self.store.create("locks/a", b"value")
        self.assertEqual(await gathered(other.read(name)), [b"bytes"])
        self.assertEqual(await other.create("locks/a", b"other"), b"value")
        await other.close()

    async def test_strange_objects_are_not_listed(self) -> None:
        """Foreign objects are neither records nor blobs."""
        await self.store.create("a/b", b"")
        name = await kept(self.store, b"bytes")
        objects = ObjectClient(self.connect)
        objects.open()
        for key in ("records/a/notes", "records/a/Not_", "blobs/sha256/notes", f"blobs/sha256/zz/{name}"):
            objects.put(key, b"")
        self.assertEqual(await gathered(self.store.names("a/")), ["a/b"])
        self.assertEqual(await gathered(self.store.all()), [name])

    async def test_what_comes_and_goes_leaves_nothing_behind(self) -> None:
        """Neither markers nor words of removers, nor what was tried out at the start."""
        name = await kept(self.store, b"bytes")
        await self.store.create("locks/a", b"value")
        self.assertEqual(len(keys(self.connect)), 4)
        await self.store.touch(sha256(b"absent").hexdigest())
        await self.store.use("locks/absent")
        await self.store.remove(name, self.clock.now)
        await self.store.delete("locks/a")
        self.assertEqual(keys(self.connect), [])

    async def test_the_use_of_many_blobs_is_recorded_at_the_same_time(self) -> None:
        """A page names dozens of files; each asks the object store, and no request waits for all before it."""
        begun: list[Deferred[None]] = []

        async def later(_: Callable[..., Any], *__: Any) -> None:
            begun.append(Deferred())
            await begun[-1]

        store = ObjectStore(self.connect, spool=self.spool, clock=self.clock, in_thread=later)
        touching = Deferred.fromCoroutine(store.touch(*(sha256(b"%d" % number).hexdigest() for number in range(9))))
        self.assertGreater(len(begun), 1)
        while begun:
            begun.pop().callback(None)
        await touching

    async def test_a_blob_of_the_wrong_length_is_written_anew(self) -> None:
        """An object under a digest that is shorter than the blob does not count as the blob."""
        name = await kept(self.store, b"bytes")
        objects = ObjectClient(self.connect)
        objects.open()
        objects.put(f"blobs/sha256/{name[:2]}/{name}", b"byt")
        await kept(self.store, b"bytes")
        self.assertEqual(await gathered(self.store.read(name)), [b"bytes"])

    async def test_pieces_are_small(self) -> None:
        """A client that does not read occupies bounded memory."""
        pieces = await gathered(self.store.read(await kept(self.store, os.urandom(3 * PIECE + 5))))
        self.assertEqual([len(piece) for piece in pieces], [PIECE, PIECE, PIECE, 5])

    async def test_a_store_in_memory_makes_no_links(self) -> None:
        """There is no URL to redirect to."""
        self.assertIsNone(await self.store.link(await kept(self.store, b"bytes"), 60))
        await self.refused(ValueError, self.store.link("../etc/passwd", 60))

    async def test_a_blob_may_be_removed_while_it_is_kept(self) -> None:
        """It is put in place until it stays."""
        name = sha256(b"bytes").hexdigest()
        blob = await incoming(self.store, b"bytes")
        upload = ObjectClient.upload
        removals = [0, 0]

        def hindered(objects: ObjectClient, *args: Any) -> None:
            upload(objects, *args)
            if removals:
                removals.pop()
                objects.delete(f"blobs/sha256/{name[:2]}/{name}")

        self.patch(ObjectClient, "upload", hindered)
        await blob.keep(name)
        await blob.discard()
        self.assertEqual((removals, await gathered(self.store.read(name))), ([], [b"bytes"]))

    async def test_what_is_removed_again_and_again_is_trouble(self) -> None:
        """No one waits forever."""
        name = sha256(b"bytes").hexdigest()
        blob = await incoming(self.store, b"bytes")
        self.patch(ObjectClient, "upload", lambda *_: None)
        await self.refused(StoreTrouble, blob.keep(name))
        await blob.discard()

    async def test_many_that_create_the_same_record_agree(self) -> None:
        """One of them wins."""
        stood: list[bytes] = []
        together = threading.Barrier(8)

        def create(value: bytes) -> None:
            store = ObjectStore(self.connect, spool=self.spool, in_thread=inline)
            store.open()
            together.wait(240)
            stood.append(run(store.create("locks/a", value)))

        threads = [threading.Thread(target=create, args=(b"%d" % number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(240)
        self.assertEqual(stood, [await self.store.get("locks/a")] * 8)


class SpoolTests(SynchronousTestCase):
    """Blobs grow in a folder of this machine."""

    def setUp(self) -> None:
        self.connect = in_memory()
        self.spool = scratch(self) / "a" / "spool"

    def store(self) -> ObjectStore:
        return ObjectStore(self.connect, spool=self.spool, in_thread=inline)

    def test_it_is_private(self) -> None:
        """Other users must not read growing files."""
        self.store().open()
        self.assertEqual(self.spool.stat().st_mode & 0o777, 0o700)

    def test_what_is_abandoned_goes_at_the_next_start(self) -> None:
        """And what a process still holds stays."""
        store = self.store()
        store.open()
        blob = run(incoming(store, b"held"))
        (self.spool / "0123").write_bytes(b"abandoned")
        self.store().open()
        self.assertEqual([path.read_bytes() for path in self.spool.iterdir()], [b"held"])
        run(blob.discard())
        self.assertEqual(list(self.spool.iterdir()), [])

    def test_it_has_to_be_a_folder(self) -> None:
        """The words are for the operator."""
        self.spool.parent.mkdir()
        self.spool.touch()
        refusal = self.assertRaises(Misconfigured, self.store().open)
        self.assertEqual(
            str(refusal), f"files cannot be spooled in {self.spool}: Not a directory: Name another folder."
        )

    def test_it_has_to_be_writable(self) -> None:
        """Found out at the start, and not with the first file."""
        self.spool.mkdir(parents=True)
        self.patch(os, "access", lambda path, mode: False)
        refusal = self.assertRaises(Misconfigured, self.store().open)
        self.assertIn(f"files cannot be spooled in {self.spool}: it cannot be written: User", str(refusal))


class DroppedTests(SynchronousTestCase):
    """Reads that are dropped leave nothing behind."""

    def test_a_dropped_read_lets_its_connection_go(self) -> None:
        """Nobody need close the generator, nor wait."""
        closed: list[object] = []
        close = blobs_module.ObjectReader.close
        self.patch(blobs_module.ObjectReader, "close", lambda reading: (closed.append(reading), close(reading)))
        store = ObjectStore(in_memory(), spool=scratch(self), in_thread=inline)
        store.open()
        pieces = store.read(run(kept(store, os.urandom(PIECE * 2))))
        run(anext(pieces))
        self.assertEqual(closed, [])
        del pieces
        gc.collect()
        self.assertEqual(len(closed), 1)


class KeysTests(SynchronousTestCase):
    """The keys that the store uses."""

    def test_no_key_is_longer_than_said(self) -> None:
        """A prefix that is short enough stays short enough, whatever the record."""
        parts = ("a" * 201 + "/") * 4
        for name in ("a" * 900, (parts + "a" * 900)[:900], "a/" * 449 + "aa"):
            self.assertLessEqual(len(removing_folder(record_key(name))) + len("/4102444800.01234567"), LONGEST_KEY)
