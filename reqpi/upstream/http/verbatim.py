"""Requests through treq whose URLs, headers and bodies treq does not change.

By itself treq would normalise a URL, although a presigned one has to arrive as it was signed; offer gzip, although some
servers label a ``.tar.gz`` as encoded with gzip, and decoding it would change the file; decode gzip without a bound;
and keep cookies. A URL that is sent as written, an agent below treq, and a cookie jar that accepts nothing prevent it.
"""

from __future__ import annotations

from typing import Any

from hyperlink import EncodedURL
from treq.client import HTTPClient
from treq.cookies import IndexableCookieJar
from twisted.internet.defer import Deferred
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer, IResponse
from zope.interface import implementer

__all__ = ["get_verbatim"]

_CODING = b"Content-Encoding"


class _UrlAsWritten(EncodedURL):
    """A URL that treq sends as it is written.

    Besides normalising URLs, hyperlink 21 fails on IPv6 addresses (python-hyper/hyperlink#188), and on names with an
    underscore, which the networks of containers have.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def to_uri(self) -> EncodedURL:
        """Return this URL."""
        return self

    def to_text(self, with_password: bool = False) -> str:
        """Return the URL as it was written."""
        return self._text


class _NoCookies(IndexableCookieJar):
    """A cookie jar that accepts nothing and sends nothing."""

    def add_cookie_header(self, request: Any) -> None:
        """Add no header."""

    def extract_cookies(self, response: Any, request: Any) -> None:
        """Accept no cookie."""


_NO_COOKIES = _NoCookies()


@implementer(IAgent)
class _Verbatim:
    """An agent below treq for one request, which sends the headers that treq was given.

    It hides the content coding of the response from treq, so that treq does not decode the body.
    :mod:`reqpi.upstream.http.gzip` decodes pages within a bound, and in a thread.
    """

    def __init__(self, agent: IAgent, headers: Headers) -> None:
        self._agent = agent
        self._headers = headers
        self._coding: list[bytes] | None = None

    def request(
        self, method: bytes, uri: bytes, headers: Headers | None = None, bodyProducer: IBodyProducer | None = None
    ) -> Deferred[IResponse]:
        """See :class:`twisted.web.iweb.IAgent`."""
        asked: Deferred[IResponse] = self._agent.request(method, uri, self._headers, bodyProducer)
        return asked.addCallback(self._hide)

    def restore(self, response: IResponse) -> IResponse:
        """Return the response with its content coding."""
        if self._coding is None:
            response.headers.removeHeader(_CODING)  # treq adds an empty one
        else:
            response.headers.setRawHeaders(_CODING, self._coding)
        return response

    def _hide(self, response: IResponse) -> IResponse:
        self._coding = response.headers.getRawHeaders(_CODING)
        response.headers.removeHeader(_CODING)
        return response


def get_verbatim(agent: IAgent, url: bytes, headers: Headers, reactor: Any) -> Deferred[IResponse]:
    """Get ``url`` through treq, without following redirects.

    :param url: as it is to be sent.
    :param reactor: for treq, which would otherwise import the global one.
    :returns: the response, with its body unread and still encoded.
    """
    below = _Verbatim(agent, headers)
    asked: Deferred[Any] = HTTPClient(below, _NO_COOKIES).get(
        _UrlAsWritten(url.decode("ascii")),
        headers=headers,
        cookies=_NO_COOKIES,
        allow_redirects=False,
        unbuffered=True,
        reactor=reactor,
    )
    return asked.addCallback(below.restore)
