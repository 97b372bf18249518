"""The headers of a request as text, whatever bytes they have; Twisted's own decoding fails on invalid UTF-8."""

from __future__ import annotations

from twisted.web.server import Request

__all__ = ["has_header", "header", "listed"]


def header(request: Request, name: str) -> str:
    """Return the value of a header, the last one if it is repeated; empty if it is missing."""
    return _values(request, name)[-1]


def has_header(request: Request, name: str) -> bool:
    """Return whether the request has a header, even an empty one."""
    return bool(request.requestHeaders.hasHeader(name.encode("ascii")))


def listed(request: Request, name: str) -> str:
    """Return the value of a header that is a list, which may be in several lines (:rfc:`9110`, section 5.3)."""
    return ",".join(_values(request, name))


def _values(request: Request, name: str) -> list[str]:
    # ISO 8859-1 has a character for every byte.
    values = request.requestHeaders.getRawHeaders(name.encode("ascii")) or [b""]
    return [value.decode("iso-8859-1") for value in values]
