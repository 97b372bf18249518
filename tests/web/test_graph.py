"""The page of the dependency graph, through HTTP: no upstream is asked, and what metadata says is text."""

from __future__ import annotations

from tests.distributions import a_file, a_page
from tests.fake_upstream.distributions import build_sdist, build_wheel
from tests.web.case import WebCase
from tests.web.test_pages import read

HOSTILE = "<script>alert(1)</script>"
SVG = {"svg", "path", "rect", "text", "title", "a", "g"}


class GraphTests(WebCase):
    """``top`` requires ``middle`` and, of its extra, ``base``; ``middle`` requires ``base`` and ``gone``."""

    async def setUp(self) -> None:
        await super().setUp()
        requires = {
            "top": ["middle>=1", "base ; extra == 'more'", f"{HOSTILE}>1", f"base ; os_name == '{HOSTILE}'"],
            "middle": ["base", "gone<2,>=1", "base>1"],
            "base": [],
        }
        for name, lines in requires.items():
            wheel = build_wheel(name, "1.0", lines)
            self.upstream.offer(a_page(a_file(f"{name}-1.0-py3-none-any.whl", wheel, name), project=name), wheel)
        sdist = build_sdist("source", "1.0", ["base"])
        self.upstream.offer(a_page(a_file("source-1.0.tar.gz", sdist, "source"), project="source"), sdist)
        self.address = await self.committed("top[more]==1.0", "middle==1.0", "base==1.0", "source==1.0")

    async def page(self, query: str = "") -> str:
        reply = await self.under(f"/graph{query}")
        self.assertEqual((reply.status, reply["Content-Type"]), (200, "text/html; charset=utf-8"))
        return reply.body.decode()

    async def test_nothing_is_asked_for_a_page_view(self) -> None:
        """What is not in the store is marked, and appears once a client has requested it."""
        before = await self.page()
        self.assertEqual(self.upstream.asked, [])
        self.assertEqual(before.count("No client has requested it yet."), 4)
        self.assertIn("there is nothing to draw", before)
        await self.under("/simple/top/")
        self.upstream.asked.clear()
        self.assertEqual((await self.page()).count("Its core metadata is not in the store yet."), 1)
        self.assertEqual(self.upstream.asked, [])
        await self.under("/closed")
        self.upstream.asked.clear()
        after = await self.page()
        self.assertEqual(self.upstream.asked, [])
        self.assertNotIn("not known yet. <a", after)
        self.assertIn("5 requirements between them", after)
        self.assertEqual(after, await self.page())

    async def test_projects_are_links_and_what_is_missing_is_marked(self) -> None:
        await self.under("/closed")
        page = await self.page()
        for name in ("top", "middle", "base", "source"):
            self.assertEqual(page.count(f'href="pins/{name}"'), 2, "in the drawing, and in the list")
        self.assertIn("gone missing", page)
        self.assertIn("middle 1.0 requires gone&lt;2,&gt;=1: not pinned", page)
        self.assertIn("middle 1.0 requires base&gt;1: pinned to 1.0", page)
        self.assertNotIn("pins/gone", page)
        self.assertIn('href="../pins/top"', await self.page("/"))
        self.assertIn('href="graph"', (await self.under("/")).body.decode())

    async def test_why_shows_the_paths_to_a_project(self) -> None:
        await self.under("/closed")
        text = read((await self.page("?why=Base")).encode()).text
        for path in ("top requires base", "top requires middle requires base", "source requires base"):
            self.assertIn(path, text)
        self.assertIn("No other project requires it", await self.page("?why=top"))
        self.assertIn("The graph has no project <code>other</code>", await self.page("?why=other"))

    async def test_what_metadata_and_queries_say_is_text(self) -> None:
        await self.under("/closed")
        for query in ("", "?why=%3Cscript%3Ealert(1)%3C/script%3E%22onload=x", "?why=%FF%00", "?why=" + "x" * 5000):
            page = await self.page(query)
            tags = read(page.encode())
            self.assertEqual(tags.elements.count("script"), 1, query)
            self.assertNotIn("onload", tags.attributes)
            self.assertNotIn("style", tags.attributes)
            self.assertLess(len(page), 30_000)

    async def test_the_drawing_has_a_name_and_can_be_skipped(self) -> None:
        await self.under("/closed")
        page = await self.page()
        self.assertIn('aria-label="Drawing of the dependency graph"', page)
        self.assertIn('href="#list"', page)
        self.assertIn("<svg", page)
        self.assertEqual(SVG - set(read(page.encode()).elements), set())

    async def test_other_methods_and_other_addresses_are_problems(self) -> None:
        self.assertEqual((await self.under("/graph", "POST")).status, 405)
        self.assertEqual((await self.ask(f"/{'0' * 64}/graph")).status, 410)
        self.assertEqual((await self.under("/graph/x")).status, 404)
