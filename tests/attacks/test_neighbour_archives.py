"""A user of the same machine who prepares links next to the archive that ``reqpi wheelhouse --url`` writes."""

from __future__ import annotations

from tests.attacks.case import ServerCase


class LinkTests(ServerCase):
    """The archive from the server, and the one that is written from it."""

    def test_links_in_place_of_the_parts_are_replaced(self) -> None:
        """The neighbour tries to have a file of the user overwritten, by a symbolic and by a hard link."""
        own = self.folder / "own.txt"
        own.write_bytes(b"a file of the user")
        for name in (".a.tar.part", ".a.tar.new"):
            part = self.folder / name
            for link in (part.symlink_to, part.hardlink_to):
                link(own)
                status, err = self.reqpi(*self.command("wheelhouse"))
                self.assertEqual((status, own.read_bytes()), (0, b"a file of the user"), err)
                self.assertEqual(self.left(), {"a.tar", "own.txt"})
