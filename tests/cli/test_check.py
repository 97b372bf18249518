"""``reqpi check``: the same reading, with no server."""

from __future__ import annotations

from reqpi.commitment import address_of
from tests.cli.process import DOCUMENT, CommandTestCase


class CheckTests(CommandTestCase):
    """One line for a good lock; every defect of a broken one."""

    def test_a_good_lock(self) -> None:
        """How many pins, and which address."""
        expected = f"requirements.txt: 1 pin, address {address_of(DOCUMENT)}\n"
        self.assertEqual(self.run_reqpi("check", "requirements.txt"), (0, expected, ""))

    def test_standard_input(self) -> None:
        """It has a name in messages."""
        document = "six==1.17.0\nattrs==25.1.0\n"
        expected = f"<stdin>: 2 pins, address {address_of(document.encode())}\n"
        self.assertEqual(self.run_reqpi("check", "-", given=document), (0, expected, ""))

    def test_a_broken_lock(self) -> None:
        """Each defect with its line, and nothing on stdout."""
        self.lock.write_text("six==1.17.0\nattrs>=25\n\nidna\n")
        status, out, err = self.run_reqpi("check", "requirements.txt")
        self.assertEqual((status, out), (1, ""))
        self.assertRegex(err, r"(?m)^requirements\.txt:2: .*: attrs>=25$")
        self.assertRegex(err, r"(?m)^requirements\.txt:4: .*: idna$")
        self.assertTrue(err.endswith("requirements.txt: 2 defects\n"))

    def test_a_warning(self) -> None:
        """It is told, and stops nothing."""
        self.lock.write_text("--pre\nsix==1.17.0\n")
        status, out, err = self.run_reqpi("check", "requirements.txt")
        self.assertEqual((status, out.split(",")[0]), (0, "requirements.txt: 1 pin"))
        self.assertRegex(err, r"^requirements\.txt:1: warning: .*: --pre\n$")

    def test_each_file_can_be_a_lock_by_itself(self) -> None:
        """What is wrong with one keeps nobody from hearing of the others; the worst status counts."""
        (self.folder / "sub").mkdir()
        (self.folder / "sub" / "good.txt").write_text("six==1.16.0\n")
        (self.folder / "bad.txt").write_text("six\n")
        status, out, err = self.run_reqpi("check", "--each", "bad.txt", "sub/good.txt", "requirements.txt")
        self.assertEqual(status, 1)
        self.assertIn("bad.txt:1: ", err)
        self.assertRegex(out, r"^sub/good\.txt: 1 pin, .*\nrequirements\.txt: 1 pin, .*\n$")
        status, _, err = self.run_reqpi("check", "--each", "missing.txt", "bad.txt")
        self.assertEqual(status, 2)
        self.assertIn("bad.txt:1: ", err)
