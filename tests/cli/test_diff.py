"""``reqpi diff``: a project a line, and a status for scripts."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tests.attacks.lying_server import LyingServer
from tests.cli.process import CommandTestCase
from tests.core.locks.cargo_table import B, lock, package

OLD, NEW = b"six==1.0\n", b"six==2.0\nzoe==1.0\n"


class DiffAdvisoriesTests(CommandTestCase):
    """Of a lock in the folder and an address of a server with advisories."""

    def setUp(self) -> None:
        super().setUp()
        (self.folder / "old.txt").write_bytes(OLD)
        files = {"six-2.0.tar.gz": b"six", "zoe-1.0.tar.gz": b"zoe"}
        self.lying = LyingServer(NEW, files)
        self.addCleanup(self.lying.close)
        self.osv = f"/{self.lying.address}/osv/v1/querybatch"

    def diff(self, *options: str) -> tuple[int, str, str]:
        return self.run_reqpi("diff", "old.txt", f"{self.lying.url}/{self.lying.address}/", *options)

    def advise(self, *ids: Sequence[str], **more: str) -> None:
        """Say which advisories there are about six 1.0, six 2.0 and zoe 1.0."""
        results = [{"vulns": [{"id": each} for each in one]} | more for one in ids]
        self.lying.says(self.osv, 200, {"results": results})

    def test_a_server_without_advisories_says_nothing_about_them(self) -> None:
        self.assertEqual(self.diff(), (6, "~ six 1.0 -> 2.0\n+ zoe 1.0\n", ""))

    def test_advisories_are_fixed_brought_and_still_there(self) -> None:
        self.advise(["A-1", "A-3"], ["A-2", "A-3"], ["MAL-1"])
        said = "~ six 1.0 -> 2.0\n    fixes: A-1\n    brings: A-2\n    still has: A-3\n+ zoe 1.0\n    brings: MAL-1\n"
        self.assertEqual(self.diff(), (6, said, ""))
        asked = json.loads(self.lying.seen[-1].body)["queries"]
        self.assertEqual([each["version"] for each in asked], ["1.0", "2.0", "1.0"])
        _, out, _ = self.diff("--json")
        expected = [{"fixed": ["A-1"], "new": ["A-2"], "both": ["A-3"]}, {"fixed": [], "new": ["MAL-1"], "both": []}]
        self.assertEqual([each["advisories"] for each in json.loads(out)], expected)

    def test_an_answer_that_is_not_about_each_release_is_no_good_news(self) -> None:
        """Nor is one whose next page never ends."""
        self.advise(["A-1"])
        self.assertEqual(self.diff()[:2], (3, ""))
        self.lying.says(self.osv, 200, b"[" * 100_000)
        self.assertEqual(self.diff()[:2], (3, ""))
        self.advise([], [], [], next_page_token="after:A")
        self.assertEqual(self.diff()[:2], (3, ""))


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
