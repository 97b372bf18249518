"""Every page that a link leads to: narrow and wide, with and without scripts, and with long names."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.case import LOCK, BrowserCase
from tests.browser.chromium import overflow
from tests.browser.crawl import Crawl, ask
from tests.fake_upstream import Upstream

pytestmark = [pytest.mark.clients, pytest.mark.xdist_group("browser")]

WIDTHS = (390, 1280)
LONG = "-".join(["a-very-long-name"] * 12)
MARKER = "python_version >= '3.8' and (sys_platform == 'linux' or sys_platform == 'win32')"
LINES = f"{LOCK}{LONG}==1.0\nwide==1.0 ; {MARKER}\n"


class PageTests(BrowserCase):
    pages: list[str]
    broken: list[tuple[str, str]]

    @classmethod
    def stocked(cls, upstream: Upstream) -> None:
        super().stocked(upstream)
        upstream.wheel(LONG, "1.0")
        upstream.wheel("wide", "1.0", ["top", "extra"])

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        known, empty = cls.committed(LINES), cls.committed("# nothing\n")
        for name in ("top", "mid", "extra", f"top/{LONG}-1.0.tar.gz"):
            ask(f"{known}simple/{name}{'' if name.endswith('gz') else '/'}")
        base = cls.server.url
        errors = (f"{base}/{'0' * 64}/", f"{base}/no/such/page", f"{known}simple/extra/", f"{known}simple/top/{LONG}")
        other = empty.rstrip("/").rsplit("/", 1)[-1]
        errors += (f"{known}diff/{other}", f"{known}graph", f"{known}graph?why=extra", f"{base}/operator")
        starts = (f"{base}/", f"{base}/login", known, known.rstrip("/"), empty, f"{known}?suggest=1", *errors)
        crawl = Crawl.of(starts)
        cls.pages, cls.broken = crawl.pages, crawl.broken

    def look(self, page: Page, url: str) -> list[str]:
        """Return what is wrong with a page, in each window."""
        wrong = []
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            wrong += [f"{url}, {width} px: {each}" for each in overflow(page)]
        if page.locator("h1").count() != 1 or page.locator("main").count() != 1:
            wrong.append(f"{url}: it has not one h1 and one main")
        return wrong

    def test_every_page_fits_with_and_without_scripts(self) -> None:
        """And the console of the browser stays empty: nothing violates the Content-Security-Policy."""
        self.assertGreaterEqual(len(self.pages), 8)
        wrong: list[str] = []
        for scripts in (True, False):
            watched = self.watched(java_script_enabled=scripts)
            for url in self.pages:
                page = watched.open(url)
                wrong += self.look(page, url)
                if not scripts and page.locator(".script:visible").count():
                    wrong.append(f"{url}: it shows what needs a script")
            wrong += watched.wrong
        self.assertEqual(wrong, [])

    def test_every_link_leads_somewhere(self) -> None:
        """A page without a slash at its end has the same links as the one with it."""
        self.assertEqual("\n".join(f"{url} on {page}" for url, page in self.broken), "")
