"""The browser, and what a page in it must not do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from shutil import which
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, sync_playwright
from twisted.trial.unittest import SkipTest

__all__ = ["LIMIT", "Watched", "chromium", "overflow"]

LIMIT = 120_000
"""Milliseconds that a step may take on a busy machine."""

_ARGUMENTS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--force-color-profile=srgb",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser.

    :raises SkipTest: there is none on this machine.
    """
    program = which("chromium")
    if program is None:
        raise SkipTest("there is no chromium on PATH: Debian's package chromium has it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS, timeout=LIMIT)
        try:
            yield browser
        finally:
            browser.close()


class Watched:
    """A page of the browser that is watched for what it must not do.

    :ivar page: as playwright has it.
    :ivar wrong: dialogs, errors of scripts and of the console, and violations of the Content-Security-Policy.
    """

    def __init__(self, context: BrowserContext) -> None:
        self.wrong: list[str] = []
        self.page: Page = context.new_page()
        self.page.set_default_timeout(LIMIT)
        self.page.on("dialog", self._dialog)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.wrong.append(f"{self.page.url}: error of a script: {error}"))

    def open(self, url: str) -> Page:
        """Show a page, whatever its status is."""
        self.page.goto(url, wait_until="load")
        return self.page

    def _dialog(self, dialog: Dialog) -> None:
        self.wrong.append(f"{self.page.url}: a dialog: {dialog.message}")
        dialog.dismiss()

    def _console(self, message: ConsoleMessage) -> None:
        # The browser reports the status of the page itself, such as 410, as an error.
        of_the_page: Any = message.location.get("url") == self.page.url and "status of" in message.text
        if message.type in ("error", "warning") and not of_the_page:
            self.wrong.append(f"{self.page.url}: {message.type}: {message.text}")


def overflow(page: Page) -> list[str]:
    """Return the elements that make a page wider than the window; none if it is not wider."""
    found: list[str] = page.evaluate(
        """() => {
          const wide = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= wide) return [];
          return [...document.querySelectorAll("body *")]
            .filter((each) => each.getBoundingClientRect().right > wide + 0.5 && !each.closest(".scroll > *"))
            .map((each) => each.outerHTML.slice(0, 120)).slice(0, 5).concat("the page is too wide");
        }"""
    )
    return found
