"""``reqpi token``: the file of tokens, edited."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

from reqpi.core.access.token_file import read_tokens
from reqpi.core.access.tokens import Tokens
from tests.cli.process import CommandTestCase


class TokenTests(CommandTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.file = self.folder / "tokens"
        self.environ["REQPI_TOKENS"] = str(self.file)

    def test_a_new_token_is_printed_once_and_the_file_has_its_digest(self) -> None:
        status, out, _ = self.run_reqpi("token", "new", "ci", "--project", "Foo.Bar", "--days", "3")
        self.assertEqual(status, 0)
        data = self.file.read_bytes()
        self.assertNotIn(out.strip().encode(), data)
        found = Tokens(read_tokens(data)).find(out.strip(), time.time())
        assert found is not None
        self.assertEqual((found.name, found.projects), ("ci", {"foo-bar"}))
        self.assertEqual(self.file.stat().st_mode & 0o777, 0o600)

    def test_options_and_arguments_may_stand_in_any_order(self) -> None:
        orders = (
            ("new", "--tokens", str(self.file), "a"),
            ("--tokens", str(self.file), "new", "--scope", "read", "b"),
            ("new", "c", "--days", "3"),
        )
        for words in orders:
            self.assertEqual(self.run_reqpi("token", *words)[0], 0, words)
        self.assertEqual([token.name for token in read_tokens(self.file.read_bytes())], ["a", "b", "c"])

    def test_list_shows_everything_except_digests(self) -> None:
        self.run_reqpi("token", "new", "ci", "--scope", "read", "--upstream", "corp")
        status, out, err = self.run_reqpi("token", "list")
        self.assertEqual((status, out, err), (0, "ci read upstreams=corp\n", ""))
        [shown] = json.loads(self.run_reqpi("token", "list", "--json")[1])
        self.assertEqual((shown["scopes"], shown["upstreams"]), (["read"], ["corp"]))
        self.assertNotIn(self.file.read_text().split()[1], out)

    def test_revoke_removes_one_token_and_keeps_a_group_that_may_read(self) -> None:
        for name in ("one", "two"):
            self.run_reqpi("token", "new", name)
        self.file.chmod(0o644)
        self.assertEqual(self.run_reqpi("token", "revoke", "one"), (0, "", ""))
        self.assertEqual([token.name for token in read_tokens(self.file.read_bytes())], ["two"])
        self.assertEqual(self.file.stat().st_mode & 0o777, 0o640)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["requirements.txt", "tokens"])

    def test_a_link_stays_a_link(self) -> None:
        link = self.folder / "link"
        link.symlink_to("tokens")
        self.assertEqual(self.run_reqpi("token", "new", "ci", "--tokens", "link")[0], 0)
        self.assertTrue(link.is_symlink())
        self.assertEqual(len(read_tokens(self.file.read_bytes())), 1)

    def test_processes_that_edit_together_lose_nothing(self) -> None:
        processes = [self.start("token", "new", f"t{number}", stdout=subprocess.DEVNULL) for number in range(4)]
        for process in processes:
            process.communicate(timeout=120)
        self.assertEqual({token.name for token in read_tokens(self.file.read_bytes())}, {"t0", "t1", "t2", "t3"})

    def test_what_cannot_be_done_is_one_line_and_changes_nothing(self) -> None:
        self.file.write_text("# mine\nci nonsense\n")
        for words, said in {
            ("new", "x"): f"reqpi: {self.file}: line 2: write NAME sha256:HEX SCOPES",
            ("list",): "line 2",
            ("new", "BAD"): "reqpi: 'BAD' is not a name",
            ("new", "x", "--tokens", "no/such"): "no/such cannot be written: No such file or directory",
            ("list", "--tokens", "no"): "no cannot be read: No such file or directory",
        }.items():
            status, out, err = self.run_reqpi("token", *words)
            self.assertEqual((status, out), (2, ""), words)
            self.assertIn(said, err)
            self.assertEqual(len([line for line in err.splitlines() if "remark" not in line]), 1, err)
        self.assertEqual(self.file.read_text(), "# mine\nci nonsense\n")

    def test_usage_is_checked(self) -> None:
        for words in (
            ("new",),
            ("list", "x"),
            ("revoke", "x", "--days", "1"),
            ("new", "x", "--days", "0"),
            ("new", "x", "--scope", "root"),
        ):
            status, out, err = self.run_reqpi("token", *words)
            self.assertEqual((status, out), (2, ""), words)
            self.assertNotIn("Traceback", err)
        del self.environ["REQPI_TOKENS"]
        self.assertIn("REQPI_TOKENS", self.run_reqpi("token", "list")[2])
        self.assertFalse(Path(self.file).exists())
