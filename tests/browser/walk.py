"""What a person does on the pages, step by step."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

__all__ = ["DEFECTIVE", "Walk"]

DEFECTIVE = "top==1.0\nmid>=1.5\nextra\n"
"""A lock with two defects."""


class Walk:
    """A person in front of a browser.

    :param page: of the browser.
    :param base: the URL of the server.
    """

    def __init__(self, page: Page, base: str) -> None:
        self.page = page
        self._base = base

    def commit(self, lock: str) -> None:
        """Paste a lock into the form of the front page, and commit it."""
        self.page.goto(f"{self._base}/")
        self.page.fill("#text", lock)
        with self.page.expect_navigation():
            self.page.click("#commit-form button[type=submit]")

    @property
    def defects(self) -> list[str]:
        """The defects that the page shows."""
        return self.page.locator(".defects li").all_inner_texts()

    def copied(self, client: str) -> str:
        """Copy the lines for a client with the button beside them. Return the clipboard."""
        lines = self.page.locator(".clients details").filter(has=self.page.locator(f"summary:text-is('{client}')"))
        if lines.get_attribute("open") is None:
            lines.locator("summary").click()
        return self._copy(lines.locator("button"))

    def line_to_add(self) -> str:
        """Look up the line to add for what was refused, and copy it."""
        self.page.reload()
        with self.page.expect_navigation():
            self.page.get_by_role("link", name="Look up the lines to add").click()
        return self._copy(self.page.locator("[data-copy=lines-to-add]"))

    def _copy(self, button: Locator) -> str:
        button.click()
        self.page.get_by_text("Copied", exact=True).wait_for()
        text: str = self.page.evaluate("navigator.clipboard.readText()")
        return text
