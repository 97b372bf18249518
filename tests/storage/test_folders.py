"""Threads that wait for the disk to have the names in a folder share the waiting."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Semaphore, Thread

from twisted.trial.unittest import SynchronousTestCase

from reqpi.storage.directory import folders
from tests.storage.scratch import scratch


class SyncTests(SynchronousTestCase):
    """A sync that began before a name was there says nothing of it; one that began afterwards does."""

    def setUp(self) -> None:
        self.folder = scratch(self)
        self.began: list[Path] = []
        self.at_work, self.go_on = Semaphore(0), Event()
        self.failing = False
        self.patch(folders, "_sync", self.sync)
        self.arrived = Semaphore(0)
        next_one = folders._Syncs.next

        def arrive(syncs: folders._Syncs) -> int:
            number = next_one(syncs)
            self.arrived.release()
            return number

        self.patch(folders._Syncs, "next", arrive)

    def sync(self, folder: Path) -> None:
        self.began.append(folder)
        self.at_work.release()
        self.go_on.wait(240)
        if self.failing:
            raise OSError("no")

    def threads(self, count: int, errors: list[OSError] | None = None) -> list[Thread]:
        """So many that want it, all of which have come."""

        def want() -> None:
            try:
                folders.sync_folder(self.folder)
            except OSError as error:
                (errors if errors is not None else []).append(error)

        threads = [Thread(target=want) for _ in range(count)]
        for thread in threads:
            thread.start()
            self.arrived.acquire(timeout=240)
        return threads

    def end(self, threads: list[Thread]) -> None:
        self.go_on.set()
        for thread in threads:
            thread.join(240)
            self.assertFalse(thread.is_alive())

    def test_later_threads_share_the_next_one(self) -> None:
        """Not the one at work, which may have begun too early for them."""
        first = self.threads(1)
        self.at_work.acquire(timeout=240)
        self.end([*first, *self.threads(8)])
        self.assertEqual(len(self.began), 2)

    def test_who_comes_later_waits_for_one_of_its_own(self) -> None:
        for _ in range(3):
            self.end(self.threads(1))
        self.assertEqual(len(self.began), 3)

    def test_one_that_fails_is_not_shared(self) -> None:
        """Each then hears of a failure of its own."""
        self.failing = True
        errors: list[OSError] = []
        first = self.threads(1, errors)
        self.at_work.acquire(timeout=240)
        self.end([*first, *self.threads(3, errors)])
        self.assertEqual((len(self.began), len(errors)), (4, 4))

    def test_a_folder_without_syncs_is_forgotten(self) -> None:
        self.end(self.threads(1))
        self.assertNotIn(self.folder, folders._folders)
