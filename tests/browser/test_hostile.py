"""Texts of strangers on every page, in a real browser: nothing runs, nothing is fetched, and no dialog opens."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Page

from tests.browser.case import LOCK, BrowserCase
from tests.browser.crawl import Crawl, ask
from tests.browser.hostile import CASES, HOSTILE
from tests.browser.walk import Walk
from tests.end_to_end.server import ROOT
from tests.fake_upstream import Upstream

pytestmark = [pytest.mark.clients, pytest.mark.xdist_group("browser")]

HOSTILE_QUERY = quote(HOSTILE, safe="")

FOREIGN = """() => [...document.querySelectorAll("*")].filter((each) =>
  ["IFRAME", "BASE", "STYLE", "OBJECT", "EMBED"].includes(each.tagName) || each.onclick ||
  [...each.attributes].some((found) => /^on/i.test(found.name) || /^\\s*javascript:/i.test(found.value) &&
    ["href", "src", "action", "formaction"].includes(found.name)) ||
  each.tagName === "SCRIPT" && !/[/]static[/]script-[0-9a-f]+[.]js$/.test(each.src) ||
  each.tagName === "META" && each.httpEquiv
).map((each) => each.outerHTML.slice(0, 200))"""
"""Returns the elements and attributes that no page of ours has."""


class HostileTests(BrowserCase):
    address: str

    @classmethod
    def stocked(cls, upstream: Upstream) -> None:
        """The reason of a yanked release, and the metadata of a wheel, are the upstream's words."""
        super().stocked(upstream)
        evil = f"mid\nSummary: {HOSTILE}\nLicense: {HOSTILE}\nHome-page: javascript:alert(1)\nClassifier: {HOSTILE}"
        upstream.wheel("yanked", "1.0", [evil, f'top; extra == "{CASES[2]}"'], yanked=HOSTILE)
        upstream.wheel("denied", "1.0", [evil])

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        lines = [f"{LOCK}yanked==1.0\ndenied==1.0"]
        lines += [f'p{number}==1.0 ; python_version == "{text}"' for number, text in enumerate(CASES)]
        lines += [f"q{number}==={text}" for number, text in enumerate(CASES)]
        taken = [line for line in lines if cls.takes(line)]
        assert len(taken) > 5, "hardly anything hostile is left to show: this test needs another lock"
        cls.address = cls.committed("\n".join(taken) + "\n")
        command = [sys.executable, "-m", "reqpi", "deny", "denied", "--because", HOSTILE[:500], "--store"]
        subprocess.run([*command, str(cls.folder / "store")], cwd=ROOT, check=True, timeout=240, capture_output=True)
        for path in ("top/", "mid/", "yanked/", "denied/", *(f"{name}/" for name in cls.strange())):
            ask(f"{cls.address}simple/{path}")
        for name in cls.strange():
            ask(f"{cls.address}simple/top/{name}-1.0.tar.gz")
            ask(f"{cls.address}simple/top/top-1.0-{name}-none-any.whl")

    @classmethod
    def takes(cls, line: str) -> bool:
        """Return whether the server commits a lock of this line."""
        return ask(f"{cls.server.url}/locks", "POST", f"{line}\n".encode(), Accept="*/*").status in (200, 201)

    @staticmethod
    def strange() -> Iterator[str]:
        """Yield each case as a part of a URL."""
        return (quote(text, safe="") for text in CASES)

    def foreign(self, page: Page) -> list[str]:
        return [f"{page.url}: {each}" for each in page.evaluate(FOREIGN)]

    def test_what_strangers_say_is_text_on_every_page(self) -> None:
        base, cases = self.server.url, list(self.strange())
        starts = [f"{base}/", self.address, f"{self.address}?suggest=1"]
        starts += [f"{self.address}?{name}={HOSTILE_QUERY}" for name in ("q", "sort", "why", "suggest", "page")]
        starts += [f"{base}/{case}" for case in cases] + [f"{self.address}simple/top/{case}.whl" for case in cases]
        pages = Crawl.of(starts).pages
        self.assertGreaterEqual(len(pages), 20)
        watched = self.watched()
        wrong: list[str] = []
        seen = ""
        for url in pages:
            page = watched.open(url)
            wrong += self.foreign(page)
            seen += page.inner_text("body")
        self.assertEqual(wrong + watched.wrong, [])
        for text in (CASES[0], CASES[2], CASES[7]):
            self.assertIn(text, seen)

    def test_a_pasted_lock_with_defects_comes_back_as_text(self) -> None:
        watched = self.watched()
        walk = Walk(watched.page, self.server.url)
        text = "".join(f"{each}\n{each}==1.0\n" for each in CASES)
        walk.commit(text)
        self.assertEqual(walk.page.input_value("#text"), text)
        self.assertEqual(self.foreign(walk.page) + watched.wrong, [])

    def test_the_name_of_a_chosen_file_is_text(self) -> None:
        watched = self.watched()
        page = watched.open(f"{self.server.url}/")
        # Others are defects of the request, and only the first of those is shown.
        names = [f"{text}.txt".replace("/", "") for text in CASES if text.isprintable() and '"' not in text]
        files = [{"name": name, "mimeType": "text/plain", "buffer": b"top\n"} for name in names]
        page.set_input_files("#document", files)
        with page.expect_navigation():
            page.click("#commit-form button[type=submit]")
        self.assertIn("<script>alert(1)", page.inner_text("main"))
        self.assertEqual(self.foreign(page) + watched.wrong, [])

    def test_what_a_script_may_have_left_in_the_browser_is_text(self) -> None:
        """Another page of this host and port, long ago, may have written the recent addresses."""
        watched = self.watched()
        page = watched.open(f"{self.server.url}/")
        stored = [{"address": each, "at": each} for each in CASES] + [{"address": "0" * 64, "at": HOSTILE}]
        page.evaluate("(stored) => localStorage.setItem('reqpi-addresses', JSON.stringify(stored))", stored)
        page = watched.open(f"{self.server.url}/")
        self.assertEqual(page.locator("#recent-list li").count(), 1)
        self.assertEqual(self.foreign(page) + watched.wrong, [])
