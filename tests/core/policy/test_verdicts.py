"""The verdicts of a policy about facts, as literals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.policy.facts import Fact, Release, facts_of_file, facts_of_release, gone
from reqpi.core.policy.model import PolicyAction, ReleasePolicy
from reqpi.core.policy.verdicts import Verdict, verdicts
from tests.distributions import a_file
from tests.policies import FLAWED, MALICIOUS, SIX, KnownAdvisory, ListedAdvisories, a_policy

NOW = datetime(2026, 11, 29, tzinfo=UTC)
ADVISORIES = ListedAdvisories(MALICIOUS, FLAWED, KnownAdvisory("RUSTSEC-2026-4", Release("crate:serde", "1.0.0")))


def said(policy: ReleasePolicy, *facts: Fact, now: datetime = NOW) -> list[tuple[str, str]]:
    return [(str(each.action), each.cause) for each in verdicts(policy, facts, now)]


class RuleTests(SynchronousTestCase):
    def test_an_advisory_counts_under_its_rule(self) -> None:
        facts = tuple(facts_of_release(ADVISORIES, SIX))
        self.assertEqual(said(a_policy(), *facts), [("warn", "MAL-2026-1")])
        both = [("deny", "MAL-2026-1"), ("warn", "PYSEC-2026-2")]
        self.assertEqual(said(a_policy("malware", "vulnerable=warn"), *facts), both)
        self.assertEqual(said(a_policy("malware=off"), *facts), [])
        self.assertEqual([each.text for each in verdicts(a_policy(), facts, NOW)], ["MAL-2026-1: it is bad"])

    def test_a_crate_is_looked_up_in_its_own_ecosystem(self) -> None:
        facts = facts_of_release(ADVISORIES, Release("crate:serde", "1.0.0"))
        self.assertEqual(said(a_policy("vulnerable"), *facts), [("deny", "RUSTSEC-2026-4")])
        self.assertEqual(list(facts_of_release(ADVISORIES, Release("serde", "1.0.0"))), [])

    def test_yanked_and_gone(self) -> None:
        yanked = [*facts_of_file(a_file("six-1.0.tar.gz", yanked="wrong licence"))]
        facts = (*yanked, gone(SIX, "its index has no such release"))
        self.assertEqual(said(a_policy(), *facts), [])
        self.assertEqual(said(a_policy("yanked", "gone=warn"), *facts), [("deny", "yanked"), ("warn", "gone")])
        (verdict, _) = verdicts(a_policy("yanked", "gone=warn"), facts, NOW)
        self.assertEqual(verdict.text, "six-1.0.tar.gz was yanked: wrong licence")


class AgeTests(SynchronousTestCase):
    def of(self, uploaded: str | None, now: datetime = NOW, **options: Any) -> tuple[Verdict, ...]:
        facts = facts_of_file(a_file("six-1.0.tar.gz", upload_time=uploaded))
        return verdicts(a_policy(min_age="7d", **options), facts, now)

    def test_a_file_is_young_until_its_time_has_come(self) -> None:
        (verdict,) = self.of("2026-11-28T10:00:00Z")
        self.assertEqual((verdict.action, verdict.cause), (PolicyAction.DENY, "min-age 7d"))
        self.assertEqual(verdict.until, datetime(2026, 12, 5, 10, tzinfo=UTC))
        expected = "six-1.0.tar.gz was uploaded on 2026-11-28T10:00:00Z, and is 7d old on 2026-12-05T10:00:00Z"
        self.assertEqual(verdict.text, expected)
        self.assertEqual(self.of("2026-11-28T10:00:00Z", NOW + timedelta(days=6, hours=10)), ())

    def test_an_unknown_time_gives_no_verdict(self) -> None:
        for uploaded in (None, "soon", "9999-12-31T23:59:59Z"):
            self.assertEqual(len(self.of(uploaded)), int(uploaded is not None and uploaded[0] == "9"), uploaded)

    def test_a_time_without_a_zone_is_in_utc(self) -> None:
        self.assertEqual(len(self.of("2026-11-28T10:00:00")), 1)


class AttestationTests(SynchronousTestCase):
    TEXT = "[[require-attestations]]\nproject = 'six'\npublisher = { kind = 'GitHub', repository = 'acme/six' }\n"

    def of(self, *publishers: dict[str, str], project: str = "six") -> list[str]:
        facts = facts_of_file(a_file(f"{project}-1.0.tar.gz", project=project), publishers)
        return [cause for _, cause in said(a_policy(text=self.TEXT), *facts)]

    def test_a_file_needs_an_attestation_of_the_publisher(self) -> None:
        cause = "require-attestations GitHub acme/six"
        own = {"kind": "GitHub", "repository": "acme/six", "workflow": "release.yml"}
        self.assertEqual(self.of(own), [])
        self.assertEqual(self.of(own | {"repository": "evil/six"}), [cause])
        self.assertEqual(self.of(own | {"kind": "GitLab"}), [cause])
        self.assertEqual(self.of(), [cause])
        self.assertEqual(self.of(project="lib"), [])

    def test_nothing_is_said_where_attestations_were_not_looked_at(self) -> None:
        self.assertEqual(said(a_policy(text=self.TEXT), *facts_of_file(a_file("six-1.0.tar.gz"))), [])


class ExceptionTests(SynchronousTestCase):
    def of(self, keys: str, now: datetime = NOW) -> list[tuple[str, str]]:
        text = f"[[exception]]\nreason = 'known'\nexpires = 2026-12-31\n{keys}\n"
        policy = a_policy("malware", "vulnerable", "yanked", text=text)
        return said(policy, *facts_of_release(ADVISORIES, SIX), now=now)

    def test_an_exception_is_for_a_project_an_advisory_or_a_rule_of_a_project(self) -> None:
        malicious, flawed = ("deny", "MAL-2026-1"), ("deny", "PYSEC-2026-2")
        self.assertEqual(self.of("project = 'six'"), [])
        self.assertEqual(self.of("project = 's*'"), [])
        self.assertEqual(self.of("project = 'lib'"), [malicious, flawed])
        self.assertEqual(self.of("project = 'six'\nversion = '1.0.0'"), [])
        self.assertEqual(self.of("project = 'six'\nversion = '1.1'"), [malicious, flawed])
        self.assertEqual(self.of("advisory = 'cve-2026-3'"), [malicious])
        self.assertEqual(self.of("project = 'six'\nadvisory = 'MAL-2026-1'"), [flawed])
        self.assertEqual(self.of("project = 'six'\nrule = 'vulnerable'"), [malicious])

    def test_an_expired_exception_does_not_count_and_is_named(self) -> None:
        later = datetime(2027, 1, 1, tzinfo=UTC)
        self.assertEqual(self.of("project = 'six'", later - timedelta(seconds=1)), [])
        self.assertEqual(len(self.of("project = 'six'", later)), 2)
        text = "\n[[exception]]\nproject = 'six'\nreason = 'known'\nexpires = 2026-12-31\n"
        (verdict, *_) = verdicts(a_policy("malware", text=text), facts_of_release(ADVISORIES, SIX), later)
        expected = "MAL-2026-1: it is bad (the exception in line 2 of the policy expired on 2027-01-01T00:00:00Z)"
        self.assertEqual(verdict.in_words, expected)
