"""A mounted backup or a snapshot is served as it is."""

from __future__ import annotations

import os
from hashlib import sha256

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import Misconfigured, StoreTrouble
from reqpi.storage.directory.snapshot import SnapshotStore
from reqpi.storage.directory.store import DirectoryStore
from tests.contracts import gathered, kept
from tests.storage.inline import inline, run
from tests.storage.scratch import scratch

NOBODY = 65534


class SnapshotTests(SynchronousTestCase):
    """A store with a blob and a record, that this user cannot write."""

    def setUp(self) -> None:
        self.path = scratch(self) / "store"
        store = DirectoryStore(self.path, in_thread=inline)
        store.open()
        self.blob = run(kept(store, b"bytes"))
        run(store.create("locks/a", b"value"))

    def mount(self) -> SnapshotStore:
        """Take the permission to write from everyone, as a read-only mount does, and open the store."""
        (self.path / "incoming").rmdir()  # the documented backup has none
        for path in (self.path, *self.path.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
            self.addCleanup(path.chmod, 0o755)
        if os.geteuid() == 0:  # nothing is closed to root
            self.path.parent.chmod(0o755)
            os.seteuid(NOBODY)
            self.addCleanup(os.seteuid, 0)
        store = SnapshotStore(self.path, in_thread=inline)
        store.open()
        return store

    def test_everything_in_it_can_be_read_and_counts_as_used(self) -> None:
        store = self.mount()
        self.assertEqual(run(gathered(store.read(self.blob))), [b"bytes"])
        self.assertEqual(run(store.get("locks/a")), b"value")
        self.assertEqual((run(store.use("locks/a")), run(store.use("locks/b"))), (True, False))
        run(store.touch(self.blob, sha256(b"others").hexdigest()))
        self.assertEqual(run(store.create("locks/a", b"other")), b"value")
        self.assertIsNone(run(store.follow("name")))

    def test_nothing_is_added(self) -> None:
        """The error says so; writing what is there already is none."""
        store = self.mount()
        run(store.replace("locks/a", b"value"))
        for writing in (
            store.begin(),
            store.claim("name"),
            store.create("locks/b", b""),
            store.replace("locks/a", b""),
        ):
            trouble = self.assertRaises(StoreTrouble, run, writing)
            self.assertIn("read-only", trouble.title)

    def test_it_is_an_ordinary_store_where_it_can_be_written(self) -> None:
        store = SnapshotStore(self.path, in_thread=inline)
        store.open()
        run(store.create("locks/b", b"new"))
        self.assertEqual(run(kept(store, b"more")), sha256(b"more").hexdigest())

    def test_a_snapshot_of_a_newer_layout_is_refused(self) -> None:
        (self.path / "layout").write_text("2\n")
        self.assertIn("a newer ReqPI", str(self.assertRaises(Misconfigured, self.mount)))
