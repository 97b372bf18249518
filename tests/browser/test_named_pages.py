"""Each kind of page: for people with disabilities, in both colours, narrow and wide, with and without scripts."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from playwright.sync_api import Page, Route

from tests.browser.axe import axe_core, violations
from tests.browser.case import BrowserCase
from tests.browser.chromium import Watched, overflow
from tests.browser.named_pages import FOR_OPERATOR, FOR_PEOPLE, log_in, named_pages, new_token, options_of
from tests.browser.walk import DEFECTIVE, LOCK, Walk, stock_for_walk
from tests.fake_upstream import Upstream

pytestmark = [pytest.mark.clients, pytest.mark.xdist_group("browser")]

WINDOWS = ((390, "light"), (390, "dark"), (1280, "light"), (1280, "dark"))
"""Widths, and colours."""


class NamedPagesTests(BrowserCase):
    pages: dict[str, str]
    token: str

    @classmethod
    def stocked(cls, upstream: Upstream) -> None:
        stock_for_walk(upstream)
        upstream.wheel("werkzeug", "3.0.1", ["markupsafe>=2.1"])

    @classmethod
    def options(cls) -> Sequence[str]:
        cls.token = new_token(cls.folder)
        return options_of(cls.folder)

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.pages = named_pages(cls.server.url, cls.token)

    def look(self, page: Page, name: str, program: str, windows: Sequence[tuple[int, str]]) -> list[str]:
        """Return what is wrong with a page, in each window and each colour.

        :param program: axe-core, which examines the narrow light and the wide dark window; empty: the browser runs no
            scripts.
        """
        wrong = []
        if page.locator("h1").count() != 1 or page.locator("main").count() != 1:
            wrong.append(f"{name}: it has not one h1 and one main")
        for width, scheme in windows:
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            dark = page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
            if dark != (scheme == "dark"):
                wrong.append(f"{name}: its background is not {scheme}")
            examined = program and (width, scheme) in WINDOWS[::3]
            found = [*overflow(page), *(violations(page, program) if examined else [])]
            wrong += [f"{name}, {width} px, {scheme}: {each}" for each in found]
        return wrong

    def looked_at(
        self,
        person: Watched,
        operator: Watched,
        program: str,
        *,
        scripts: bool,
        windows: Sequence[tuple[int, str]] = WINDOWS,
    ) -> list[str]:
        """Return what is wrong with all pages.

        :param scripts: those of the pages run.
        """
        log_in(operator.page, self.server.url, self.token)
        wrong: list[str] = []
        for name, url in self.pages.items():
            watched = operator if name in FOR_OPERATOR else person
            wrong += self.look(watched.open(url), name, program, windows)
            if not scripts and watched.page.locator(".script:visible").count():
                wrong.append(f"{name}: it shows what needs a script")
        Walk(person.page, self.server.url).commit(DEFECTIVE)
        self.assertEqual(person.page.locator(".defects li").count(), 2)
        wrong += self.look(person.page, "defects", program, windows)
        return wrong + person.wrong + operator.wrong

    def test_every_kind_of_page_is_in_the_list(self) -> None:
        self.assertEqual(tuple(self.pages), FOR_PEOPLE)

    def test_each_is_sound_with_scripts(self) -> None:
        self.assertEqual(self.looked_at(self.watched(), self.watched(), axe_core(), scripts=True), [])

    def test_each_is_sound_without_scripts(self) -> None:
        """In a browser that runs none, and for axe-core in one that gets an empty one in the place of ours."""
        one, two = (self.watched(java_script_enabled=False) for _ in range(2))
        self.assertEqual(self.looked_at(one, two, "", scripts=False), [])
        one, two = self.watched(), self.watched()
        for watched in (one, two):
            watched.page.route("**/static/script-*.js", _answer_nothing)
        self.assertEqual(self.looked_at(one, two, axe_core(), scripts=False, windows=WINDOWS[::3]), [])

    def test_an_operator_denies_a_file_and_revokes_it_without_scripts(self) -> None:
        watched = self.watched(java_script_enabled=False)
        page = watched.page
        log_in(page, self.server.url, self.token)
        page.goto(self.pages["file"])
        page.get_by_text("Deny something").click()
        page.fill("#because", "it mines coins")
        page.get_by_role("button", name="Deny", exact=True).click()
        page.get_by_text("It is denied now.").wait_for()
        self.assertIn("/pins/flask?done=deny", page.url)
        page.get_by_role("button", name="Revoke the denial of sha256:").click()
        page.get_by_text("The denial is revoked.").wait_for()
        self.assertEqual(page.get_by_role("button", name="Revoke the denial of sha256:").count(), 0)
        self.assertEqual(watched.wrong, [])

    def test_a_person_holds_the_files_of_a_lock(self) -> None:
        """On this server anyone may; and no one sees how to deny something."""
        address = self.committed(f"{LOCK}# to be held\n")
        watched = self.watched()
        page = watched.open(address)
        self.assertEqual(page.get_by_text("Deny something").count(), 0)
        page.get_by_role("button", name="Hold all files").click()
        page.get_by_text("The hold has begun").wait_for()
        self.assertEqual(watched.wrong, [])


def _answer_nothing(route: Route) -> None:
    route.fulfill(body="", content_type="text/javascript")


DROP = """([selector, files, kinds]) => {
  const moved = new DataTransfer();
  for (const [name, text] of files) moved.items.add(new File([text], name, { type: "text/plain" }));
  const target = document.querySelector(selector);
  for (const kind of kinds) {
    target.dispatchEvent(new DragEvent(kind, { dataTransfer: moved, bubbles: true, cancelable: true }));
  }
}"""
"""Drags files over an element, and lets them fall on it."""


class DropTests(BrowserCase):
    def dropped(self, *files: tuple[str, str]) -> Watched:
        """Drop files on the front page."""
        watched = self.watched()
        page = watched.open(f"{self.server.url}/")
        page.evaluate(DROP, ["#drop", list(files), ["dragenter", "dragover"]])
        self.assertIn("over", page.get_attribute("#drop", "class") or "")
        page.evaluate(DROP, ["#drop", list(files), ["drop"]])
        self.assertNotIn("over", page.get_attribute("#drop", "class") or "")
        page.get_by_text("Its address will be").wait_for()
        return watched

    def computed(self, watched: Watched) -> str:
        return watched.page.inner_text("#computed").rpartition(" ")[2]

    def send(self, watched: Watched) -> None:
        with watched.page.expect_navigation():
            watched.page.click("#commit-form button[type=submit]")

    def test_a_lock_that_is_dropped_is_committed_at_the_computed_address(self) -> None:
        watched = self.dropped(("requirements.txt", "top==1.0\nmid==1.5\n# dropped\n"))
        computed = self.computed(watched)
        self.send(watched)
        self.assertEqual(watched.page.inner_text("#address"), computed)
        self.assertEqual(watched.wrong, [])

    def test_two_files_that_are_dropped_are_one_lock(self) -> None:
        watched = self.dropped(("requirements.txt", "-r more.txt\ntop==1.0\n"), ("more.txt", "mid==1.5\n"))
        computed = self.computed(watched)
        self.send(watched)
        self.assertEqual(watched.page.inner_text("#address"), computed)
        self.assertIn("more.txt", watched.page.inner_text("main"))
        self.assertEqual(watched.wrong, [])

    def test_a_defect_of_a_dropped_file_is_shown_at_its_line(self) -> None:
        watched = self.dropped(("requirements.txt", "top==1.0\nmid\n"))
        self.send(watched)
        self.assertIn("line 2", watched.page.inner_text(".defects li"))
        self.assertEqual(watched.wrong, [])

    def test_a_file_and_a_text_are_not_committed_together(self) -> None:
        """The page says so before and after the form is sent."""
        watched = self.dropped(("requirements.txt", "top==1.0\n"))
        watched.page.fill("#text", "mid==1.5\n")
        watched.page.get_by_text("Choose files, or paste a text: not both.").wait_for()
        self.send(watched)
        self.assertIn("Nothing was committed", watched.page.inner_text("main"))
        self.assertEqual(watched.page.input_value("#text"), "mid==1.5\n")
        self.assertEqual(watched.wrong, [])
