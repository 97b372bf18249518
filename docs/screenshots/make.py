"""Make the screenshots of the pages for people, next to this file.

    python docs/screenshots/make.py

It starts a server in front of an upstream of the tests, fills both, and shows each page to Debian's Chromium: in a wide
window in light and dark, and in a narrow one. It needs the dependency group "test" and a chromium on PATH.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from playwright.sync_api import Browser, Page, ViewportSize  # noqa: E402

from tests.browser.chromium import chromium  # noqa: E402
from tests.browser.crawl import ask  # noqa: E402
from tests.browser.walk import Walk  # noqa: E402
from tests.end_to_end.server import Server  # noqa: E402
from tests.fake_upstream import Upstream  # noqa: E402

WINDOWS = {"light": (1000, 760, "light"), "dark": (1000, 760, "dark"), "narrow": (390, 844, "light")}
"""Each kind of screenshot: the width and height of the window, and the colours."""

REQUIRED = {
    "flask": ("3.1.1", ["werkzeug>=3.1", "jinja2>=3.1", "itsdangerous>=2.2", "click>=8.1", "blinker>=1.9"]),
    "werkzeug": ("3.1.3", ["markupsafe>=2.1"]),
    "jinja2": ("3.1.6", ["markupsafe>=2"]),
    "itsdangerous": ("2.2.0", []),
    "click": ("8.2.1", ['colorama; sys_platform == "win32"']),
    "markupsafe": ("3.0.2", []),
    "blinker": ("1.9.0", []),
}
"""Releases of the upstream, and what each requires."""

LACKING = "".join(f"{name}=={version}\n" for name, (version, _) in REQUIRED.items() if name != "blinker")
"""A lock without blinker, which flask requires."""

DEFECTIVE = LACKING.replace("werkzeug==3.1.3", "werkzeug>=3.1").replace("click==8.2.1", "click")


def main() -> None:
    """Make all screenshots."""
    with ExitStack() as stack:
        browser = stack.enter_context(chromium())
        upstream = stack.enter_context(Upstream())
        for name, (version, requires) in REQUIRED.items():
            upstream.wheel(name, version, requires)
            upstream.sdist(name, version, requires)
        folder = Path(stack.enter_context(TemporaryDirectory()))
        options = ("--upstream", upstream.url, "--url", "http://buildhost:2000", "--host", "127.0.0.1")
        server = stack.enter_context(Server(folder / "store", *options))
        for name, url in pages(server.url):
            show(browser, url, name)
        defects(browser, server.url)


def pages(base: str) -> Iterator[tuple[str, str]]:
    """Yield each page that this server has: its name, and its URL."""
    address, other = (committed(base, lock) for lock in (LACKING, LACKING.replace("3.1.1", "3.1.0")))
    for path in ("flask/", "werkzeug/", "jinja2/", "click/", "blinker/", "blinker/"):
        ask(f"{base}/{address}/simple/{path}")
    for path in ("flask/flask-3.1.1-py3-none-any.whl", "click/click-8.2.1-py3-none-any.whl"):
        ask(f"{base}/{address}/simple/{path}")
    ask(f"{base}/{other}/simple/flask/")
    yield "front", f"{base}/"
    yield "login", f"{base}/login"
    yield "address", f"{base}/{address}/"
    yield "refused", f"{base}/{address}/?suggest=1#refused"
    yield "error", f"{base}/{address}/simple/blinker/"
    below = {
        "pins": "pins",
        "file": "pins/flask/flask-3.1.1-py3-none-any.whl",
        "diff": f"diff/{other}",
        "graph": "graph",
        "why": "graph?why=markupsafe",
    }
    for name, path in below.items():
        url = f"{base}/{address}/{path}"
        if ask(url).status == 200:
            yield name, url


def committed(base: str, lock: str) -> str:
    """Commit a lock. Return its address."""
    got = ask(f"{base}/locks", "POST", lock.encode(), Accept="application/json")
    if got.status not in (200, 201):
        raise SystemExit(f"the lock was not committed: {got.body.decode()}")
    address: str = json.loads(got.body)["address"]
    return address


@contextmanager
def window(browser: Browser, kind: str) -> Iterator[Page]:
    """Open a page of a browser without a past."""
    width, height, scheme = WINDOWS[kind]
    size: ViewportSize = {"width": width, "height": height}
    context = browser.new_context(viewport=size, color_scheme="dark" if scheme == "dark" else "light")
    yield context.new_page()
    context.close()


def show(browser: Browser, url: str, name: str) -> None:
    """Make the screenshots of a page."""
    for kind in WINDOWS:
        with window(browser, kind) as page:
            page.goto(url)
            page.screenshot(path=HERE / f"{name}-{kind}.png")


def defects(browser: Browser, base: str) -> None:
    """Make the screenshots of a lock with defects, which has no URL of its own."""
    for kind in WINDOWS:
        with window(browser, kind) as page:
            Walk(page, base).commit(DEFECTIVE)
            page.locator("#defects").evaluate("(found) => found.scrollIntoView()")
            page.screenshot(path=HERE / f"defects-{kind}.png")


if __name__ == "__main__":
    main()
