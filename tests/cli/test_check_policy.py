"""``reqpi check --policy``: the verdict of a server before the commit."""

from __future__ import annotations

import json

from tests.advisories import a_document, a_package, an_export
from tests.cli.process import CommandTestCase


class CheckPolicyTests(CommandTestCase):
    def setUp(self) -> None:
        super().setUp()
        affected = a_package("six", versions=["1.17.0"])
        (self.folder / "osv.zip").write_bytes(an_export([a_document("MAL-2026-1", affected)]))
        self.policy = self.folder / "policy.toml"
        self.lock.write_text("# a lock\nsix==1.17.0\n")

    def check(self, policy: str, *words: str) -> tuple[int, str, str]:
        self.policy.write_text(policy)
        advisories = ("--policy", "policy.toml", "--advisories", "osv.zip")
        return self.run_reqpi("check", *advisories, *words, "requirements.txt")

    def test_what_is_denied_is_a_defect_with_its_line(self) -> None:
        status, out, err = self.check('[refuse]\nmalware = "deny"\n')
        self.assertEqual((status, out), (1, ""))
        expected = (
            "requirements.txt:2: the policy denies six 1.17.0: MAL-2026-1: The summary of MAL-2026-1: six==1.17.0"
        )
        self.assertIn(expected, err)
        self.assertIn("write an exception", err)
        status, out, _ = self.check('[refuse]\nmalware = "deny"\n', "--json")
        self.assertEqual((status, json.loads(out)["defects"][0]["rule"]), (1, "policy"))

    def test_what_is_warned_about_stops_nothing(self) -> None:
        status, _, err = self.check("")
        self.assertEqual(status, 0)
        self.assertIn("requirements.txt:2: warning: the policy warns about six 1.17.0: MAL-2026-1", err)

    def test_an_expired_exception_is_named_and_one_that_holds_counts(self) -> None:
        text = '[refuse]\nmalware = "deny"\n[[exception]]\nadvisory = "MAL-2026-1"\nreason = "known"\nexpires = {}\n'
        self.assertEqual(self.check(text.format("2999-01-01"))[0], 0)
        status, _, err = self.check(text.format("2020-01-01"))
        self.assertEqual(status, 1)
        self.assertIn("the exception in line 3 of the policy expired on 2020-01-02T00:00:00Z", err)

    def test_what_only_a_server_can_decide_is_named(self) -> None:
        status, _, err = self.check('[refuse]\nmalware = "off"\nyanked = "deny"\n[min-age]\nage = "7d"\n')
        self.assertEqual(status, 0)
        self.assertIn("note: Only a server can decide about yanked, min-age", err)

    def test_a_policy_with_defects_is_a_usage_error_with_all_of_them(self) -> None:
        status, _, err = self.check("[refuse]\nmalware = 1\nvirus = 2\n")
        self.assertEqual(status, 2)
        self.assertIn("line 2: malware: 1 is not an action", err)
        self.assertIn("line 3: there is no 'virus'", err)

    def test_advisories_need_a_policy(self) -> None:
        status, _, err = self.run_reqpi("check", "--advisories", "osv.zip", "requirements.txt")
        self.assertEqual(status, 2)
        self.assertIn("--policy FILE", err)
