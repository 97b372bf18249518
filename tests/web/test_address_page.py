"""The page of an address: what it says is true at each request, whatever was kept in memory from the one before."""

from __future__ import annotations

from reqpi.core.model import Project
from reqpi.shelf.drift.lock_drift import LockDrift
from reqpi.shelf.maintenance.undoing import Undoing
from reqpi.shelf.shelf import Shelf
from reqpi.web.drift import DriftResource
from reqpi.web.routes import Root
from tests.distributions import a_file, a_page
from tests.fake_upstream.distributions import build_wheel
from tests.web.case import FILES, SDIST, WHEEL, WebCase
from tests.web.test_pages import read

SIX = Project("six")


class AddressPageCase(WebCase):
    def made_root(self) -> Root:
        self.drift = LockDrift(self.shelf, self.store, self.upstream, self.clock)
        resource = DriftResource(self.shelf, self.drift)
        return Root(
            self.services(),
            self.base,
            self.ready_answers,
            features=[resource],
            sections=[resource.section],
            known=resource.known,
        )

    async def text(self, path: str = "/") -> str:
        reply = await self.under(path)
        self.assertEqual(reply.status, 200, reply)
        return " ".join(read(reply.body).text.split())


class StateTests(AddressPageCase):
    async def test_what_is_frozen_is_counted_anew(self) -> None:
        self.assertIn("0 of 1 project.", await self.text())
        await self.under("/simple/six/")
        for _ in range(2):
            self.assertIn("1 of 1 project.", await self.text())

    async def test_a_page_that_another_process_has_frozen_counts(self) -> None:
        await self.text()
        other = Shelf(self.store, self.upstream, self.clock, "other")
        await other.freeze(await other.commitment(self.address), SIX)
        self.assertIn("1 of 1 project.", await self.text())

    async def test_a_file_that_comes_or_goes_is_seen_at_once(self) -> None:
        """By whatever process."""
        await self.under("/simple/six/")
        self.assertIn("0 of 2 known files", await self.text())
        await self.under(f"/simple/six/{SDIST}")
        self.assertIn("1 of 2 known files", await self.text())
        self.assertIn("1 of 2 held", await self.text("/pins"))
        await self.store.repair(str(FILES[0].sha256))
        self.assertIn("0 of 2 known files", await self.text())
        self.assertIn("0 of 2 held", await self.text("/pins"))

    async def test_a_page_that_was_frozen_again_is_shown(self) -> None:
        await self.under("/simple/six/")
        await self.text()
        self.upstream.offer(a_page(a_file("six-1.0.zip", b"other")), b"other")
        await Undoing(self.shelf, self.store).refreeze(self.address, "", "operator")
        self.assertIn("six-1.0.zip", await self.text())
        self.assertNotIn(WHEEL, await self.text("/pins"))

    async def test_a_denied_file_is_shown_as_denied(self) -> None:
        await self.under("/simple/six/")
        await self.text()
        await self.shelf.denials.deny(f"sha256:{FILES[1].sha256}", "it mines coins", "operator")
        self.assertIn("it mines coins", await self.text())
        self.assertIn("some files are denied", await self.text("/pins"))

    async def test_the_archive_of_all_files_says_that_some_are_missing(self) -> None:
        await self.under("/simple/six/")
        self.assertIn("a request begins to fetch them", await self.text())
        for name in (SDIST, WHEEL):
            await self.under(f"/simple/six/{name}")
        body = (await self.under("/")).body.decode()
        self.assertIn('href="wheelhouse.tar" rel="nofollow"', body)


class CommittedTests(AddressPageCase):
    async def test_it_is_known_when_a_lock_was_committed(self) -> None:
        self.assertIn("Committed1970-01-01 00:00 UTC", (await self.text()).replace("Committed ", "Committed"))

    async def test_a_second_commit_changes_nothing(self) -> None:
        self.clock.advance(3600)
        await self.committed("six==1.0")
        self.assertIn("1970-01-01 00:00 UTC", await self.text())

    async def test_a_lock_from_before_there_were_records_has_none(self) -> None:
        await self.store.delete(f"commits/{self.address}/first")
        self.assertNotIn("Committed", await self.text())


