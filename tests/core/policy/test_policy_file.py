"""The file of a policy: what it says, and every defect with its line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.policy.file import LARGEST, BadPolicy, read_policy
from reqpi.core.policy.model import MinAge, PolicyAction, PolicyException, ReleasePolicy, RequiredPublisher
from reqpi.core.policy.options import BadPolicyOption, read_min_age, read_refusals

WHOLE = b"""\
# The policy of the example.
[refuse]
malware = "deny"
vulnerable = "warn"

[min-age]
age = "7d"
action = "warn"

[[require-attestations]]
project = "Acme_*"
publisher = { kind = "GitHub", repository = "acme/core" }

[[exception]]
project = "Requests"
version = "2.31"
advisory = "ghsa-9wx4-h78v-vm56"
reason = "the session is never shared"
expires = 2027-01-31

[[exception]]
project = "crate:Serde_JSON"
rule = "min-age"
reason = "our own"
expires = 2027-01-31T12:00:00Z
"""


class PolicyFileTests(SynchronousTestCase):
    def defects(self, text: bytes) -> list[tuple[int, str]]:
        error = self.assertRaises(BadPolicy, read_policy, text)
        for defect in error.defects:
            self.assertTrue(defect.advice, defect)
        return [(defect.line, defect.problem) for defect in error.defects]

    def test_all_that_a_file_can_say(self) -> None:
        day = datetime(2027, 2, 1, tzinfo=UTC)
        exceptions = (
            PolicyException("the session is never shared", day, 14, "requests", "2.31", "GHSA-9WX4-H78V-VM56"),
            PolicyException("our own", day - timedelta(hours=12), 21, "crate:serde-json", rule="min-age"),
        )
        expected = ReleasePolicy(
            {"malware": PolicyAction.DENY, "vulnerable": PolicyAction.WARN},
            MinAge(timedelta(days=7), "7d", PolicyAction.WARN),
            (RequiredPublisher("acme-*", (("kind", "GitHub"), ("repository", "acme/core"))),),
            exceptions,
        )
        self.assertEqual(read_policy(WHOLE), expected)

    def test_an_empty_file_warns_about_malware_only(self) -> None:
        self.assertEqual(read_policy(b""), ReleasePolicy())
        self.assertEqual(ReleasePolicy().action("malware"), PolicyAction.WARN)
        self.assertEqual(ReleasePolicy().action("vulnerable"), PolicyAction.OFF)
        self.assertEqual(read_policy(b'[refuse]\nmalware = "off"\n').action("malware"), PolicyAction.OFF)

    def test_malware_is_also_vulnerable(self) -> None:
        self.assertEqual(read_policy(b'[refuse]\nvulnerable = "deny"\n').action("malware"), PolicyAction.DENY)

    def test_every_defect_has_its_line(self) -> None:
        text = b"""\
color = 1
[refuse]
malware = "yes"
virus = "deny"
[min-age]
age = "soon"
[[exception]]
reason = ""
[[exception]]
project = "a b"
version = 1
expires = "2027-01-31"
expire = 2
[[require-attestations]]
publisher = { repository = "acme/core" }
[other]
"""
        self.assertEqual(
            self.defects(text),
            [
                (1, "there is no 'color'"),
                (3, "malware: 'yes' is not an action"),
                (4, "there is no 'virus'"),
                (6, "age: 'soon' is not an age"),
                (7, "an exception is about everything"),
                (7, "an exception has no expires"),
                (8, "reason: it is not a text on one line"),
                (9, "an exception has no reason"),
                (10, "project: 'a b' names no project"),
                (11, "version: it is not a text on one line"),
                (12, "expires: 2027-01-31 is not a date"),
                (13, "there is no 'expire'"),
                (14, "no project is named"),
                (15, "publisher: it names no kind of publisher"),
                (16, "there is no 'other'"),
            ],
        )

    def test_a_file_of_another_form_is_one_defect(self) -> None:
        for text in (b"refuse = 1", b"exception = 1", b"min-age = '7d'", b"[[refuse]]", b"require-attestations = [1]"):
            self.assertEqual([line for line, _ in self.defects(text)], [1], text)

    def test_a_file_that_cannot_be_parsed_names_the_line(self) -> None:
        self.assertEqual(self.defects(b"[refuse]\nmalware = deny\n")[0][0], 2)
        self.assertEqual(self.defects(b"[refuse]\nmalware = '\xff'\n")[0][0], 2)

    def test_a_hostile_file_is_refused_at_once(self) -> None:
        nested = b"a = " + b"[" * 100_000
        for text in (b"#" * (LARGEST + 1), nested, b"a." * 50_000 + b"a = 1", b"a = " + b"1" * 500_000):
            self.assertTrue(self.defects(text))
        many = b'[[exception]]\nproject = "a"\nreason = "b"\nexpires = 2027-01-31\n' * 5_001
        self.assertEqual(self.defects(many)[0], (1, "there are more than 5000 of exception"))
        self.assertEqual(len(self.defects(b"".join(b"k%d = 1\n" % number for number in range(1000)))), 100)


class PolicyOptionTests(SynchronousTestCase):
    def test_a_rule_without_an_action_denies(self) -> None:
        expected = {"malware": PolicyAction.DENY, "yanked": PolicyAction.WARN, "gone": PolicyAction.OFF}
        self.assertEqual(read_refusals(["malware", "yanked=warn", "gone=off", "malware=deny"]), expected)

    def test_an_age_without_an_action_denies(self) -> None:
        self.assertEqual(read_min_age("7d"), MinAge(timedelta(days=7), "7d"))
        self.assertEqual(read_min_age("12h=warn"), MinAge(timedelta(hours=12), "12h", PolicyAction.WARN))

    def test_anything_else_says_what_to_write(self) -> None:
        for words in (["virus"], ["malware=yes"], ["malware="], ["malware", "malware=warn"]):
            self.assertIn("write", str(self.assertRaises(BadPolicyOption, read_refusals, words)))
        for word in ("", "7", "7x", "-7d", "0d", "7d=off", "7d=", "999999999w", "9" * 5000 + "d"):
            self.assertIn("write", str(self.assertRaises(BadPolicyOption, read_min_age, word)), word)
