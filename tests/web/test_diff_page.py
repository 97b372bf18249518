"""The page of the differences between two locks."""

from __future__ import annotations

import re

from packaging.utils import canonicalize_name

from reqpi.core.advisories.index import AdvisoryIndex
from reqpi.core.advisories.reading import AdvisoryReader
from reqpi.core.denials import read_denied
from reqpi.web.routes import Root
from tests.advisories import a_document, a_package, a_range, dumped
from tests.distributions import a_file, a_page
from tests.web.archives import wheel_of
from tests.web.case import WebCase
from tests.web.test_pages import read

SIX = {
    version: wheel_of(f"Name: six\nLicense-Expression: {licence}\n".encode(), stem=f"six-{version}")
    for version, licence in (("1.0", "MIT"), ("2.0", "Apache-2.0"))
}


SCRIPT = "<script>alert(1)</script>"


def rows_of(body: bytes) -> list[list[str]]:
    """The texts of the cells of each row."""
    rows = re.findall(r"<tr>(<th scope=\"row\".*?)</tr>", body.decode(), re.DOTALL)
    return [[read(cell.encode()).text for cell in re.findall(r"<t[hd].*?</t[hd]>", row)] for row in rows]


class DiffPageTests(WebCase):
    """Two locks, of six 1.0 and of six 2.0 with other projects."""

    async def setUp(self) -> None:
        await super().setUp()
        files = [a_file(f"six-{version}-py3-none-any.whl", wheel, size=len(wheel)) for version, wheel in SIX.items()]
        self.upstream.offer(a_page(*files), *SIX.values())
        self.before = await self.committed("six==1.0", "anna==1.0", "same==1.0")
        self.after = await self.committed("six==2.0", "zoe==1.0", "same==1.0")

    async def hold_six(self) -> None:
        for address, version in ((self.before, "1.0"), (self.after, "2.0")):
            commitment = await self.shelf.commitment(address)
            await self.shelf.hold(commitment, canonicalize_name("six"), f"six-{version}-py3-none-any.whl")

    async def test_projects_and_versions_that_differ_are_listed(self) -> None:
        reply = await self.ask(f"/{self.before}/diff/{self.after}")
        self.assertEqual(
            [row[:4] for row in rows_of(reply.body)],
            [["anna", "removed", "1.0", ""], ["six", "another version", "1.0", "2.0"], ["zoe", "added", "", "1.0"]],
        )
        self.assertEqual(self.upstream.asked, [])

    async def test_files_and_licences_are_shown_once_they_are_known(self) -> None:
        await self.hold_six()
        (six,) = [row for row in rows_of((await self.ask(f"/{self.before}/diff/{self.after}")).body) if row[0] == "six"]
        self.assertIn("1 removed, 1 added", six[4])
        self.assertIn("- six-1.0-py3-none-any.whl", six[4])
        self.assertIn("+ six-2.0-py3-none-any.whl", six[4])
        self.assertEqual(six[5], "MIT → Apache-2.0")

    async def test_equal_locks_pin_the_same(self) -> None:
        other = await self.committed("same==1.0", "anna==1.0", "six==1.0")
        self.assertIn("Both locks pin the same", read((await self.ask(f"/{self.before}/diff/{other}")).body).text)

    async def test_pins_without_digests_are_compared_by_their_frozen_files(self) -> None:
        """The upstream has replaced a file between two locks that trust on first use."""
        await self.shelf.page(await self.shelf.commitment(self.before), "six")
        self.upstream.offer(a_page(a_file("six-1.0-py3-none-any.whl", b"replaced")), b"replaced")
        other = await self.committed("six==1.0", "anna==1.0", "same==1.0 ")
        await self.shelf.page(await self.shelf.commitment(other), "six")
        rows = rows_of((await self.ask(f"/{self.before}/diff/{other}")).body)
        self.assertEqual([row[:4] for row in rows], [["six", "other files", "1.0", "1.0"]])

    async def test_denied_files_are_not_shown(self) -> None:
        await self.hold_six()
        await self.shelf.denials.deny(read_denied("six==2.0"), "it mines coins", "operator")
        reply = await self.ask(f"/{self.before}/diff/{self.after}")
        self.assertNotIn("six-2.0-py3", reply.body.decode())
        self.assertNotIn("Apache-2.0", reply.body.decode())

    async def test_both_addresses_are_checked(self) -> None:
        unknown = "0" * 64
        for path in (f"/{self.before}/diff/{unknown}", f"/{unknown}/diff/{self.before}", f"/{unknown}/diff"):
            self.assert_problem(await self.ask(path), 410)
        for other in ("0" * 63, "..%2f", "%3Cscript%3E", "x" * 64):
            self.assertEqual((await self.ask(f"/{self.before}/diff/{other}")).status, 404, other)

    async def test_a_form_leads_to_the_other_address(self) -> None:
        self.assertIn("<form", (await self.ask(f"/{self.before}/diff")).body.decode())
        url = f"http%3A%2F%2Findex.example.org%2F{self.after.upper()}%2Fsimple%2F"
        reply = await self.ask(f"/{self.before}/diff?other={url}")
        self.assertEqual((reply.status, reply["Location"]), (303, f"../{self.before}/diff/{self.after}"))
        for wrong in ("x", "%3Cscript%3E", "0" * 65, "%ff"):
            reply = await self.ask(f"/{self.before}/diff?other={wrong}")
            self.assertIn("64 hex digits", read(reply.body).text)
            self.assertEqual(read(reply.body).elements.count("script"), 1)

    async def test_what_releases_say_is_text(self) -> None:
        said = "<script>alert(1)</script>"
        wheel = wheel_of(f"Name: six\nLicense: {said}\n".encode())
        self.upstream.offer(a_page(a_file("six-1.0-py3-none-any.whl", wheel)), wheel)
        one = await self.committed("six==1.0", f"odd==1.0 ; python_version == '{said}'")
        commitment = await self.shelf.commitment(one)
        await self.shelf.hold(commitment, canonicalize_name("six"), "six-1.0-py3-none-any.whl")
        tags = read((await self.ask(f"/{self.after}/diff/{one}")).body)
        self.assertEqual(tags.elements.count("script"), 1)
        self.assertIn(said, tags.text)

    async def test_locks_of_10000_pins_have_a_bounded_page(self) -> None:
        names = [f"project-{number:05}" for number in range(10_000)]
        one, two = [await self.committed(*(f"{name}=={version}" for name in names)) for version in ("1.0", "2.0")]
        reply = await self.ask(f"/{one}/diff/{two}")
        self.assertEqual(len(rows_of(reply.body)), 1000)
        self.assertIn("10,000 projects differ, of which the first 1,000 are shown", read(reply.body).text)
        three = await self.committed(*(f"{name}==1.0" for name in names), "")
        self.assertIn("9,500 projects were not compared", read((await self.ask(f"/{one}/diff/{three}")).body).text)


