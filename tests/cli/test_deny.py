"""The command line of ``reqpi deny``; its work is tested on two servers, in ``tests/end_to_end/test_denied.py``."""

from __future__ import annotations

from tests.cli.process import CommandTestCase


class UsageTests(CommandTestCase):
    """Words that do not say what is to be done."""

    def test_a_list_denies_and_revokes_nothing(self) -> None:
        for words in (
            ("--list", "--revoke"),
            ("six", "--list"),
            ("--revoke",),
            (),
            ("six",),
            ("six", "--revoke", "--because", "x"),
        ):
            status, out, err = self.run_reqpi("deny", *words, "--store", "store")
            self.assertEqual((status, out), (2, ""), words)
            self.assertIn("usage: reqpi deny", err)
        self.assertFalse((self.folder / "store").exists())
