"""``reqpi diff``: a project a line, and a status for scripts."""

from __future__ import annotations

import json

from tests.cli.process import CommandTestCase
from tests.core.locks.cargo_table import B, lock, package


class DiffTests(CommandTestCase):
    """Of two locks in the folder."""

    def diff(self, before: str, after: str, *options: str) -> tuple[int, str, str]:
        (self.folder / "old.txt").write_text(before)
        (self.folder / "new.txt").write_text(after)
        return self.run_reqpi("diff", "old.txt", "new.txt", *options)

    def test_what_differs(self) -> None:
        answer = self.diff("six==1\nidna==3\n", "six==2\nattrs==1\n")
        self.assertEqual(answer, (6, "+ attrs 1\n- idna 3\n~ six 1 -> 2\n", ""))

    def test_nothing_differs(self) -> None:
        """Neither order nor comments count."""
        self.assertEqual(self.diff("six==1\nidna==3\n", "idna==3  # first\nSIX==1\n"), (0, "", ""))

    def test_crates(self) -> None:
        """Of a Cargo.lock: added, another version, the same version with another digest."""
        before = lock(package("one"), package("two", "1.0.0"))
        after = lock(package("one", checksum=B), package("two", "2.0.0"), package("three"))
        answer = self.diff(before.decode(), after.decode())
        said = "* cargo:one 1.0.0: other files\n+ cargo:three 1.0.0\n~ cargo:two 1.0.0 -> 2.0.0\n"
        self.assertEqual(answer, (6, said, ""))

    def test_json(self) -> None:
        status, out, _ = self.diff("six==1\n", "six==2\n", "--json")
        expected = [{"project": "six", "kind": "version", "before": ["1"], "after": ["2"]}]
        self.assertEqual((status, json.loads(out)), (6, expected))

    def test_a_lock_with_defects(self) -> None:
        status, out, err = self.diff("six==1\n", "six>=2\n")
        self.assertEqual((status, out), (1, ""))
        self.assertIn("new.txt:1: six has a range", err)

    def test_a_lock_beside_an_sbom(self) -> None:
        bill = {"bomFormat": "CycloneDX", "components": [{"name": "six", "version": "2"}]}
        (self.folder / "bill.json").write_text(json.dumps(bill))
        (self.folder / "old.txt").write_text("six==1\n")
        self.assertEqual(self.run_reqpi("diff", "old.txt", "bill.json"), (6, "~ six 1 -> 2\n", ""))

    def test_what_cannot_be_read(self) -> None:
        (self.folder / "bill.json").write_text("{}")
        for what in ("bill.json", "nothing.json", "nothing.txt", "http://127.0.0.1:1/abc"):
            status, out, err = self.run_reqpi("diff", "requirements.txt", what)
            self.assertEqual((status, out), (2, ""), what)
            self.assertTrue(err.startswith("reqpi: "), err)
