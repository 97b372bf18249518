"""``reqpi deny``: its words, and a store whose servers have a key.

Its work is tested on two servers, in ``tests/end_to_end/test_denied.py``.
"""

from __future__ import annotations

from reqpi.core.decisions import DENY, Decision, dump_decision
from reqpi.shelf.records import decision_record
from reqpi.storage.sealed import SealedStore
from tests.cli.process import CommandTestCase
from tests.cli.test_verify_and_sweep import StoreCommandCase
from tests.storage.test_sealed import KEY


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


class SealedStoreTests(StoreCommandCase):
    async def fill(self) -> None:
        decision = Decision(DENY, "idna", "it was yanked", 1.0, "operator")
        await SealedStore(self.store, (KEY,)).create(decision_record("one"), dump_decision(decision))
        key = self.folder / "key"
        key.write_bytes(KEY)
        key.chmod(0o600)
        self.environ |= {"REQPI_STORE": str(self.path)}
        self.key = {"REQPI_RECORD_KEY": str(key)}

    def test_nothing_is_denied_without_the_key_of_the_servers(self) -> None:
        """They would not count it. The error names the option."""
        deny = ("deny", "six", "--because", "it mines coins")
        status, out, err = self.run_reqpi(*deny)
        self.assertEqual((status, out), (3, ""), err)
        self.assertIn("reqpi: the records of this store are sealed, and the key is not given", err)
        self.assertIn("add their --record-key FILE", err)
        self.assertEqual(self.run_reqpi("verify", environ=self.key)[0], 0)
        status, _, err = self.run_reqpi(*deny, environ=self.key)
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(self.run_reqpi("verify", environ=self.key)[0], 0)
