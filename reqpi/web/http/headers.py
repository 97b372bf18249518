"""The headers of a request as text, whatever bytes they have; Twisted's own decoding fails on invalid UTF-8."""

from __future__ import annotations

from twisted.web.server import Request

from reqpi.core.simple.accept import weights

__all__ = ["all_of", "has_header", "header", "listed", "prefers_html"]


def header(request: Request, name: str) -> str:
    """Return the value of a header, the last one if it is repeated; empty if it is missing."""
    values = all_of(request, name)
    return values[-1] if values else ""


def has_header(request: Request, name: str) -> bool:
    """Return whether the request has a header, even an empty one."""
    return bool(request.requestHeaders.hasHeader(name.encode("ascii")))


def listed(request: Request, name: str) -> str:
    """Return the value of a header that is a list, which may be in several lines (:rfc:`9110`, section 5.3)."""
    return ",".join(all_of(request, name))


def all_of(request: Request, name: str) -> list[str]:
    """Return every value of a header, in order."""
    # ISO 8859-1 has a character for every byte.
    return [value.decode("iso-8859-1") for value in request.requestHeaders.getRawHeaders(name.encode("ascii")) or ()]


def prefers_html(request: Request) -> bool:
    """Return whether a browser shows the answer to a person.

    Old pips accept ``text/html`` alone. Only a browser accepts XHTML too.
    """
    wanted = weights(listed(request, "Accept"))
    return wanted.get("text/html", 0.0) >= 1.0 and "application/xhtml+xml" in wanted
