"""The walk of a person from a lock with defects to a build that passes: on the pages, and with the real pip.

The test takes it, and so does ``docs/screenshots/make.py``: each step is shown, in a picture that is kept or not.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path

from attrs import field, frozen
from playwright.sync_api import Locator, Page

from tests.fake_upstream import Upstream

__all__ = ["DEFECTIVE", "LOCK", "REQUIRED", "STEPS", "Pip", "Walk", "stock_for_walk", "walked"]

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

LOCK = "".join(f"{name}=={version}\n" for name, (version, _) in REQUIRED.items() if name != "blinker")
"""A lock without blinker, which flask requires."""

DEFECTIVE = LOCK.replace("werkzeug==3.1.3", "werkzeug>=3.1").replace("click==8.2.1", "click")
"""The same lock with two defects, in lines 2 and 5."""

_TERMINAL = """<!DOCTYPE html><html lang="en"><head><title>A terminal</title><style>
body {{ margin: 0; padding: 1.25rem; background: #10151c; color: #e6edf3 }} .failed {{ color: #ff8a80 }}
pre {{ margin: 0; font: 14px/1.5 ui-monospace, SFMono-Regular, Menlo, monospace; white-space: pre-wrap;
overflow-wrap: anywhere }}</style></head><body><pre>{text}</pre></body></html>"""


def stock_for_walk(upstream: Upstream) -> None:
    """Fill an upstream with the releases of the walk."""
    for name, (version, requires) in REQUIRED.items():
        upstream.wheel(name, version, requires)
        upstream.sdist(name, version, requires)


class Walk:
    """A person in front of a browser.

    :param page: of the browser.
    :param base: the URL of the server.
    """

    def __init__(self, page: Page, base: str) -> None:
        self.page = page
        self._base = base

    def front(self) -> None:
        """Open the front page."""
        self.page.goto(f"{self._base}/")

    def paste(self, lock: str) -> None:
        """Paste a lock into the form of the front page."""
        self.front()
        self.page.fill("#text", lock)

    def send(self) -> None:
        """Send the form."""
        with self.page.expect_navigation():
            self.page.click("#commit-form button[type=submit]")

    def commit(self, lock: str) -> None:
        """Paste a lock into the form of the front page, and commit it."""
        self.paste(lock)
        self.send()

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
        with self.page.expect_navigation():
            self.page.get_by_role("link", name="Look up the lines to add").click()
        return self._copy(self.page.locator("[data-copy=lines-to-add]"))

    def show_terminal(self, commands: str, said: str) -> None:
        """Show what the person sees in a terminal."""
        typed = "".join(f"$ {line}\n" for line in commands.splitlines())
        shown = "".join(map(_shown, said.splitlines(keepends=True)))
        self.page.goto("about:blank")
        self.page.set_content(_TERMINAL.format(text=f"{escape(typed)}{shown}"))

    def _copy(self, button: Locator) -> str:
        button.click()
        self.page.get_by_text("Copied", exact=True).wait_for()
        text: str = self.page.evaluate("navigator.clipboard.readText()")
        return text


def _shown(line: str) -> str:
    """Return a line of a terminal as markup; an error is red."""
    return f'<span class="failed">{escape(line)}</span>' if line.startswith("ERROR") else escape(line)


@frozen
class Pip:
    """The real pip, in a shell with nothing but a folder of its own, into which it installs.

    :param folder: is emptied by no one.
    """

    folder: Path
    target: Path = field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "target", self.folder / "target")

    def run(self, commands: str, lock: str) -> tuple[int, str]:
        """Run what was copied, next to the lock. Return the status, and what it said, without any path."""
        (self.folder / "requirements.txt").write_text(lock)
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environ = {"PATH": path, "HOME": str(self.folder), "PIP_TARGET": str(self.target)}
        environ |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_CACHE_DIR": "1", "PIP_PROGRESS_BAR": "off"}
        done = subprocess.run(
            ["sh", "-euc", commands],
            cwd=self.folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
            check=False,
        )
        return done.returncode, done.stdout.replace(str(self.folder), "~")


STEPS = (
    "front",
    "defects",
    "fixed",
    "address",
    "copied",
    "refused-by-pip",
    "refused",
    "line",
    "again",
    "passes",
)
"""The pictures of the walk, in order."""


def walked(walk: Walk, pip: Pip) -> Iterator[tuple[str, str]]:
    """Take the walk. Yield each step when it can be seen: its name, and what was said, copied or found in it."""
    walk.front()
    yield "front", ""
    walk.commit(DEFECTIVE)
    walk.page.locator("#defects").evaluate("(found) => found.scrollIntoView()")
    yield "defects", "\n".join(walk.defects)
    walk.page.fill("#text", LOCK)
    walk.page.get_by_text("Its address will be").wait_for()
    yield "fixed", walk.page.inner_text("#computed")
    walk.send()
    address = walk.page.url
    yield "address", walk.page.inner_text("main")
    commands = walk.copied("pip")
    yield "copied", commands
    status, said = pip.run(commands, LOCK)
    walk.show_terminal(commands, said)
    yield "refused-by-pip", f"{status}\n{said}"
    walk.page.goto(f"{address}#refused")
    yield "refused", walk.page.inner_text("main")
    line = walk.line_to_add()
    yield "line", line
    repaired = f"{LOCK}{line}\n"
    walk.commit(repaired)
    yield "again", walk.page.inner_text("main")
    commands = walk.copied("pip")
    status, said = pip.run(commands, repaired)
    walk.show_terminal(commands, said)
    yield "passes", f"{status}\n{said}"
