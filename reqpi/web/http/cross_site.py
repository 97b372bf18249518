"""Requests that a web page of another site has a browser make.

A browser sends a POST for any page, and only keeps the answer from it. It names the page in ``Origin``, and tells in
``Sec-Fetch-Site`` how the page is related to the server. Programs send neither.
"""

from __future__ import annotations

import re

from twisted.web.server import Request

from reqpi.web.http.headers import all_of, has_header, header
from reqpi.web.http.problems import CROSS_SITE, Problem

__all__ = ["problem_of_page"]

_CHANGING = (b"POST", b"DELETE")
"""The methods that change something."""

_URL = re.compile(r"https?://([^/?#@]+)")

_DEFAULT_PORT = re.compile(r":(?:80|443)$")


def problem_of_page(request: Request, own_url: str) -> Problem | None:
    """Return the problem if a page of another site makes a request that changes something; ``None`` for any other.

    :param own_url: the URL of this server as the client sees it.
    """
    if request.method not in _CHANGING or not _is_foreign(request, own_url):
        return None
    return Problem(
        CROSS_SITE, "not from another site", "A web page of another origin may not change anything on this server."
    )


def _is_foreign(request: Request, own_url: str) -> bool:
    if "cross-site" in all_of(request, "Sec-Fetch-Site"):
        return True
    own = {_authority(own_url), _plain(header(request, "Host"))}
    return has_header(request, "Origin") and any(_authority(each) not in own for each in all_of(request, "Origin"))


def _authority(url: str) -> str:
    """Return host and port of a URL; a text that no ``Host`` can equal if it has none, as in ``Origin: null``."""
    match = _URL.match(url)
    return _plain(match[1]) if match else "/"


def _plain(authority: str) -> str:
    """Return host and port in lower case, without a default port: TLS may end at a proxy, so the scheme is unknown."""
    return _DEFAULT_PORT.sub("", authority.lower())
