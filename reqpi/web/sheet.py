"""The frame of HTML pages for people: style sheet, heading, footer, and the headers that a page is sent with."""

from __future__ import annotations

from twisted.python.failure import Failure
from twisted.web.server import Request
from twisted.web.template import Element, Tag, TagLoader, flattenString, renderer, slot, tags

from reqpi import __version__

__all__ = ["Sheet", "send"]

_STYLE = """
:root { color-scheme: light dark; --faint: color-mix(in srgb, currentColor 55%, transparent);
  --line: color-mix(in srgb, currentColor 18%, transparent); --wash: color-mix(in srgb, currentColor 6%, transparent) }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2.5rem auto; max-width: 60rem; padding: 0 1.25rem }
h1 { font-size: 1.5rem; margin: 0 0 .25rem } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
code, pre { font: 14px/1.5 ui-monospace, monospace; overflow-wrap: anywhere }
pre { background: var(--wash); border-radius: 6px; padding: .75rem 1rem; overflow-x: auto; overflow-wrap: normal }
table { border-collapse: collapse; width: 100% } caption { text-align: left; color: var(--faint) }
th, td { text-align: left; vertical-align: top; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line) }
th { font-weight: 600 } td.number { text-align: right; font-variant-numeric: tabular-nums }
.faint, footer { color: var(--faint) } footer { margin-top: 3rem; font-size: .875rem }
"""


class Sheet(Element):
    """A page: a title and a body.

    :param body: the elements between the heading and the footer.
    """

    loader = TagLoader(
        tags.html(
            tags.head(
                tags.meta(charset="utf-8"),
                tags.meta(name="viewport", content="width=device-width, initial-scale=1"),
                tags.title(slot("title")),
                tags.style(_STYLE),
            ),
            tags.body(tags.h1(slot("title")), slot("body"), tags.footer(f"ReqPI {__version__}")),
            lang="en",
            render="fill",
        )
    )

    def __init__(self, title: str, body: list[Tag]) -> None:
        super().__init__()
        self._title = title
        self._body = body

    @renderer
    def fill(self, request: Request, tag: Tag) -> Tag:
        """Fill in the title and the body."""
        return tag.fillSlots(title=self._title, body=self._body)

    def rendered(self) -> bytes:
        """Return the page as bytes. Nothing in it is asynchronous, so the result is there at once."""
        outcome: list[bytes | Failure] = []
        flattenString(None, self).addBoth(outcome.append)
        if isinstance(outcome[0], Failure):
            outcome[0].raiseException()
        return b"<!DOCTYPE html>\n" + outcome[0] + b"\n"


def send(request: Request, body: bytes) -> bytes:
    """Set the headers of a page for people, and return its body. No script runs on it, and nothing is loaded."""
    request.setHeader("Content-Type", "text/html; charset=utf-8")
    request.setHeader("Content-Length", str(len(body)))
    request.setHeader("Cache-Control", "no-store")
    request.setHeader(
        "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    )
    request.setHeader("Referrer-Policy", "no-referrer")
    return body
