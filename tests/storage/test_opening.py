"""A directory is made a store, or refused in words for the operator."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import Misconfigured
from reqpi.storage.directory.store import DirectoryStore
from tests.contracts import gathered, kept
from tests.storage.inline import inline, run
from tests.storage.scratch import scratch


class OpeningCase(SynchronousTestCase):
    """A place for a store."""

    def setUp(self) -> None:
        self.folder = scratch(self)
        self.path = self.folder / "store"

    def open(self, path: Path | None = None) -> DirectoryStore:
        """The store there, opened."""
        store = DirectoryStore(path or self.path, in_thread=inline)
        store.open()
        return store

    def refusal(self, path: Path | None = None) -> str:
        """Return the message if it cannot be a store."""
        return str(self.assertRaises(Misconfigured, self.open, path))


class PrivacyTests(OpeningCase):
    """No other user of the host can read or write the content of a store."""

    def fill(self) -> None:
        """Open it, and write one of everything."""
        store = self.open(self.path / "deeper")
        run(kept(store, b"bytes"))
        run(store.create("locks/a", b"value"))
        run(store.replace("locks/b", b"value"))

    def assert_private(self) -> None:
        """Folders are 0700 and files 0600."""
        for path in (self.path, *self.path.rglob("*")):
            expected = 0o700 if path.is_dir() else 0o600
            self.assertEqual(oct(stat.S_IMODE(path.stat().st_mode)), oct(expected), path)

    def test_a_generous_umask_opens_nothing(self) -> None:
        """The umask of an old login shell."""
        self.addCleanup(os.umask, os.umask(0))
        self.fill()
        self.assert_private()

    def test_a_hostile_umask_closes_nothing_to_ourselves(self) -> None:
        """Not even 0777 leaves folders that cannot be entered."""
        self.addCleanup(os.umask, os.umask(0o777))
        self.fill()
        self.assert_private()

    def test_a_directory_that_is_there_keeps_its_mode(self) -> None:
        """Its mode is the operator's business; what is below is private."""
        self.path.mkdir(0o755)
        self.path.chmod(0o755)
        self.open()
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o755)
        self.assertEqual({stat.S_IMODE(each.stat().st_mode) for each in self.path.iterdir()}, {0o700, 0o600})


class OpeningTests(OpeningCase):
    """A suitable directory becomes a store, and any other is refused."""

    def test_nothing_is_there_before_it_is_opened(self) -> None:
        """A process may fork between making the store and opening it."""
        DirectoryStore(self.path, in_thread=inline)
        self.assertFalse(self.path.exists())

    def test_missing_folders_above_are_made(self) -> None:
        """A state directory need not be there."""
        path = self.path / "a" / "b"
        self.open(path)
        self.assertEqual(sorted(each.name for each in path.iterdir()), ["blobs", "incoming", "layout", "records"])
        self.assertEqual((path / "layout").read_text(), "1\n")

    def test_a_file_is_refused(self) -> None:
        """Named, with what to do; so is a file where a folder above should be."""
        self.path.write_text("mine")
        self.assertIn("is a file", self.refusal())
        self.assertIn(f"{self.path} is a file", self.refusal(self.path / "below"))
        self.assertEqual(self.path.read_text(), "mine")

    def test_a_directory_with_other_things_is_refused(self) -> None:
        """A home directory named by mistake is not filled with a store."""
        self.path.mkdir()
        (self.path / "thesis.tex").touch()
        self.assertIn("thesis.tex", self.refusal())
        self.assertEqual([each.name for each in self.path.iterdir()], ["thesis.tex"])

    def test_other_things_may_come_later(self) -> None:
        """A store stays a store when a user puts a note into it."""
        self.open()
        (self.path / "README").touch()
        self.open()

    def test_a_directory_that_cannot_be_written_is_refused(self) -> None:
        """The user who would need to write there is named."""
        if os.geteuid() == 0:
            # Nothing is closed to root, so the operating system's answer is played.
            self.patch(os, "access", lambda *_: False)
        else:
            self.path.mkdir(0o500)
        self.assertIn(f"User {os.geteuid()} ", self.refusal())

    def test_no_permission_above_is_refused(self) -> None:
        """The folder that is closed is named."""

        def closed(path: Path, mode: int = 0o777) -> None:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))

        self.patch(Path, "mkdir", closed)
        self.assertIn(f"no permission for {self.path}", self.refusal())

    def test_a_newer_layout_is_refused(self) -> None:
        """A store that this version would misread is not touched; both numbers are named."""
        self.open()
        (self.path / "layout").write_text("2\n")
        self.assertIn("layout 2; this one knows 1", self.refusal())

    def test_a_layout_that_is_no_number_is_refused(self) -> None:
        """Neither empty nor anything else."""
        self.open()
        for text in ("", "one", "1.0", "²"):
            (self.path / "layout").write_text(text)
            self.assertIn("no number", self.refusal())

    def test_a_file_system_without_hard_links_is_refused(self) -> None:
        """It could not put whole files in place atomically, so it is not even begun with."""

        def no_links(source: Path, target: Path) -> None:
            raise OSError(errno.EPERM, "Operation not permitted", str(source), None, str(target))

        self.patch(os, "link", no_links)
        self.assertIn("hard links", self.refusal())
        self.assertEqual(list((self.path / "incoming").iterdir()), [])

    def test_a_full_disk_is_opened_for_what_it_holds(self) -> None:
        """A server whose disk is full restarts and serves."""
        name = run(kept(self.open(), b"bytes"))
        create = os.open

        def full(path: Path, flags: int, mode: int = 0o777) -> int:
            if flags & os.O_CREAT:
                raise OSError(errno.ENOSPC, "No space left on device", str(path))
            return create(path, flags, mode)

        self.patch(os, "open", full)
        self.assertEqual(run(gathered(self.open().read(name))), [b"bytes"])
        self.assertIn("No space left", self.refusal(self.folder / "new"))

    def test_opening_twice_is_no_harm(self) -> None:
        """Two processes that open one store at the same time both have it."""
        first, second = self.open(), self.open()
        run(first.create("locks/a", b"value"))
        self.assertEqual(run(second.get("locks/a")), b"value")


class OwnerTests(OpeningCase):
    """Root does not fill the store of a service's user with files that this user cannot read."""

    def test_root_does_not_open_the_store_of_another_user(self) -> None:
        self.open()
        if os.geteuid() == 0:
            os.chown(self.path, 65534, 65534)
        else:
            self.patch(os, "geteuid", lambda: 0)  # root's answer is played for another user
        owner = self.path.stat().st_uid
        self.assertIn(f"it belongs to user {owner}", self.refusal())
        self.assertIn(f"--reuid={owner}", self.refusal())


class RestoredTests(OpeningCase):
    """A store that was restored without its layout file."""

    def test_it_is_not_stamped_anew(self) -> None:
        """A newer ReqPI may have written it."""
        run(self.open().create("locks/a", b"value"))
        (self.path / "layout").unlink()
        self.assertIn("its file `layout` is missing", self.refusal())
        self.assertIn(f"echo 1 > {self.path / 'layout'}", self.refusal())
        self.assertFalse((self.path / "layout").exists())

    def test_a_first_start_that_was_interrupted_is_completed(self) -> None:
        """There are folders, and nothing in them."""
        self.open()
        (self.path / "layout").unlink()
        self.open()
        self.assertEqual((self.path / "layout").read_text(), "1\n")
