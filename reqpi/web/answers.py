"""The ordinary stack's side of :mod:`reqpi.web.forms`: what is asked, and sending what is answered."""

from __future__ import annotations

from twisted.web.server import Request

from reqpi import simple
from reqpi.web.forms import Answer, Asked, Representation, answer, takes_gzip
from reqpi.web.headers import listed

__all__ = ["asked", "send", "send_representation"]


def asked(request: Request) -> Asked:
    """What the head of a request asks for."""
    return Asked(
        simple.choose(listed(request, "Accept")),
        takes_gzip(listed(request, "Accept-Encoding")),
        listed(request, "If-None-Match"),
    )


def send(request: Request, made: Answer) -> bytes:
    """Set the head of the response, and return its body."""
    request.setResponseCode(made.status)
    for name, value in made.headers:
        request.setHeader(name, value)
    return made.body


def send_representation(request: Request, shown: Representation) -> bytes:
    """Set the head of the response, and return its body: empty for a client that has it already."""
    return send(request, answer(shown, asked(request)))
