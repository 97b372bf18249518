"""Asking an upstream over HTTP: bounded in size and time, redirects followed with care, credentials kept at home."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import SplitResult, unquote, urljoin, urlsplit, urlunsplit

from attrs import frozen
from treq.client import HTTPClient
from twisted.internet.defer import CancelledError, TimeoutError
from twisted.internet.error import ConnectError, ConnectingCancelledError, ConnectionClosed, DNSLookupError
from twisted.internet.interfaces import IReactorTime
from twisted.web.client import Agent, HTTPConnectionPool, ResponseFailed, ResponseNeverReceived
from twisted.web.error import SchemeNotSupported
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer, IResponse
from zope.interface import implementer

from reqpi import __version__
from reqpi.errors import NotFound, UpstreamTrouble
from reqpi.origins.body import Body

__all__ = ["Credentials", "Http", "make_agent", "split_credentials"]

_CONNECT = 10.0
"""Seconds for a connection: a dead upstream costs a client no more."""

_HEAD = 30.0
"""Seconds until the head of a response."""

_REDIRECTS = 5

_CONNECTIONS = 32
"""Kept connections a host. Twisted's own default of 2 makes a lock of 300 pins wait."""


@frozen
class Credentials:
    """Who we are to one upstream, and where that may be said: to this scheme, host and port alone."""

    origin: tuple[str, str, int | None]
    header: str

    def for_url(self, url: str) -> str | None:
        """The ``Authorization`` for ``url``, or ``None`` where it is none of its business."""
        return self.header if _origin_of(urlsplit(url)) == self.origin else None


def split_credentials(url: str) -> tuple[str, Credentials | None]:
    """``url`` without its userinfo, and what that said (:rfc:`7617`)."""
    parts = urlsplit(url)
    if parts.username is None and parts.password is None:
        return url, None
    token = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}".encode()
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return bare, Credentials(_origin_of(parts), f"Basic {base64.b64encode(token).decode('ascii')}")


def make_agent(reactor: Any) -> Agent:
    """An agent with a pool of kept connections."""
    pool = HTTPConnectionPool(reactor, persistent=True)
    pool.maxPersistentPerHost = _CONNECTIONS
    return Agent(reactor, connectTimeout=_CONNECT, pool=pool)


class Http:
    """Gets URLs.

    :param agent: see :func:`make_agent`.
    :param clock: what time-outs are counted on.
    :param credentials: for the upstream itself.
    """

    def __init__(self, agent: IAgent, clock: IReactorTime, credentials: Credentials | None = None) -> None:
        self._decoding = HTTPClient(agent)
        self._verbatim = HTTPClient(_Verbatim(agent))
        self._clock = clock
        self._credentials = credentials

    async def get(self, url: str, headers: dict[str, str], *, verbatim: bool = False) -> tuple[str, IResponse, Body]:
        """Get ``url``, through at most five redirects.

        :param verbatim: the bytes as they are sent, no encoding offered or undone: for files.
        :returns: the final URL; a response of status 200 or 206; and its body, which the caller closes.
        :raises reqpi.errors.NotFound: 404 or 410.
        :raises reqpi.errors.UpstreamTrouble: anything else.
        """
        for _ in range(_REDIRECTS + 1):
            response = await self._ask(url, headers, verbatim=verbatim)
            body = Body(response, self._clock)
            if response.code in (200, 206):
                return url, response, body
            body.close()
            if response.code not in (301, 302, 303, 307, 308):
                raise _failed(url, response.code)
            url = _next(url, response)
        raise UpstreamTrouble(
            f"{_host(url)} redirects in circles", f"More than {_REDIRECTS} redirects, the last to {url}."
        )

    async def _ask(self, url: str, headers: dict[str, str], *, verbatim: bool) -> IResponse:
        client = self._verbatim if verbatim else self._decoding
        sent = Headers({name: [value] for name, value in headers.items()})
        sent.setRawHeaders("User-Agent", [f"reqpi/{__version__}"])
        if self._credentials and (authorization := self._credentials.for_url(url)):
            sent.setRawHeaders("Authorization", [authorization])
        try:
            asked = client.get(url, headers=sent, allow_redirects=False, unbuffered=True)
            response: IResponse = await asked.addTimeout(_HEAD, self._clock)
        except (TimeoutError, CancelledError, ConnectingCancelledError) as error:
            raise UpstreamTrouble(f"{_host(url)} does not answer", f"No answer within {_HEAD:g} s.") from error
        except (ConnectError, ConnectionClosed, DNSLookupError) as error:
            raise UpstreamTrouble(f"{_host(url)} cannot be reached", str(error)) from error
        except (ResponseFailed, ResponseNeverReceived) as error:
            reasons = "; ".join(reason.getErrorMessage() for reason in error.reasons)
            raise UpstreamTrouble(f"{_host(url)} broke off", reasons) from error
        except (SchemeNotSupported, ValueError) as error:
            raise UpstreamTrouble(f"{_host(url)} cannot be asked", str(error)) from error
        return response


def _next(url: str, response: IResponse) -> str:
    """Where a redirect leads."""
    locations = response.headers.getRawHeaders("Location") or []
    if len(locations) != 1:
        raise UpstreamTrouble(f"{_host(url)} redirects nowhere", f"A status {response.code} without one Location.")
    target = urlsplit(urljoin(url, str(locations[0])))
    if target.scheme not in ("http", "https") or not target.hostname:
        raise UpstreamTrouble(f"{_host(url)} redirects to what is no http URL")
    if urlsplit(url).scheme == "https" and target.scheme != "https":
        raise UpstreamTrouble(f"{_host(url)} redirects from https to http", "That is not followed.")
    return urlunsplit(target._replace(netloc=target.netloc.rpartition("@")[2], fragment=""))


def _failed(url: str, status: int) -> UpstreamTrouble:
    if status in (404, 410):
        return NotFound(f"{_host(url)} has nothing there", f"It answered {status} for {url}.")
    return UpstreamTrouble(f"{_host(url)} answered {status}", f"For {url}.")


def _host(url: str) -> str:
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2] or "the upstream"


def _origin_of(parts: SplitResult) -> tuple[str, str, int | None]:
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", parts.port or default


@implementer(IAgent)
class _Verbatim:
    """An agent that has bytes sent as they are.

    Some servers label a ``.tar.gz`` as encoded with gzip. Undoing that would change the file, so, as pip does,
    identity is asked for and the label is passed over.
    """

    def __init__(self, agent: IAgent) -> None:
        self._agent = agent

    def request(
        self, method: bytes, uri: bytes, headers: Headers | None = None, bodyProducer: IBodyProducer | None = None
    ) -> Any:
        sent = Headers() if headers is None else headers.copy()
        sent.setRawHeaders("Accept-Encoding", ["identity"])
        return self._agent.request(method, uri, sent, bodyProducer).addCallback(self._unlabelled)

    @staticmethod
    def _unlabelled(response: IResponse) -> IResponse:
        response.headers.removeHeader("Content-Encoding")
        return response
