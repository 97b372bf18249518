"""Asking a server once, for setting up and for looking at what it answers. Loads are in :mod:`benchmarks.load`."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from email.message import Message
from urllib.error import HTTPError
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

from attrs import frozen

__all__ = ["Answer", "get"]

_ANYBODY = ssl.create_default_context()
_ANYBODY.check_hostname = False
_ANYBODY.verify_mode = ssl.CERT_NONE  # of loopback, signed by itself
_OPENER = build_opener(ProxyHandler({}), HTTPSHandler(context=_ANYBODY))


@frozen
class Answer:
    """What came back, errors included."""

    status: int
    headers: Message
    body: bytes
    url: str


def get(url: str, headers: Mapping[str, str] | None = None, body: bytes | None = None, method: str = "") -> Answer:
    """Ask on a connection of its own.

    :raises OSError: there is nobody.
    """
    request = Request(url, data=body, headers=dict(headers or {}), method=method or None)
    try:
        with _OPENER.open(request, timeout=120) as answer:
            return Answer(answer.status, answer.headers, answer.read(), answer.url)
    except HTTPError as error:
        return Answer(error.code, error.headers, error.read(), url)
