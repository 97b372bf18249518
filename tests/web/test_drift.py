"""``GET /<address>/drift``: what an upstream has done since, through the server's own port."""

from __future__ import annotations

import json
from typing import Any

from attrs import evolve, frozen

from reqpi.core import frozen_pages as freezer
from reqpi.core.errors import UpstreamTrouble
from reqpi.core.model import Status
from reqpi.core.report import Document
from reqpi.shelf.drift.lock_drift import LockDrift
from reqpi.shelf.records import page_record
from reqpi.web.drift import DriftResource
from reqpi.web.routes import Root
from tests.distributions import a_file, a_page, digest_of
from tests.rust_sdists import WORDS, cargo_lock
from tests.web.case import CONTENTS, FILES, SDIST, WHEEL, WebCase

SARIF = "application/sarif+json"


@frozen
class PlainAdvisory:
    """An advisory."""

    id: str
    malware: bool = False


class PlainAdvisories(dict[str, tuple[PlainAdvisory, ...]]):
    """Advisories by ``project==version``."""

    def affecting(self, ecosystem: str, name: str, version: str) -> tuple[PlainAdvisory, ...]:
        return self.get(f"{ecosystem}:{name}=={version}", ())


class DriftCase(WebCase):
    """The server of :class:`WebCase`, with drift."""

    def made_root(self) -> Root:
        self.advisories = PlainAdvisories()
        self.drift = LockDrift(self.shelf, self.store, self.upstream, self.clock, lambda: self.advisories)
        resource = DriftResource(self.shelf, self.drift)
        features, sections = [resource], [resource.section]
        return Root(
            self.services(), self.base, self.ready_answers, features=features, sections=sections, known=resource.known
        )

    async def asked_for(self, address: str = "", **headers: Any) -> dict[str, Any]:
        reply = await self.ask(f"/{address or self.address}/drift", **headers)
        self.assertEqual(reply.status, 200, reply.body)
        self.assertEqual(reply["Cache-Control"], "no-store")
        found: dict[str, Any] = json.loads(reply.body)
        return found

    async def kinds(self) -> list[tuple[str, str | None]]:
        """The kinds and files of the findings an hour later."""
        self.clock.advance(3600)
        return [(one["kind"], one["filename"]) for one in (await self.asked_for())["findings"]]

    def lists(self, *files: Any, **fields: Any) -> None:
        """Have the upstream list other files from now on."""
        self.upstream.pages[a_page().project] = a_page(*files, **fields)


class StatusTests(DriftCase):
    """The status of the project, which is not frozen any more."""

    async def status(self, address: str) -> dict[str, Any] | None:
        page = await self.ask(f"/{address}/simple/six/", Accept="application/vnd.pypi.simple.v1+json")
        found: dict[str, Any] | None = json.loads(page.body).get("project-status")
        return found

    async def test_a_page_is_frozen_without_a_status(self) -> None:
        self.lists(*FILES, status=Status("active"))
        self.assertIsNone(await self.status(self.address))
        self.assertEqual(await self.kinds(), [])
        self.lists(*FILES, status=Status("archived", "use another"))
        self.assertEqual(await self.kinds(), [("status", None)])
        self.assertIsNone(await self.status(self.address))

    async def test_a_page_that_was_frozen_with_a_status_keeps_it(self) -> None:
        """Its bytes were promised, and clients have them under the same ETag."""
        written = freezer.dump(a_page(*FILES, status=Status("active", "since 2020")))
        await self.store.create(page_record(self.address, "six"), written)
        self.lists(*FILES, status=Status("quarantined"))
        self.assertEqual(await self.status(self.address), {"status": "active", "reason": "since 2020"})
        self.assertEqual(await self.kinds(), [("status", None)])
        await self.shelf.refreeze(await self.shelf.commitment(self.address), a_page().project)
        self.assertNotIn(b"status", await self.store.get(page_record(self.address, "six")) or b"status")


