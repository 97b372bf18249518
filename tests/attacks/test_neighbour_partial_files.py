"""A user of the same machine who prepares a partial file: it does not become ours, and none of ours is written to."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from stat import S_ISREG

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from reqpi.cli.folders.wheelhouse_folder import write
from reqpi.client.fetching import fetch
from reqpi.client.listed_file import ListedFile
from tests.attacks.case import ServerCase
from tests.client.case import ClientTestCase

CONTENT = b"a wheel of six"
NAME = "six-1.0-py3-none-any.whl"
DIGEST = sha256(CONTENT).hexdigest()
NEIGHBOUR = 54321


class PartOfAnArchiveTests(SynchronousTestCase):
    """An archive is written next to its final name."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        (self.folder / "requirements.txt").write_bytes(b"")
        self.own = self.folder / "own.txt"
        self.own.write_bytes(b"a file of the user")
        self.part = self.folder / ".bundle.tar.part"

    def write(self) -> None:
        """Write an archive, and check that it is a new file, and that the user's own file is as it was."""
        write(self.folder, [], [], [], self.folder / "bundle.tar")
        found = (self.folder / "bundle.tar").lstat()
        self.assertEqual((S_ISREG(found.st_mode), found.st_uid, found.st_nlink), (True, os.geteuid(), 1))
        self.assertEqual(self.own.read_bytes(), b"a file of the user")

    def test_a_symbolic_link_is_replaced(self) -> None:
        """The neighbour tries to have a file of the user overwritten."""
        self.part.symlink_to(self.own)
        self.write()

    def test_a_hard_link_is_replaced(self) -> None:
        """The neighbour tries the same with a second name of the file."""
        self.part.hardlink_to(self.own)
        self.write()

    def test_a_file_of_another_user_is_replaced(self) -> None:
        """The neighbour tries to own the archive, to change it later."""
        self.part.write_bytes(b"theirs")
        try:
            os.chown(self.part, NEIGHBOUR, -1)
        except PermissionError:
            raise SkipTest("only root can give a file to another user") from None
        self.write()


class ReceivedArchiveTests(ServerCase):
    """The archive of a server arrives next to its final name, and is written again there."""

    def test_links_are_replaced(self) -> None:
        """The neighbour tries to have a file of the user overwritten, at either of the two paths."""
        own = self.folder / "own.txt"
        own.write_bytes(b"a file of the user")
        for name in (".a.tar.part", ".a.tar.new"):
            (self.folder / name).symlink_to(own)
        status, err = self.reqpi(*self.command("wheelhouse"))
        self.assertEqual(status, 0, err)
        self.assertEqual(own.read_bytes(), b"a file of the user")
        self.assertEqual(self.left(), {"a.tar", "own.txt"})
        self.assertFalse((self.folder / "a.tar").is_symlink())


class PartialFileTests(ClientTestCase):
    """The folder is shared, such as one below /tmp."""

    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.part = self.folder / f".{DIGEST}.part"
        self.own = self.folder / "own.txt"
        self.own.write_bytes(b"a file of the user")
        self.server.says(f"/{'a' * 64}/simple/six/{NAME}", 200, CONTENT)

    def fetch(self) -> None:
        """Fetch the file, and check that it is a new one of this user's, and that the user's own file is as it was."""
        fetch(self.server.url, "a" * 64, [ListedFile("six", NAME, DIGEST, len(CONTENT))], self.folder)
        fetched = self.folder / NAME
        found = fetched.lstat()
        self.assertEqual((fetched.read_bytes(), found.st_uid, found.st_nlink), (CONTENT, os.geteuid(), 1))
        self.assertFalse(fetched.is_symlink())
        self.assertEqual(self.own.read_bytes(), b"a file of the user")

    def test_a_file_of_another_user_is_not_continued(self) -> None:
        """The neighbour tries to own the file after its digest has been verified, to change it then."""
        self.part.write_bytes(CONTENT[:5])
        self.part.chmod(0o666)
        try:
            os.chown(self.part, NEIGHBOUR, -1)
        except PermissionError:
            raise SkipTest("only root can give a file to another user") from None
        with self.part.open("rb") as theirs:
            self.fetch()
            self.assertEqual(theirs.read(), CONTENT[:5])

    def test_a_symbolic_link_is_replaced(self) -> None:
        """The neighbour tries to have the download written into a file of the user."""
        self.part.symlink_to(self.own)
        self.fetch()

    def test_a_symbolic_link_to_nowhere_is_replaced(self) -> None:
        """The neighbour tries to have a file created where the user may write."""
        self.part.symlink_to(self.folder / "created")
        self.fetch()
        self.assertFalse((self.folder / "created").exists())

    def test_a_hard_link_is_replaced(self) -> None:
        """The neighbour tries to have the download appended to a file of the user."""
        self.part.hardlink_to(self.own)
        self.fetch()

    def test_a_pipe_is_replaced(self) -> None:
        """The neighbour tries to block the client."""
        os.mkfifo(self.part)
        self.fetch()

    def test_a_part_of_our_own_is_continued(self) -> None:
        """No attack: a download was interrupted."""
        self.part.write_bytes(CONTENT[:5])
        self.fetch()
        self.assertEqual(self.server.seen[-1].headers["Range"], "bytes=5-")
