"""The frame of pages for people: head, navigation, heading, footer, and the headers that a page is sent with.

Each page is an element of :mod:`twisted.web.template`, whose template is a file in ``templates/``. A page is made in
one step, often in a thread: everything that it shows is there before.
"""

from __future__ import annotations

from collections.abc import Awaitable
from functools import cache
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.web.server import Request
from twisted.web.template import Element, Tag, XMLString, renderer, tags

from reqpi import __version__
from reqpi.web.http.answers import after
from reqpi.web.pages.flattening import flattened
from reqpi.web.pages.static_files import FAVICON, SCRIPT, STYLE

__all__ = ["Frame", "Shown", "answer_page", "command", "root_of", "scrolled", "send_page", "template"]

_TEMPLATES = Path(__file__).parent / "templates"

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""The Content-Security-Policy of each page: its own files, no inline script or style, no frame around it."""

Shown = Any
"""An argument of :func:`reqpi.web.pages.flattening.flattened`: elements, tags, texts, and lists of them."""


@cache
def template(name: str) -> XMLString:
    """Return the template in a file, which is read once.

    :param name: of the file, without its ending.
    """
    return XMLString((_TEMPLATES / f"{name}.xml").read_bytes())


def root_of(request: Request) -> str:
    """Return the relative URL of the front page, as seen from the page of a request.

    A relative URL works behind a proxy that serves the server below a path.
    """
    path = (request.path or b"/").split(b"?")[0]
    return "../" * (path.count(b"/") - 1) or "./"


def command(name: str, text: str, label: str = "Copy") -> Tag:
    """Return lines to be pasted, with a button that copies them if scripts run.

    :param name: the id of the lines, of which a page has one.
    :param label: of the button, for a screen reader.
    """
    button = tags.button("Copy", type="button", class_="script", **{"data-copy": name, "aria-label": label})
    return tags.div(tags.pre(text, id=name, tabindex="0"), button, class_="command")


def scrolled(table: Tag, label: str) -> Tag:
    """Return a table that a person can scroll with the keyboard, even if nothing in it can be focused.

    :param label: of the region, for a screen reader.
    """
    return tags.div(table, class_="scroll", tabindex="0", role="region", **{"aria-label": label})


class Frame(Element):
    """A whole page.

    :param title: the heading, and the title of the window.
    :param root: see :func:`root_of`.
    :param body: what stands below the heading.
    """

    def __init__(self, title: str, root: str, body: Shown) -> None:
        super().__init__(template("frame"))
        self._title = title
        self._root = root
        self._body = body

    @renderer
    def fill(self, request: Request | None, tag: Tag) -> Tag:
        """Fill in all slots."""
        return tag.fillSlots(
            title=self._title,
            window="ReqPI" if self._title == "ReqPI" else f"{self._title} · ReqPI",
            root=self._root,
            style=f"{self._root}{STYLE}",
            script=f"{self._root}{SCRIPT}",
            icon=f"{self._root}{FAVICON}",
            body=self._body,
            version=f"ReqPI {__version__}",
        )

    def rendered(self) -> bytes:
        """Return the page as bytes."""
        return b"<!DOCTYPE html>\n" + flattened(self) + b"\n"


def send_page(request: Request, body: bytes) -> bytes:
    """Set the headers of a page for people, and return its body."""
    request.setHeader("Content-Type", "text/html; charset=utf-8")
    request.setHeader("Content-Length", str(len(body)))
    request.setHeader("Cache-Control", "no-store")
    request.setHeader("Content-Security-Policy", _POLICY)
    # With no-referrer, browsers say that a form comes from a page of the origin null, which is foreign.
    request.setHeader("Referrer-Policy", "same-origin")
    return body


def answer_page(request: Request, work: Awaitable[bytes]) -> Any:
    """Answer a request with the page that ``work`` returns, or with its error."""
    found: list[bytes] = []

    async def done() -> None:
        found.append(await work)

    return after(request, Deferred.fromCoroutine(done()), lambda: found[0])
