"""Several processes share one directory."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from reqpi.storage.directory.store import DirectoryStore
from tests.contracts import gathered
from tests.storage.child import started_apart
from tests.storage.inline import inline, run
from tests.storage.scratch import scratch
from tests.storage.sharing import BLOB, NAME


class SharingTests(SynchronousTestCase):
    """Atomic operations are atomic among real processes."""

    def setUp(self) -> None:
        self.folder = scratch(self)
        self.path = self.folder / "store"

    def start(self, work: str, *args: object) -> subprocess.Popen[str]:
        """A process that has opened the store and waits to be released."""
        process = started_apart(f"tests.storage.sharing:{work}", self.path, *args)
        self.addCleanup(process.wait, 240)
        self.addCleanup(process.kill)
        assert process.stdout is not None
        self.assertEqual(process.stdout.readline(), "ready\n")
        return process

    def results(self, *processes: subprocess.Popen[str]) -> list[str]:
        """Return their output, after releasing them at the same time."""
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        return [self.result(process) for process in processes]

    def result(self, process: subprocess.Popen[str]) -> str:
        """Return its output, once it has ended successfully."""
        output, _ = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 0)
        return output

    def test_of_many_that_create_the_same_record_one_wins(self) -> None:
        """All of them get the same value, and it is the one that is stored."""
        values = ["1" * 10, "2" * 100_000, "3" * 10]
        told = [json.loads(each) for each in self.results(*(self.start("create_many", v, 60) for v in values))]
        self.assertEqual(told[0], told[1])
        self.assertEqual(told[0], told[2])
        self.assertLessEqual(set(told[0]), set(values))
        store = DirectoryStore(self.path, in_thread=inline)
        self.assertEqual([run(store.get(f"locks/{n}/a")) for n in range(60)], [value.encode() for value in told[0]])

    def test_a_folder_that_keeps_changing_disturbs_no_one(self) -> None:
        """One deletes the last record of a folder, and so the folder, while another creates a record in it."""
        processes = [self.start("delete_and_create", value, 150) for value in ("a", "b")]
        self.assertEqual(self.results(*processes), ["done\n"] * 2)
        self.assertEqual(list((self.path / "records").iterdir()), [])

    def test_a_temporary_in_use_is_never_cleaned_up(self) -> None:
        """One process opens the store while another is in the midst of writing."""
        writer = self.start("hold_a_temporary")
        store = DirectoryStore(self.path, in_thread=inline)
        store.open()
        self.assertEqual(len(list((self.path / "incoming").iterdir())), 1)
        self.assertEqual(self.results(writer), ["kept\n"])
        self.assertEqual(run(gathered(store.read(NAME))), [BLOB])

    def test_a_temporary_of_a_killed_process_is_cleaned_up(self) -> None:
        """The next to open the store removes it."""
        writer = self.start("hold_a_temporary")
        writer.kill()
        writer.communicate()
        self.assertEqual(len(list((self.path / "incoming").iterdir())), 1)
        DirectoryStore(self.path, in_thread=inline).open()
        self.assertEqual(list((self.path / "incoming").iterdir()), [])

    def test_no_sweep_takes_a_blob_that_is_wanted_again(self) -> None:
        """Once it was kept or touched and is seen to be there, it stays, however close the sweep was."""
        stop = Path(self.folder, "stop")
        wanter, sweeper = self.start("want", 400), self.start("sweep", stop)
        assert wanter.stdin is not None
        assert sweeper.stdin is not None
        for process in (sweeper, wanter):
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        lost, came_back = json.loads(self.result(wanter))
        stop.touch()
        removed = int(self.result(sweeper))
        self.assertEqual(lost, 0)
        # They did meet: otherwise the test has shown nothing.
        self.assertGreater(removed, 10)
        self.assertGreater(came_back, 0)
