"""The headers of a request as text, whatever bytes they have; Twisted's own decoding fails on invalid UTF-8."""

from __future__ import annotations

from twisted.web.server import Request

__all__ = ["all_of", "has_header", "header", "listed"]


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
