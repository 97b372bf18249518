"""Single requests, for setup and for checking responses. Loads are in :mod:`benchmarks.load`."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from email.message import Message
from urllib.error import HTTPError
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

from attrs import frozen

__all__ = ["Answer", "get"]

_UNVERIFIED = ssl.create_default_context()
_UNVERIFIED.check_hostname = False
_UNVERIFIED.verify_mode = ssl.CERT_NONE  # the server is on loopback and its certificate is self-signed
_OPENER = build_opener(ProxyHandler({}), HTTPSHandler(context=_UNVERIFIED))


@frozen
class Answer:
    """A response, which may be an error."""

    status: int
    headers: Message
    body: bytes
    url: str


def get(url: str, headers: Mapping[str, str] | None = None, body: bytes | None = None, method: str = "") -> Answer:
    """Send one request on a connection of its own, and return the response.

    :param method: by default POST with a body, GET without one.
    :raises OSError: no server answers there.
    """
    request = Request(url, data=body, headers=dict(headers or {}), method=method or None)
    try:
        with _OPENER.open(request, timeout=120) as answer:
            return Answer(answer.status, answer.headers, answer.read(), answer.url)
    except HTTPError as error:
        return Answer(error.code, error.headers, error.read(), url)