class DriftTests(DriftCase):
    async def setUp(self) -> None:  # type: ignore[override]  # trial awaits it
        await super().setUp()
        await self.ask(f"/{self.address}/simple/six/")

    async def test_a_lock_whose_files_are_as_they_were_has_no_findings(self) -> None:
        self.assertEqual(await self.asked_for(), {"address": self.address, "findings": [], "unknown": []})

    async def test_each_thing_that_an_upstream_does_is_a_finding(self) -> None:
        sdist, wheel = FILES
        self.lists(evolve(sdist, yanked="broken"), wheel, a_file("six-2.0.tar.gz"))
        self.assertEqual(await self.kinds(), [("yanked", SDIST)])
        self.lists(wheel)
        self.assertEqual(await self.kinds(), [("gone", SDIST)])
        self.lists(a_file(SDIST, b"other"), wheel)
        self.assertEqual(await self.kinds(), [("digest", SDIST)])
        self.lists(*FILES, status=Status("quarantined"))
        self.assertEqual(await self.kinds(), [("status", None)])
        self.lists(*FILES, a_file("six-1.0.post1.tar.gz"), a_file("six-1.0-2-py3-none-any.whl"))
        self.assertEqual(await self.kinds(), [("added", "six-1.0-2-py3-none-any.whl"), ("newer", None)])
        del self.upstream.pages[a_page().project]
        self.assertEqual(await self.kinds(), [("gone", None)])

    async def test_the_page_and_the_files_stay_as_they_were(self) -> None:
        """Byte for byte, with the status and the reason of the first day, which is none."""
        before = await self.ask(f"/{self.address}/simple/six/")
        self.lists(*(evolve(file, yanked="broken") for file in FILES), status=Status("quarantined"))
        await self.kinds()
        after = await self.ask(f"/{self.address}/simple/six/")
        self.assertEqual((after.status, after.body, after["ETag"]), (200, before.body, before["ETag"]))
        self.assertEqual((await self.ask(f"/{self.address}/simple/six/{WHEEL}")).body, CONTENTS[WHEEL])

    async def test_a_finding_keeps_the_time_of_its_first_observation(self) -> None:
        self.lists(FILES[0])
        await self.kinds()
        await self.kinds()
        [found] = (await self.asked_for())["findings"]
        self.assertEqual((found["first_seen"], found["last_seen"]), ("1970-01-01T01:00:00Z", "1970-01-01T02:00:00Z"))

    async def test_two_locks_share_the_history_of_a_project(self) -> None:
        await self.asked_for()
        self.lists(FILES[0])
        await self.kinds()
        digests = " ".join(f"--hash={digest_of(content)}" for content in CONTENTS.values())
        other = await self.committed(f"six==1.0 {digests}")
        self.clock.advance(3600)
        [found] = (await self.asked_for(other))["findings"]
        self.assertEqual((found["filename"], found["first_seen"]), (WHEEL, "1970-01-01T01:00:00Z"))

    async def test_advisories_are_findings_and_those_that_came_later_are_new(self) -> None:
        self.advisories["PyPI:six==1.0"] = (PlainAdvisory("PYSEC-1"),)
        await self.asked_for()
        self.advisories["PyPI:six==1.0"] += (PlainAdvisory("MAL-2", malware=True),)
        self.clock.advance(60)
        found = [(one["kind"], one["text"], one["new"]) for one in (await self.asked_for())["findings"]]
        self.assertEqual(found, [("malware", "MAL-2", True), ("vulnerable", "PYSEC-1", False)])

    async def test_advisories_about_the_crates_of_a_cargo_lock_are_findings(self) -> None:
        together = (Document("a.txt", b"six==1.0\n"), Document("Cargo.lock", cargo_lock("bare", "1.0.0").encode()))
        commitment, _ = await self.shelf.commit_together(together)
        self.advisories[f"crates.io:{WORDS.name}=={WORDS.version}"] = (PlainAdvisory("RUSTSEC-1"),)
        for _ in range(2):
            [found] = (await self.asked_for(commitment.address))["findings"]
            self.assertEqual((found["project"], found["text"]), (f"crate:{WORDS.name}", "RUSTSEC-1"))

    async def test_the_upstream_is_not_asked_again_at_once(self) -> None:
        await self.asked_for()
        asked = len(self.upstream.asked)
        await self.asked_for()
        self.assertEqual(len(self.upstream.asked), asked)

    async def test_an_upstream_that_does_not_answer_is_named_and_what_is_known_stays(self) -> None:
        self.lists(FILES[0])
        await self.kinds()

        async def away() -> None:
            raise UpstreamTrouble("the index is away")

        self.upstream.before["six"] = away
        self.clock.advance(3600)
        found = await self.asked_for()
        self.assertEqual([one["kind"] for one in found["findings"]], ["gone"])
        [unknown] = found["unknown"]
        self.assertEqual((unknown["project"], unknown["why"]), ("six", "the index is away"))

    async def test_what_the_operator_denies_is_looked_at_as_before(self) -> None:
        """Otherwise a denial because of a finding would end the finding, and with it the denial."""
        self.lists(FILES[0])
        before = await self.kinds()
        await self.shelf.denials.deny("six==1.0", "it is gone", "policy")
        self.assertEqual(await self.kinds(), before)

    async def test_a_client_that_accepts_sarif_gets_it(self) -> None:
        self.lists(FILES[0])
        self.clock.advance(3600)
        reply = await self.ask(f"/{self.address}/drift", Accept=f"{SARIF}, */*;q=0.1")
        self.assertEqual((reply.status, reply["Content-Type"], reply["Vary"]), (200, SARIF, "Accept"))
        [run] = json.loads(reply.body)["runs"]
        [result] = run["results"]
        self.assertEqual((result["ruleId"], result["level"]), ("gone", "error"))
        [location] = result["locations"]
        self.assertEqual(
            location["physicalLocation"],
            {"artifactLocation": {"uri": "requirements.txt"}, "region": {"startLine": 1, "endLine": 1}},
        )

    async def test_the_page_for_people_shows_what_is_known_and_asks_no_upstream(self) -> None:
        self.lists(evolve(FILES[0], yanked="<b>broken</b>"), FILES[1])
        page = (await self.ask(f"/{self.address}/")).body.decode()
        self.assertIn('Nothing is known; the <a href="drift">report</a>', page)
        await self.kinds()
        asked = len(self.upstream.asked)
        self.clock.advance(3600)
        page = (await self.ask(f"/{self.address}")).body.decode()
        self.assertIn(f"{SDIST}</code>", page)
        self.assertIn("yanked the file or the release: &lt;b&gt;broken", page)
        self.assertIn(f'<a href="{self.address}/drift">report</a>', page)
        self.assertEqual(len(self.upstream.asked), asked)

    async def test_an_unknown_address_and_another_method_are_problems(self) -> None:
        self.assertEqual((await self.ask(f"/{'0' * 64}/drift")).status, 410)
        self.assertEqual((await self.ask(f"/{self.address}/drift", "POST", b"")).status, 405)
        self.assertEqual((await self.ask(f"/{self.address}/drift", "HEAD")).body, b"")

    async def test_a_lock_whose_release_vanished_before_it_was_frozen_is_told(self) -> None:
        lost = await self.committed(f"six==3.0 --hash={digest_of(b'lost')}")
        [found] = (await self.asked_for(lost))["findings"]
        self.assertEqual((found["kind"], found["filename"], found["new"]), ("gone", None, False))
