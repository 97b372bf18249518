"""The moments that two processes rarely meet in, brought about on purpose.

A lock belongs to an open file and not to a process, so that here two stores of one process stand for two processes.
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from reqpi.storage.directory import temporary, usage
from reqpi.storage.directory.store import DirectoryStore
from reqpi.storage.directory.temporary import Temporary, remove_abandoned
from tests.contracts import SetClock, gathered, kept
from tests.storage.inline import inline, run
from tests.storage.scratch import scratch

PATIENCE = 0.2
"""Seconds that another thread gets to do what it must not be able to do yet; a broken program needs far less."""


class RaceCase(SynchronousTestCase):
    """Another process acts just before this one takes a step."""

    def before(self, module: ModuleType, name: str, act: Callable[[], None]) -> None:
        """Act before the next call of this function, and before no later one."""
        call = getattr(module, name)
        acts = [act]

        def late(*args: Any, **kwargs: Any) -> Any:
            if acts:
                acts.pop()()
            return call(*args, **kwargs)

        self.patch(module, name, late)


class RemovalRaceTests(RaceCase):
    """A blob is removed while another process says that it needs it."""

    def setUp(self) -> None:
        path = scratch(self) / "store"
        self.clock = SetClock(1_000_000.0)
        self.sweeper = DirectoryStore(path, in_thread=inline, clock=self.clock, coarse=0)
        self.other = DirectoryStore(path, in_thread=inline, clock=lambda: self.clock.now + 100, coarse=0)
        self.sweeper.open()
        self.name = run(kept(self.sweeper, b"bytes"))
        self.found: list[int | None] = []

    def meanwhile(self, act: Callable[[], None]) -> threading.Thread:
        """Let another process act just before the sweeper unlinks the blob."""
        thread = threading.Thread(target=act)

        def begin() -> None:
            thread.start()
            thread.join(PATIENCE)

        self.before(os, "unlink", begin)
        return thread

    def test_a_touch_during_a_removal_finds_no_blob(self) -> None:
        """It may not see a blob that is gone immediately afterwards."""

        def touch() -> None:
            run(self.other.touch(self.name))
            self.found.append(run(self.other.size(self.name)))

        thread = self.meanwhile(touch)
        self.assertTrue(run(self.sweeper.remove(self.name, self.clock.now)))
        thread.join(240)
        self.assertEqual(self.found, [None])

    def test_a_blob_kept_during_a_removal_is_there_afterwards(self) -> None:
        """A blob that existed when it was kept does not count, once it is removed."""
        thread = self.meanwhile(lambda: self.found.append(len(run(kept(self.other, b"bytes")))))
        self.assertTrue(run(self.sweeper.remove(self.name, self.clock.now)))
        thread.join(240)
        self.assertEqual(self.found, [64])
        self.assertEqual(run(gathered(self.other.read(self.name))), [b"bytes"])

    def test_a_touch_just_before_a_removal_holds_it_off(self) -> None:
        """It is seen, even after the sweeper has opened the blob."""
        self.before(usage, "flock", lambda: run(self.other.touch(self.name)))
        self.assertFalse(run(self.sweeper.remove(self.name, self.clock.now)))
        self.assertEqual(run(self.other.size(self.name)), 5)

    def test_a_blob_that_came_anew_is_not_taken_for_the_old_one(self) -> None:
        """Removed and kept again by others after the sweeper has opened it."""

        def renew() -> None:
            self.assertTrue(run(self.other.remove(self.name, self.clock.now)))
            run(kept(self.other, b"bytes"))

        self.before(usage, "flock", renew)
        self.assertFalse(run(self.sweeper.remove(self.name, self.clock.now)))
        self.assertEqual(run(gathered(self.other.read(self.name))), [b"bytes"])

    def test_a_sweep_does_not_wait_for_a_touch(self) -> None:
        """A blob that is locked is in use."""
        path = next(Path(self.sweeper._blobs).rglob(self.name))
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            self.assertFalse(run(self.sweeper.remove(self.name, self.clock.now)))
        self.assertTrue(run(self.sweeper.remove(self.name, self.clock.now)))


class BirthRaceTests(RaceCase):
    """A temporary looks abandoned between its creation and its lock."""

    def setUp(self) -> None:
        self.folder = scratch(self)

    def assert_usable(self, made: Temporary) -> None:
        """It is in its folder, and can be placed."""
        made.write(b"bytes")
        self.assertTrue(made.place(self.folder / "placed"))
        self.assertEqual((self.folder / "placed").read_bytes(), b"bytes")
        made.close()
        self.assertEqual([each.name for each in self.folder.iterdir()], ["placed"])

    def test_one_that_was_cleaned_up_at_birth_is_made_anew(self) -> None:
        """The writer notices once it has the lock."""
        self.before(temporary, "flock", lambda: remove_abandoned(self.folder))
        self.assert_usable(Temporary(self.folder))

    def test_one_that_is_being_cleaned_up_is_made_anew(self) -> None:
        """The writer does not get the lock."""
        locks: list[int] = []

        def lock() -> None:
            locks.append(os.open(next(self.folder.iterdir()), os.O_RDWR))
            fcntl.flock(locks[0], fcntl.LOCK_EX)

        self.before(temporary, "flock", lock)
        made = Temporary(self.folder)
        os.close(locks[0])
        self.assert_usable(made)


class FolderRaceTests(RaceCase):
    """A folder is removed while another process makes it."""

    def test_one_that_is_gone_again_is_no_error(self) -> None:
        """It was there when it was to be made, and not when it was looked at: a record is put in it all the same."""
        folder = scratch(self)
        store = DirectoryStore(folder / "store", in_thread=inline)
        store.open()
        mkdir, times = Path.mkdir, [0]

        def late(path: Path, *args: Any) -> None:
            if path.name == "shared" and not times[0]:
                times[0] += 1
                raise FileExistsError(errno.EEXIST, "it was there", str(path))
            mkdir(path, *args)

        self.patch(Path, "mkdir", late)
        self.assertEqual(run(store.create("locks/shared/a", b"value")), b"value")
        self.assertEqual(times, [1])