class DiffAdvisoriesTests(WebCase):
    """A server with advisories, and two locks."""

    def made_root(self) -> Root:
        documents = (
            a_document("PYSEC-1", a_package("six", a_range(("introduced", "0"), ("fixed", "2.0")))),
            a_document("PYSEC-2", a_package("six", a_range(("introduced", "2.0")))),
            a_document("PYSEC-3", a_package("six", a_range(("introduced", "0"))), summary=SCRIPT),
            a_document("MAL-4", a_package("zoe", versions=["1.0"])),
            a_document("PYSEC-5", a_package("same", a_range(("introduced", "0")))),
        )
        reader = AdvisoryReader()
        self.index = AdvisoryIndex.of(reader.read(dumped(each)) for each in documents)
        return Root(self.services(), self.base, self.ready_answers, advisories=lambda: self.index)

    async def setUp(self) -> None:
        await super().setUp()
        self.before = await self.committed("six==1.0", "same==1.0")
        self.after = await self.committed("six==2.0", "same==1.0", "zoe==1.0")

    async def test_a_change_fixes_advisories_and_brings_others(self) -> None:
        """Those about releases that stay are no part of the change."""
        page = (await self.ask(f"/{self.before}/diff/{self.after}")).body
        rows = rows_of(page)
        self.assertEqual(
            [row[6] for row in rows if len(row) == 7], ["new: PYSEC-2in both: PYSEC-3fixed: PYSEC-1", "new: MAL-4"]
        )
        listed = [row[:3] for row in rows if len(row) == 4]
        self.assertEqual(
            listed,
            [
                ["PYSEC-2", "new", "six"],
                ["MAL-4", "new", "zoe"],
                ["PYSEC-3", "in both", "six"],
                ["PYSEC-1", "fixed", "six"],
            ],
        )
        text = read(page).text
        self.assertIn("1 fixed, 2 new, 1 in both", text)
        self.assertIn("Malware.", text)
        self.assertNotIn("PYSEC-5", text)
        self.assertEqual(read(page).elements.count("script"), 1)
        self.assertIn(SCRIPT, text)

    async def test_the_other_way_round_it_is_the_other_way_round(self) -> None:
        rows = rows_of((await self.ask(f"/{self.after}/diff/{self.before}")).body)
        listed = {row[0]: row[1] for row in rows if len(row) == 4}
        self.assertEqual(listed, {"PYSEC-1": "new", "PYSEC-2": "fixed", "MAL-4": "fixed", "PYSEC-3": "in both"})

    async def test_a_change_without_advisories_is_said_to_have_none(self) -> None:
        other = await self.committed("six==1.0", "same==1.0", "anna==1.0")
        text = read((await self.ask(f"/{self.before}/diff/{other}")).body).text
        self.assertIn("No advisory that this server knows", text)

    async def test_a_server_without_advisories_says_nothing_about_them(self) -> None:
        self.index = None  # type: ignore[assignment]
        text = read((await self.ask(f"/{self.before}/diff/{self.after}")).body).text
        self.assertNotIn("dvisor", text)
