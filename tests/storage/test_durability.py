"""A write that has succeeded is on the disk."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from reqpi.storage.directory.store import DirectoryStore
from tests.contracts import kept
from tests.storage.inline import inline, run
from tests.storage.noting import note
from tests.storage.scratch import scratch


class DurabilityTests(SynchronousTestCase):
    """A loss of power takes nothing that was promised: first the bytes are synced, then named, then the name is."""

    def setUp(self) -> None:
        self.path = scratch(self) / "store"
        self.store = DirectoryStore(self.path, in_thread=inline)
        self.store.open()
        self.steps: list[str] = []
        note(self, self.steps, "fsync", lambda descriptor: "sync " + described(descriptor))
        note(self, self.steps, "link", lambda _, target: f"name {Path(target).name}")
        note(self, self.steps, "replace", lambda _, target: f"name {Path(target).name}")

    def test_a_blob_is_synced_then_named_then_its_folder_is_synced(self) -> None:
        """A folder that was made for it is synced too, in its own folder."""
        name = run(kept(self.store, b"bytes"))
        self.assertEqual(self.steps, ["sync file", f"name {name}", "sync sha256", f"name {name}", f"sync {name[:2]}"])

    def test_a_record_is_synced_then_named_then_its_folder_is_synced(self) -> None:
        """The same for create and for replace."""
        run(self.store.create("locks/a", b"value"))
        self.assertEqual(self.steps, ["sync file", "name a_", "sync records", "name a_", "sync locks"])
        self.steps.clear()
        run(self.store.replace("locks/a", b"value"))
        self.assertEqual(self.steps, ["sync file", "name a_", "sync locks"])

    def test_what_another_process_created_is_synced_before_it_is_relied_on(self) -> None:
        """It may have been named just before, by a process that had no time to sync the folder."""
        run(self.store.create("locks/a", b"value"))
        self.steps.clear()
        run(self.store.create("locks/a", b"other"))
        self.assertEqual(self.steps, ["sync locks"])


def described(descriptor: int) -> str:
    """The name of a folder that is open, or that it is a file."""
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):
        return Path(f"/proc/self/fd/{descriptor}").readlink().name
    return "file"
