"""The table of pins: searched and sorted by URL, with the files of each pin, and nothing of an upstream."""

from __future__ import annotations

import re

from attrs import evolve
from packaging.utils import canonicalize_name

from reqpi.core.denials import read_denied
from tests.distributions import a_file, a_page
from tests.web.archives import wheel_of
from tests.web.case import CONTENTS, FILES, SDIST, WHEEL, WebCase
from tests.web.test_drift import DriftCase, PlainAdvisory
from tests.web.test_pages import read

HOSTILE = "</code><script>alert(1)</script>"


def projects_of(body: bytes) -> list[str]:
    """The names in the first column, in order."""
    return re.findall(r'<th scope="row"><a href="[^"]*">([^<]*)</a>', body.decode())


class PinsPageTests(WebCase):
    """All pins fit on one page."""

    async def setUp(self) -> None:
        await super().setUp()
        self.address = await self.committed("six==1.0", "anna==10.0 ; python_version < '3.9'", "zoe==9.0")

    async def requested(self, *names: str) -> None:
        commitment = await self.shelf.commitment(self.address)
        for name in names:
            await self.shelf.page(commitment, canonicalize_name(name))

    async def test_a_pin_has_its_version_its_marker_and_its_files(self) -> None:
        await self.requested("six")
        text = read((await self.under("/pins")).body).text
        for words in ("six", "1.0", "python_version < '3.9'", "1 wheel (any platform), 1 sdist", "trust on first use"):
            self.assertIn(words, text)
        for words in (SDIST, WHEEL, "not requested yet", "0 of 2 held", "from files.example.org", "3 pins"):
            self.assertIn(words, text)

    async def test_a_row_opens_to_the_digest_of_each_file_with_a_button(self) -> None:
        await self.requested("six")
        body = (await self.under("/pins/")).body.decode()
        page = await self.shelf.page(await self.shelf.commitment(self.address), "six")
        for file in page.files:
            found = re.search(rf'<code id="(sha256-\d+)">{file.sha256}</code>', body)
            assert found is not None, file.filename
            self.assertIn(f'data-copy="{found[1]}"', body)

    async def test_no_upstream_is_asked(self) -> None:
        for path in ("/pins", "/pins/six", f"/pins/six/{SDIST}", "/pins?q=six&sort=size", "/diff"):
            await self.under(path)
        self.assertEqual(self.upstream.asked, [])

    async def test_the_url_searches(self) -> None:
        for query, found in (
            ("", ["anna", "six", "zoe"]),
            ("SIX", ["six"]),
            ("python_version", ["anna"]),
            ("9.0", ["zoe"]),
            ("six zoe", []),
        ):
            body = (await self.under(f"/pins?q={query.replace(' ', '+')}")).body
            self.assertEqual(projects_of(body), found, query)
        self.assertIn("1 of 3 pins", read((await self.under("/pins?q=six")).body).text)

    async def test_the_url_sorts_and_headings_lead_to_the_other_direction(self) -> None:
        await self.requested("six")
        for sort, found in (
            ("project", ["anna", "six", "zoe"]),
            ("-project", ["zoe", "six", "anna"]),
            ("version", ["six", "zoe", "anna"]),
            ("-version", ["anna", "zoe", "six"]),
            ("-files", ["six", "anna", "zoe"]),
            ("-size", ["six", "anna", "zoe"]),
            ("nonsense", ["anna", "six", "zoe"]),
        ):
            self.assertEqual(projects_of((await self.under(f"/pins?sort={sort}")).body), found, sort)
        body = (await self.under("/pins?sort=version")).body.decode()
        self.assertRegex(
            body, r'<th[^>]*aria-sort="ascending"[^>]*><a href="\?q=&amp;sort=-version&amp;page=1">version'
        )

    async def test_what_the_store_has_is_shown(self) -> None:
        """The licence once the core metadata is there, and which files are held."""
        wheel = wheel_of(b"Metadata-Version: 2.4\nName: six\nVersion: 1.0\nLicense-Expression: MIT\n")
        self.upstream.offer(a_page(a_file(WHEEL, wheel, size=len(wheel))), wheel)
        self.address = await self.committed("six==1.0  # licence")
        await self.requested("six")
        self.assertIn("not known yet", read((await self.under("/pins")).body).text)
        await self.shelf.hold(await self.shelf.commitment(self.address), canonicalize_name("six"), WHEEL)
        text = read((await self.under("/pins")).body).text
        for words in ("MIT", "1 of 1 held"):
            self.assertIn(words, text)

    async def test_denied_files_are_left_out_and_it_is_said(self) -> None:
        await self.requested("six")
        (digest,) = a_file(SDIST, b"an sdist of six").digests
        await self.shelf.denials.deny(read_denied(str(digest)), "it mines coins", "operator")
        text = read((await self.under("/pins")).body).text
        self.assertNotIn(SDIST, text)
        self.assertIn("some files are denied", text)

    async def test_a_project_has_a_page_of_its_own(self) -> None:
        await self.requested("six")
        reply = await self.under("/pins/Six")
        self.assertIn("<details open", reply.body.decode())
        self.assertIn(SDIST, read(reply.body).text)
        self.assert_problem(await self.under("/pins/flask"), 410)
        self.assert_problem(await self.under("/pins/-"), 404)

    async def test_the_address_shows_the_first_pins_and_a_link_to_all(self) -> None:
        body = (await self.under("/")).body.decode()
        self.assertIn('href="pins"', body)
        self.assertIn(f'href="{self.address}/pins"', (await self.under()).body.decode())

    async def test_links_lead_to_pages_that_exist(self) -> None:
        await self.requested("six")
        for path in ("/pins", "/pins/", "/pins/six", "/pins/six/"):
            root = "../" * (path.count("/"))
            for link in set(re.findall(r'<a href="(\.\./[^"?#]*)"', (await self.under(path)).body.decode())):
                self.assertTrue(link.startswith(root), link)
                status = (await self.ask(f"/{link.removeprefix(root)}")).status
                self.assertEqual(status, 410 if "/anna/" in link or "/zoe/" in link else 200, link)

    async def test_only_get_and_head_are_taken(self) -> None:
        self.assertEqual((await self.under("/pins", "POST", Content_Length="0")).status, 405)
        self.assertEqual((await self.under("/pins", "HEAD")).body, b"")


