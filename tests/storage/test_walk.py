"""A walk over a large store takes little memory and few descriptors."""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from reqpi.storage.directory.walk import files_below
from tests.storage.scratch import scratch


class WalkTests(SynchronousTestCase):
    """Files are found at any depth, as they are asked for."""

    def setUp(self) -> None:
        self.folder = scratch(self)

    def test_files_at_every_depth_are_found(self) -> None:
        """Folders are not among them, and empty ones do not matter."""
        for name in ("a", "b/c", "b/d/e", "f/g/h/i"):
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        (self.folder / "empty" / "deeper").mkdir(parents=True)
        self.assertEqual(sorted(files_below(self.folder)), [("a",), ("b", "c"), ("b", "d", "e"), ("f", "g", "h", "i")])

    def test_a_folder_that_is_not_there_has_no_files(self) -> None:
        """Nothing was ever written below it."""
        self.assertEqual(list(files_below(self.folder / "absent")), [])

    def test_links_are_not_followed(self) -> None:
        """They lead neither out of the store nor in a cycle."""
        (self.folder / "circle").symlink_to(self.folder, target_is_directory=True)
        self.assertEqual(list(files_below(self.folder)), [("circle",)])

    def test_folders_may_go_meanwhile(self) -> None:
        """A folder that is gone when the walk reaches it has no files."""
        for name in ("a", "b", "c"):
            (self.folder / name).mkdir()
            (self.folder / name / "file").touch()
        walk = files_below(self.folder)
        first, *_ = next(walk)
        for name in {"a", "b", "c"} - {first}:
            (self.folder / name / "file").unlink()
            (self.folder / name).rmdir()
        self.assertEqual(list(walk), [])

    def test_descriptors_do_not_grow_with_the_folders(self) -> None:
        """One a level, however many folders there are."""
        if not Path("/proc/self/fd").is_dir():
            self.skipTest("the operating system does not list open descriptors")
        for number in range(300):
            (self.folder / str(number)).mkdir()
            (self.folder / str(number) / "file").touch()
        before = len(os.listdir("/proc/self/fd"))
        most = max(len(os.listdir("/proc/self/fd")) for _ in files_below(self.folder))
        self.assertLessEqual(most, before + 2)
