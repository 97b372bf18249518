"""Make the screenshots of the pages for people, next to this file.

    python docs/screenshots/make.py [walk | pages]

It starts a server in front of an upstream of the tests, fills both, and shows each page to Debian's Chromium: in a wide
window in light and dark, and in a narrow one. Then it takes the walk of the tests, with the real pip, and makes a
picture of each step. It needs the dependency group "screenshots" and a chromium on PATH.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from socket import SO_REUSEADDR, SOL_SOCKET, socket
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from PIL import Image  # noqa: E402
from playwright.sync_api import Browser, Page, ViewportSize  # noqa: E402

from tests.browser.chromium import LIMIT, chromium  # noqa: E402
from tests.browser.named_pages import FOR_OPERATOR, log_in, named_pages, new_token, options_of  # noqa: E402
from tests.browser.walk import DEFECTIVE, Pip, Walk, stock_for_walk, walked  # noqa: E402
from tests.end_to_end.server import Server  # noqa: E402
from tests.fake_upstream import Upstream  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

WINDOWS = {"light": (1000, 1000, "light"), "dark": (1000, 1000, "dark"), "narrow": (390, 1000, "light")}
"""Each kind of screenshot: its width, its height at most, and the colours."""

PORT = 2000
"""The port of the server in the pictures, if it is free."""

LEFT_OUT = frozenset({"search", "project", "compare", "missing", "forbidden"})
"""Pages that look like another one."""

OPENED = {"pins": ".pins details", "actions": "#actions details", "deny": "#actions details"}
"""The selector, by page, whose first element is opened before the picture is made."""

BEGINS = {"refused": "#refused", "actions": "#actions"}
"""Where the picture of a page begins, if it is not at its top."""

END = """([selector, most]) => {
  const begin = selector ? document.querySelector(selector).getBoundingClientRect().top + scrollY - 16 : 0;
  const parts = [...document.querySelectorAll("body *")].filter((each) => !each.closest("svg svg, svg *"));
  const ends = parts.map((each) => each.getBoundingClientRect().bottom + scrollY).filter((end) => end > begin);
  const pad = 3;
  const cut = (end) => parts.some((each) => {
    const box = each.getBoundingClientRect();
    const leaf = !each.children.length || ["SUMMARY", "TR", "P", "LI", "BUTTON"].includes(each.tagName);
    return leaf && box.height > 0 && box.top + scrollY < end - 1 && box.bottom + scrollY > end + 1;
  });
  const fitting = ends.filter((end) => end - begin <= most && !cut(end));
  return [begin, Math.min(Math.max(...fitting, begin + 200) + pad, document.documentElement.scrollHeight)];
}"""
"""Returns where a picture begins, and where it can end without cutting a line."""


def main() -> None:
    """Make all screenshots, or those of the walk or of the pages alone."""
    parts, port = sys.argv[1:] or ["walk", "pages"], usual_port()
    with ExitStack() as stack:
        browser = stack.enter_context(chromium())
        upstream = stack.enter_context(Upstream())
        stock_for_walk(upstream)
        for name, (version, requires) in {"werkzeug": ("3.0.1", ["markupsafe>=2.1"])}.items():
            upstream.wheel(name, version, requires)
        folder = Path(stack.enter_context(TemporaryDirectory()))
        token = new_token(folder)
        options = ("--upstream", upstream.url, *options_of(folder))
        if "walk" in parts:
            with Server(folder / "walk", "--upstream", upstream.url, port=port) as server:
                walk(browser, server.url, folder)
        if "pages" in parts:
            with Server(folder / "store", *options, port=port) as server:
                for name, url in named_pages(server.url, token).items():
                    if name not in LEFT_OUT:
                        show(browser, server.url, name, url, token)
                defects(browser, server.url)


def usual_port() -> int:
    """Return the port of a server if it is free, or 0 for any."""
    with socket() as one:
        one.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", PORT))
        except OSError:
            return 0
    return PORT


def walk(browser: Browser, base: str, folder: Path) -> None:
    """Make a picture of each step of the walk."""
    with window(browser, "light") as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=base)
        for number, (name, _) in enumerate(walked(Walk(page, base), Pip(folder)), 1):
            begin = {
                "defects": "#defects",
                "refused": "#refused",
                "line": "#refused",
                "copied": "#use",
                "fixed": "#commit-form",
            }.get(name, "")
            shoot(page, f"walk-{number:02}-{name}", 760, begin)


def show(browser: Browser, base: str, name: str, url: str, token: str) -> None:
    """Make the screenshots of a page."""
    for kind, (_, height, _) in WINDOWS.items():
        with window(browser, kind) as page:
            if name in FOR_OPERATOR:
                log_in(page, base, token)
            page.goto(url)
            if name in OPENED:
                page.locator(OPENED[name]).first.locator("summary").click()
            shoot(page, f"{name}-{kind}", height, BEGINS.get(name, ""))


def defects(browser: Browser, base: str) -> None:
    """Make the screenshots of a lock with defects, which has no URL of its own."""
    for kind, (_, height, _) in WINDOWS.items():
        with window(browser, kind) as page:
            Walk(page, base).commit(DEFECTIVE)
            shoot(page, f"defects-{kind}", height, "#commit")


@contextmanager
def window(browser: Browser, kind: str) -> Iterator[Page]:
    """Open a page of a browser without a past."""
    width, height, scheme = WINDOWS[kind]
    size: ViewportSize = {"width": width, "height": height}
    context = browser.new_context(viewport=size, color_scheme="dark" if scheme == "dark" else "light")
    page = context.new_page()
    page.set_default_timeout(LIMIT)
    yield page
    context.close()


def shoot(page: Page, name: str, most: int, begin: str = "") -> None:
    """Make a small picture of a page.

    :param most: its height at most.
    :param begin: the element at its top; empty: the page.
    """
    page.mouse.move(0, 0)
    top, end = page.evaluate(END, [begin, most])
    width = page.viewport_size["width"] if page.viewport_size else 0
    clip = {"x": 0, "y": max(top, 0), "width": width, "height": end - max(top, 0)}
    data = page.screenshot(full_page=True, clip=clip)  # type: ignore[arg-type]
    picture = Image.open(BytesIO(data)).convert("RGB").quantize(128, dither=Image.Dither.NONE)
    picture.save(HERE / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
