"""The policy over HTTP: each rule at commit and for addresses that exist, and the deny list that it writes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from attrs import evolve, frozen

from reqpi.core.denials import read_denied
from reqpi.core.errors import HostUnreachable
from reqpi.core.model import File
from reqpi.core.policy.facts import Release
from reqpi.core.policy.model import ReleasePolicy
from reqpi.core.provenance.publishers import Publisher
from reqpi.shelf import denials
from reqpi.shelf.policy.enforcement import Enforcement, Evidence
from reqpi.shelf.policy.listed import ListedReleases
from reqpi.shelf.shelf import Shelf
from tests.distributions import a_file, a_page
from tests.policies import FLAWED, MALICIOUS, KnownAdvisory, ListedAdvisories, a_policy
from tests.web.case import CONTENTS, SDIST, WHEEL, WebCase
from tests.web.wire import Reply

NOW = datetime(2026, 11, 29, tzinfo=UTC).timestamp()
DAY = 86400.0
OTHER = KnownAdvisory("MAL-2026-9", Release("lib", "1.0"), malware=True)


def files(*, six: tuple[dict[str, Any], dict[str, Any]]) -> list[Any]:
    return [
        a_file(name, content, size=len(content), **fields)
        for (name, content), fields in zip(CONTENTS.items(), six, strict=True)
    ]


@frozen
class Change:
    """Something that became of six 1.0."""

    kind: str
    filename: str | None
    text: str
    project: str = "six"
    version: str = "1.0"


class PolicyCase(WebCase):
    """A server with a policy and a lock that pins six 1.0."""

    async def setUp(self) -> None:
        await super().setUp()
        self.clock.advance(NOW)
        self.enforcement = self.enforced(self.shelf)
        self.noted: list[tuple[str, str]] = []
        self.enforcement.note = lambda what, denial: self.noted.append((what, denial.what))

    def enforced(self, shelf: Shelf) -> Enforcement:
        enforcement = Enforcement(shelf.denials, self.clock, ListedReleases(self.upstream, self.clock))
        shelf.denials.gate = enforcement
        return enforcement

    def apply(self, policy: ReleasePolicy, *advisories: KnownAdvisory) -> None:
        self.enforcement.change(policy, Evidence(ListedAdvisories(*advisories)))

    def listed(self, six: dict[str, Any], wheel: dict[str, Any] | None = None) -> None:
        """Let the upstream say something about the sdist and the wheel of six."""
        self.upstream.offer(a_page(*files(six=(six, six if wheel is None else wheel))), *CONTENTS.values())

    async def commit(self, lock: bytes, status: int = 201) -> Any:
        reply = await self.ask("/locks", "POST", lock)
        self.assertEqual(reply.status, status, reply)
        return json.loads(reply.body)

    async def denied(self) -> list[tuple[str, str]]:
        return [(denial.what, denial.by) for denial in await self.shelf.denials.listed()]

    async def assert_denied(self, said: str, *paths: str) -> None:
        for path in paths or ("/simple/six/", f"/simple/six/{WHEEL}", f"/simple/six/{WHEEL}.metadata"):
            reply = await self.under(path)
            problem = self.assert_problem(reply, 410)
            self.assertEqual(problem["type"], "urn:reqpi:denied")
            self.assertIn(said, problem["detail"], path)
            self.assertIn("is denied: ", reply.reason, path)

    async def assert_served(self, *paths: str) -> None:
        for path in paths or ("/simple/six/", f"/simple/six/{WHEEL}"):
            self.assertEqual((await self.under(path)).status, 200, path)


class CommitTests(PolicyCase):
    async def test_what_is_denied_is_a_defect_at_its_line_with_the_id(self) -> None:
        self.apply(a_policy("malware"), MALICIOUS, OTHER)
        problem = await self.commit(b"# a lock\nsix == 1.0\nlib == 1.0\n", 422)
        defects = [(each["line"], each["rule"], each["problem"]) for each in problem["defects"]]
        expected = [
            (2, "policy", "the policy denies six 1.0: MAL-2026-1: it is bad"),
            (3, "policy", "the policy denies lib 1.0: MAL-2026-9: it is bad"),
        ]
        self.assertEqual(defects, expected)
        self.assertTrue(all(each["advice"] for each in problem["defects"]))

    async def test_what_is_warned_about_is_a_warning_of_the_answer(self) -> None:
        self.apply(a_policy(), MALICIOUS, FLAWED)
        (warning,) = [w for w in (await self.commit(b"six == 1.0\n"))["warnings"] if "policy" in w["message"]]
        self.assertEqual(warning["message"], "the policy warns about six 1.0: MAL-2026-1: it is bad")
        self.assertEqual(warning["line"], 1)

    async def test_a_yanked_file_is_a_defect_with_its_reason(self) -> None:
        self.listed({"yanked": "wrong licence"}, {})
        self.apply(a_policy("yanked"))
        (defect,) = (await self.commit(b"six == 1.0\n", 422))["defects"]
        self.assertIn(f"{SDIST} was yanked: wrong licence", defect["problem"])

    async def test_a_release_that_no_index_has_is_gone(self) -> None:
        self.apply(a_policy("gone"))
        problems = [each["problem"] for each in (await self.commit(b"six == 3.0\nlib == 1.0\n", 422))["defects"]]
        self.assertEqual(len(problems), 2)
        for name, problem in zip(("six 3.0", "lib 1.0"), sorted(problems, reverse=True), strict=True):
            self.assertIn(f"the policy denies {name}: gone: ", problem)

    async def test_a_young_release_is_a_defect_with_the_time_of_its_upload(self) -> None:
        self.listed({"upload_time": "2020-01-01T00:00:00Z"}, {"upload_time": "2026-11-28T10:00:00Z"})
        self.apply(a_policy(min_age="7d"))
        (defect,) = (await self.commit(b"six == 1.0\n", 422))["defects"]
        expected = f"{WHEEL} was uploaded on 2026-11-28T10:00:00Z, and is 7d old on 2026-12-05T10:00:00Z"
        self.assertIn(expected, defect["problem"])
        self.apply(a_policy(min_age="7d", text="[[exception]]\nproject='six'\nreason='ours'\nexpires=2027-01-01\n"))
        await self.commit(b"six == 1.0\n", 201)

    async def test_the_lock_s_own_upload_times_count_where_no_index_is_asked(self) -> None:
        self.shelf.denials.gate = self.enforcement = Enforcement(
            self.shelf.denials, self.clock, ListedReleases(None, self.clock)
        )
        self.apply(a_policy(min_age="7d"))
        digest = "0" * 64
        lock = (
            'lock-version = "1.0"\ncreated-by = "test"\n[[packages]]\nname = "six"\nversion = "1.0"\n'
            f'wheels = [{{ name = "{WHEEL}", url = "https://files.example/{WHEEL}", '
            f'upload-time = 2026-11-28T10:00:00Z, hashes = {{ sha256 = "{digest}" }} }}]\n'
        )
        (defect,) = (await self.commit(lock.encode(), 422))["defects"]
        self.assertIn("a file of six 1.0 was uploaded on 2026-11-28T10:00:00Z", defect["problem"])
        self.assertEqual(defect["line"], 3)

    async def test_an_index_that_does_not_answer_is_named_in_a_warning(self) -> None:
        async def fail() -> None:
            raise HostUnreachable("it does not answer")

        self.upstream.before["six"] = fail
        self.apply(a_policy(min_age="7d"))
        messages = [each["message"] for each in (await self.commit(b"six == 1.0\n"))["warnings"]]
        self.assertTrue(any("did not say in time" in each and "six" in each for each in messages), messages)

    async def test_an_expired_exception_is_named_in_the_defect(self) -> None:
        text = "[[exception]]\nadvisory='MAL-2026-1'\nreason='known'\nexpires=2026-11-01\n"
        self.apply(a_policy("malware", text=text), MALICIOUS)
        (defect,) = (await self.commit(b"six == 1.0\n", 422))["defects"]
        self.assertIn("the exception in line 1 of the policy expired on 2026-11-02T00:00:00Z", defect["problem"])


class ServedTests(PolicyCase):
    async def test_malware_that_becomes_known_is_refused_everywhere_under_an_address_with_its_id(self) -> None:
        for _ in range(3):
            await self.assert_served()
        self.apply(a_policy("malware"))
        await self.assert_served()
        self.apply(a_policy("malware"), MALICIOUS)
        await self.assert_denied("MAL-2026-1: it is bad")
        self.assertEqual(await self.denied(), [("six==1.0", "policy")])
        self.assertEqual(self.noted, [("deny", "six==1.0")])

    async def test_a_warning_refuses_nothing(self) -> None:
        self.apply(a_policy("malware=warn", "vulnerable=warn", min_age="7d=warn"), MALICIOUS, FLAWED)
        await self.assert_served()
        self.assertEqual(await self.denied(), [])

    async def test_what_was_seen_before_is_listed_as_denied_without_a_request(self) -> None:
        self.apply(a_policy("vulnerable"))
        await self.assert_served()
        self.apply(a_policy("vulnerable"), FLAWED)
        await self.enforcement.tend()
        self.assertEqual(await self.denied(), [("six==1.0", "policy")])

    async def test_a_denial_ends_when_the_advisories_or_the_policy_say_so_no_more(self) -> None:
        self.apply(a_policy("malware"), MALICIOUS)
        for policy, advisories in ((a_policy("malware"), ()), (a_policy(), (MALICIOUS,))):
            await self.assert_denied("MAL-2026-1")
            self.apply(policy, *advisories)
            await self.enforcement.tend()
            self.assertEqual(await self.denied(), [])
            await self.assert_served()
            self.apply(a_policy("malware"), MALICIOUS)
        self.assertEqual(self.noted, [("deny", "six==1.0"), ("revoke", "six==1.0")] * 2)

    async def test_a_denial_that_an_operator_revoked_stays_revoked_for_the_same_reason(self) -> None:
        self.apply(a_policy("malware", "vulnerable"), MALICIOUS)
        await self.assert_denied("MAL-2026-1")
        await self.shelf.denials.revoke(read_denied("six==1.0"), "alice")
        await self.assert_served()
        self.apply(a_policy("malware", "vulnerable"), MALICIOUS)
        await self.enforcement.tend()
        await self.assert_served()
        warnings = [each["message"] for each in (await self.commit(b"six == 1.0\n"))["warnings"]]
        self.assertTrue(any("MAL-2026-1" in each for each in warnings), warnings)
        self.apply(a_policy("malware", "vulnerable"), MALICIOUS, FLAWED)
        await self.assert_denied("PYSEC-2026-2")
        self.assertNotIn("MAL", (await self.shelf.denials.listed())[0].because)

    async def test_denying_by_hand_takes_back_what_was_revoked(self) -> None:
        self.apply(a_policy("malware"), MALICIOUS)
        await self.assert_denied("MAL-2026-1")
        await self.shelf.denials.revoke(read_denied("six==1.0"), "alice")
        await self.shelf.denials.deny(read_denied("six==1.0"), "it mines coins", "alice")
        await self.assert_denied("it mines coins")
        self.apply(a_policy("malware"), MALICIOUS)
        await self.enforcement.tend()
        self.assertEqual(await self.denied(), [("six==1.0", "alice")])
        await self.shelf.denials.revoke(read_denied("six==1.0"), "alice")
        await self.assert_denied("MAL-2026-1")

    async def test_a_young_file_is_refused_until_it_is_old_enough(self) -> None:
        self.listed({"upload_time": "2020-01-01T00:00:00Z"}, {"upload_time": "2026-11-28T10:00:00Z"})
        self.apply(a_policy(min_age="7d"))
        await self.assert_denied("was uploaded on 2026-11-28T10:00:00Z", f"/simple/six/{WHEEL}")
        await self.assert_served("/simple/six/", f"/simple/six/{SDIST}")
        self.assertNotIn(WHEEL.encode(), (await self.under("/simple/six/")).body)
        self.clock.advance(6 * DAY)
        await self.enforcement.tend()
        await self.assert_denied("was uploaded on 2026-11-28T10:00:00Z", f"/simple/six/{WHEEL}")
        self.clock.advance(DAY)
        await self.enforcement.tend()
        await self.assert_served()
        self.assertIn(WHEEL.encode(), (await self.under("/simple/six/")).body)

    async def test_a_shorter_age_counts_for_files_that_were_denied(self) -> None:
        self.listed({"upload_time": "2026-11-25T00:00:00Z"})
        self.apply(a_policy(min_age="7d"))
        await self.assert_denied("2026-11-25")
        self.apply(a_policy(min_age="3d"))
        await self.enforcement.tend()
        await self.assert_served()

    async def test_a_file_that_was_yanked_when_its_page_was_frozen_is_refused(self) -> None:
        self.listed({"yanked": "wrong licence"})
        self.apply(a_policy("yanked"))
        await self.assert_denied("was yanked: wrong licence")

    async def test_what_became_of_a_frozen_file_is_denied_and_is_served_again_when_it_is_over(self) -> None:
        await self.assert_served()
        self.apply(a_policy("yanked", "gone"))
        commitment = await self.shelf.commitment(self.address)
        frozen = (await self.shelf.page(commitment, "six")).files
        await self.enforcement.check_changes(commitment.lock, frozen, [Change("yanked", WHEEL, "wrong licence")])
        await self.assert_denied(f"{WHEEL} was yanked: wrong licence", f"/simple/six/{WHEEL}")
        await self.assert_served("/simple/six/", f"/simple/six/{SDIST}")
        await self.enforcement.check_changes(commitment.lock, frozen, [Change("gone", None, "")])
        await self.assert_denied("is gone", f"/simple/six/{WHEEL}", f"/simple/six/{SDIST}", "/simple/six/")
        self.apply(a_policy("yanked", "gone"))
        await self.enforcement.tend()
        await self.assert_denied("is gone")
        await self.enforcement.check_changes(commitment.lock, frozen, [Change("newer", None, "2.0")])
        await self.assert_served(f"/simple/six/{WHEEL}", f"/simple/six/{SDIST}")
        self.assertEqual(await self.denied(), [])

    async def test_a_file_without_the_attestation_that_is_required_is_refused(self) -> None:
        text = "[[require-attestations]]\nproject='six'\npublisher={kind='GitHub',repository='acme/six'}\n"
        own, other = (Publisher.of({"kind": "GitHub", "repository": name}) for name in ("acme/six", "evil/six"))

        attested = {WHEEL}

        async def publishers(files: Iterable[File], address: str) -> dict[File, list[Publisher]]:
            return {file: [own if file.filename in attested else other] for file in files}

        self.enforcement.change(a_policy(text=text), Evidence(publishers=publishers))
        await self.assert_served(f"/simple/six/{WHEEL}")
        await self.assert_denied("has no verified attestation of GitHub acme/six", f"/simple/six/{SDIST}")
        attested.add(SDIST)
        self.enforcement.change()
        await self.assert_served(f"/simple/six/{SDIST}")
        self.assertEqual(await self.denied(), [])

    async def test_without_any_attestation_nothing_of_such_a_project_is_served(self) -> None:
        self.apply(a_policy(text="[[require-attestations]]\nproject='six'\n"))
        await self.assert_denied("has no verified attestation of any publisher")

    async def test_a_page_waits_while_attestations_cannot_be_obtained(self) -> None:
        async def publishers(files: Iterable[File], address: str) -> dict[File, list[Publisher]]:
            self.assertEqual(address, self.address)
            raise HostUnreachable("it does not answer")

        text = "[[require-attestations]]\nproject='six'\n"
        self.enforcement.change(a_policy(text=text), Evidence(publishers=publishers))
        self.assertEqual((await self.under("/simple/six/")).status, 503)
        self.assertEqual((await self.under(f"/simple/six/{WHEEL}")).status, 503)

    async def test_an_exception_that_expires_lets_the_denial_begin(self) -> None:
        text = "[[exception]]\nproject='six'\nreason='known'\nexpires=2026-11-30\n"
        self.apply(a_policy("malware", text=text), MALICIOUS)
        await self.enforcement.tend()
        await self.assert_served()
        self.clock.advance(2 * DAY)
        await self.enforcement.tend()
        await self.assert_denied("expired on 2026-12-01T00:00:00Z")

    async def test_another_replica_learns_a_denial_and_its_end(self) -> None:
        other = Shelf(self.store, self.upstream, self.clock, "another")
        await other.denials.current()
        self.apply(a_policy("malware"), MALICIOUS)
        await self.assert_denied("MAL-2026-1")
        await other.denials.refresh()
        self.assertEqual([each.what for each in other.denials.known], ["six==1.0"])
        self.apply(a_policy())
        await self.enforcement.tend()
        await other.denials.refresh()
        self.assertEqual(other.denials.known, ())

    async def test_two_replicas_write_one_record(self) -> None:
        other = Shelf(self.store, self.upstream, self.clock, "another")
        second = self.enforced(other)
        policy, evidence = a_policy("malware"), Evidence(ListedAdvisories(MALICIOUS))
        second.change(policy, evidence)
        await other.denials.current()
        self.apply(policy, MALICIOUS)
        await self.assert_denied("MAL-2026-1")
        self.clock.advance(5)
        await second.check_page(a_page(*files(six=({}, {}))))
        self.assertEqual(len([name async for name in self.store.names("decisions/")]), 1)


class BoundTests(PolicyCase):
    async def test_ten_thousand_denials_are_the_bound_and_more_are_still_refused_here(self) -> None:
        """A page that must be refused is never served because the list is full."""
        self.patch(denials, "MOST", 2)
        for number in range(2):
            await self.shelf.denials.deny(read_denied(f"other{number}"), "x", "alice")
        self.apply(a_policy("malware"), MALICIOUS)
        await self.assert_denied("MAL-2026-1")
        self.assertEqual(len([name async for name in self.store.names("decisions/")]), 2)
        await self.shelf.denials.revoke("other0", "alice")
        self.apply(a_policy("malware"), MALICIOUS)
        await self.enforcement.tend()
        self.assertIn(("six==1.0", "policy"), await self.denied())
        self.assertEqual(len([name async for name in self.store.names("decisions/")]), 2)

    async def test_several_reasons_make_one_denial(self) -> None:
        many = tuple(evolve(FLAWED, id=f"PYSEC-2026-{number}", summary="x" * 400) for number in range(200))
        self.apply(a_policy("malware", "vulnerable"), MALICIOUS, *many)
        await self.assert_denied("MAL-2026-1: it is bad; ")
        (denial,) = await self.shelf.denials.listed()
        self.assertLessEqual(len(denial.because), 500)

    async def test_an_advisory_whose_text_cannot_be_printed_is_still_a_reason(self) -> None:
        """The author of an advisory writes control characters into it, so that the denial cannot be written."""
        self.apply(a_policy("malware"), evolve(MALICIOUS, summary="\x1b[2J\n\u202e\x00" * 50))
        await self.assert_denied("MAL-2026-1")


class ReplyTests(PolicyCase):
    async def test_a_denial_of_the_policy_has_the_status_of_any_other(self) -> None:
        self.apply(a_policy("malware"), MALICIOUS)
        reply: Reply = await self.under(f"/simple/six/{SDIST}", "HEAD")
        self.assertEqual((reply.status, reply["Cache-Control"]), (410, "no-store"))
