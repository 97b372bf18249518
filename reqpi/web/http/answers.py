"""The ordinary stack's side of :mod:`reqpi.web.http.representation`: what is asked, and sending what is answered."""

from __future__ import annotations

from twisted.web.server import Request

from reqpi.core import simple
from reqpi.core.errors import OtherBytes
from reqpi.web.http.headers import has_header, listed
from reqpi.web.http.representation import (
    Representation,
    RepresentationRequest,
    RepresentationResponse,
    answer,
    etag_of,
    is_named,
    takes_gzip,
)

__all__ = ["asked", "hold_to", "send", "send_representation"]


def asked(request: Request) -> RepresentationRequest:
    """What the head of a request asks for."""
    return RepresentationRequest(
        simple.choose(listed(request, "Accept")),
        takes_gzip(listed(request, "Accept-Encoding")),
        listed(request, "If-None-Match"),
    )


def send(request: Request, made: RepresentationResponse) -> bytes:
    """Set the head of the response, and return its body."""
    request.setResponseCode(made.status)
    for name, value in made.headers:
        request.setHeader(name, value)
    return made.body


def send_representation(request: Request, shown: Representation) -> bytes:
    """Set the head of the response, and return its body: empty for a client that has it already.

    :raises OtherBytes: the client wants others, or none.
    """
    what = asked(request)
    hold_to(request, etag_of(shown, what))
    return send(request, answer(shown, what))


def hold_to(request: Request, etag: str) -> None:
    """Go on if what has this tag is what the client wants (``If-Match``; :rfc:`9110`, section 13.1.1).

    :raises OtherBytes: it is not.
    """
    if has_header(request, "If-Match") and not is_named(listed(request, "If-Match"), etag):
        raise OtherBytes("it has another ETag", f"The ETag here is {etag}, which If-Match does not name.")