class HostilePinsTests(WebCase):
    """What locks, upstreams and URLs say is text."""

    async def assert_text(self, path: str, *words: str) -> None:
        reply = await self.under(path)
        self.assertEqual(reply.status, 200, path)
        tags = read(reply.body)
        self.assertEqual(tags.elements.count("script"), 1, path)
        self.assertFalse({name for name in tags.attributes if name.startswith("on")}, path)
        for each in words:
            self.assertIn(each, tags.text, path)

    async def test_a_search_is_text(self) -> None:
        await self.assert_text("/pins?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&sort=%3Cscript%3E&page=%3Cscript%3E")
        body = (await self.under("/pins?q=%22%20onfocus=%22alert(1)")).body.decode()
        self.assertIn('value="&quot; onfocus=&quot;alert(1)"', body)
        for query in ("q=%ff%fe%00", "q=%ed%a0%80", f"q={'a' * 4000}", "page=-1", "page=99999999999", "page=9999999"):
            self.assertEqual((await self.under(f"/pins?{query}")).status, 200, query)

    async def test_what_an_upstream_says_is_text(self) -> None:
        said = {
            "yanked": HOSTILE,
            "requires_python": f">=3.8{HOSTILE}",
            "upload_time": "2026-11-29T10:00:00Z",
            "provenance": f"https://evil.example.org/?{HOSTILE}",
            "url": f"https://files.example.org/{HOSTILE}",
        }
        self.upstream.offer(a_page(a_file(SDIST, b"x", size=1, **said)), b"x")
        marker = f"python_version == '{HOSTILE}'"
        self.address = await self.committed(f"six==1.0 ; {marker}")
        await self.shelf.page(await self.shelf.commitment(self.address), "six")
        self.assertEqual((await self.under("/simple/six/")).status, 200)
        for path in ("/pins", "/pins/six", f"/pins/six/{SDIST}"):
            await self.assert_text(path, "<script>alert(1)</script>", "yanked: ")
            body = (await self.under(path)).body.decode()
            self.assertNotIn('href="https://evil', body)


class LongLockTests(WebCase):
    """A lock of 10,000 pins: its pages are bounded, and no other client waits for them."""

    async def test_the_server_turns_the_pages(self) -> None:
        self.address = await self.committed(*(f"project-{number:05}==1.{number}" for number in range(10_000)))
        first = await self.under("/pins")
        self.assertEqual(len(projects_of(first.body)), 500)
        self.assertLess(len(first.body), 1 << 20)
        text = read(first.body).text
        self.assertIn("10,000 pins, page 1 of 20", text)
        self.assertNotIn("data-whole", first.body.decode())
        last = await self.under("/pins?page=20&sort=-version")
        self.assertEqual(projects_of(last.body)[-1], "project-00000")
        self.assertEqual(projects_of((await self.under("/pins?q=project-00123")).body), ["project-00123"])
        self.assertEqual(projects_of((await self.under("/pins?page=21")).body), [])

    async def test_a_table_lists_some_thousand_files_at_most(self) -> None:
        """A pin may have thousands, which the page of its project has."""
        names = [f"many-1.0-{number}-py3-none-any.whl" for number in range(3000)]
        self.upstream.offer(a_page(*(a_file(name, b"", "many") for name in names), project="many"), *[b""] * 3000)
        self.address = await self.committed("many==1.0")
        await self.shelf.page(await self.shelf.commitment(self.address), "many")
        body = (await self.under("/pins")).body
        self.assertEqual(body.count(b"data-copy"), 20)
        self.assertIn("2,980 more files: all files of many", read(body).text)
        body = (await self.under("/pins/many")).body
        self.assertEqual(body.count(b"data-copy"), 1000)
        self.assertIn("2,000 more files: files.json", read(body).text)


class DriftTests(DriftCase):
    """The table says what became of a release, once that is known."""

    async def test_drift_that_is_known_stands_in_the_row_of_its_pin(self) -> None:
        await self.under("/simple/six/")
        reason = "<script>alert(1)</script>"
        self.upstream.offer(a_page(*(evolve(file, yanked=reason) for file in FILES)), *CONTENTS.values())
        self.advisories["PyPI:six==1.0"] = (PlainAdvisory("PYSEC-2026-1"),)
        asked = list(self.upstream.asked)
        await self.under("/pins")
        self.assertEqual(self.upstream.asked, asked)
        self.assertIn("yanked", [kind for kind, _ in await self.kinds()])
        reply = await self.under("/pins")
        tags = read(reply.body)
        self.assertIn(f"yanked: {reason}", tags.text)
        self.assertIn("vulnerable: PYSEC-2026-1", tags.text)
        self.assertEqual(tags.elements.count("script"), 1)