class TargetTests(AddressPageCase):
    async def test_targets_are_shown_once_all_pages_are_frozen(self) -> None:
        self.assertIn("is shown once all of its projects are frozen", await self.text())
        await self.under("/simple/six/")
        page = (await self.text()).partition("What it is for")[2].partition("What became of it")[0]
        self.assertIn("linux x86_64", page)
        self.assertIn("all pins", page)
        self.assertNotIn("without a file", page)

    async def test_a_release_without_a_file_is_named_with_its_targets(self) -> None:
        wheel = a_file("six-1.0-cp312-cp312-win_amd64.whl", b"w")
        self.upstream.offer(a_page(wheel), b"w")
        await self.under("/simple/six/")
        page = await self.text()
        self.assertIn("six 1.0: darwin arm64 3.9, ", page)
        self.assertNotIn("win32 AMD64 3.12", page)

    async def test_what_is_denied_counts_no_more(self) -> None:
        await self.under("/simple/six/")
        await self.text()
        for file in FILES:
            await self.shelf.denials.deny(f"sha256:{file.sha256}", "it mines coins", "operator")
        page = await self.text()
        self.assertIn("1 pin without a file", page)
        self.assertNotIn("all pins", page.partition("What it is for")[2].partition("What became of it")[0])

    async def test_the_report_on_requirements_is_shown_once_it_was_made(self) -> None:
        wheel = build_wheel("six", "1.0", ["gone>1"])
        self.upstream.offer(a_page(a_file(WHEEL, wheel)), wheel)
        self.assertIn("closed looks it up", await self.text())
        await self.under("/closed")
        self.assertIn("1 requirement is not met by a pin", await self.text())


class RefusalTests(AddressPageCase):
    async def test_what_required_a_refused_project_is_shown(self) -> None:
        wheel = build_wheel("six", "1.0", ["gone>1"])
        self.upstream.offer(a_page(a_file(WHEEL, wheel)), wheel)
        await self.under("/closed")
        await self.under("/simple/gone/")
        await self.under("/simple/other/")
        body = (await self.under("/")).body.decode()
        self.assertIn('six <a href="graph?why=gone" aria-label="why gone?">why?</a>', body)
        self.assertNotIn("why=other", body)

    async def test_what_was_found_out_later_is_shown(self) -> None:
        await self.under("/simple/gone/")
        self.assertNotIn("why=gone", (await self.under("/")).body.decode())
        wheel = build_wheel("six", "1.0", ["gone>1"])
        self.upstream.offer(a_page(a_file(WHEEL, wheel)), wheel)
        await self.under("/closed")
        self.assertIn("why=gone", (await self.under("/")).body.decode())


class DriftTests(AddressPageCase):
    async def test_what_this_process_learns_is_shown_at_once(self) -> None:
        await self.under("/simple/six/")
        self.assertIn("Nothing is known", await self.text())
        self.upstream.pages[SIX] = a_page(FILES[0])
        await self.under("/drift")
        self.assertIn(WHEEL, (await self.text()).partition("What became of it")[2].partition("What it pins")[0])

    async def test_what_another_process_learns_is_shown_after_a_minute(self) -> None:
        await self.under("/simple/six/")
        await self.text()
        self.upstream.pages[SIX] = a_page(FILES[0])
        other = Shelf(self.store, self.upstream, self.clock, "other")
        await LockDrift(other, self.store, self.upstream, self.clock).of(await other.commitment(self.address))
        self.clock.advance(61)
        self.assertIn(WHEEL, (await self.text()).partition("What became of it")[2].partition("What it pins")[0])
