"""What the tests in a browser have in common: one browser, one upstream and one server for each class."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Browser
from twisted.trial.unittest import SynchronousTestCase

from tests.browser.chromium import Watched, chromium
from tests.browser.crawl import ask
from tests.end_to_end.server import Server
from tests.fake_upstream import Upstream

__all__ = ["LOCK", "BrowserCase", "stock"]

LOCK = "top==1.0\nmid==1.5\n"
"""A lock that lacks ``extra``, which ``top`` needs."""


def stock(upstream: Upstream) -> None:
    """Fill an upstream."""
    upstream.wheel("top", "1.0", ["mid>=1", "extra"])
    upstream.wheel("mid", "1.5")
    upstream.wheel("extra", "1.0")


class BrowserCase(SynchronousTestCase):
    """A server in front of an upstream."""

    browser: Browser
    upstream: Upstream
    server: Server
    folder: Path

    @classmethod
    def setUpClass(cls) -> None:
        stack = ExitStack()
        cls.addClassCleanup(stack.close)
        cls.browser = stack.enter_context(chromium())
        cls.folder = Path(stack.enter_context(TemporaryDirectory()))
        cls.upstream = stack.enter_context(Upstream())
        cls.stocked(cls.upstream)
        options = ("--upstream", cls.upstream.url, *cls.options())
        cls.server = stack.enter_context(Server(cls.folder / "store", *options))

    @classmethod
    def stocked(cls, upstream: Upstream) -> None:
        """Fill the upstream."""
        stock(upstream)

    @classmethod
    def options(cls) -> Sequence[str]:
        """Return further options of the server."""
        return ()

    @classmethod
    def committed(cls, lock: str, query: str = "") -> str:
        """Commit a lock. Return the URL of its page."""
        got = ask(f"{cls.server.url}/locks{query}", "POST", lock.encode(), Accept="application/json")
        assert got.status in (200, 201, 202), got
        return got.headers["location"].removesuffix("simple/")

    def watched(self, **options: Any) -> Watched:
        """Return a page in a browser without a past.

        :param options: of playwright's contexts.
        """
        context = self.browser.new_context(**options)
        self.addCleanup(context.close)
        return Watched(context)
