"""Asking an upstream over HTTP: bounded in size and time, redirects followed with care, credentials kept at home."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urljoin, urlsplit, urlunsplit

from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.error import ConnectError, ConnectionClosed, DNSLookupError
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure
from twisted.web.client import RequestGenerationFailed, RequestTransmissionFailed, ResponseFailed
from twisted.web.error import SchemeNotSupported
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IResponse

from reqpi import __version__
from reqpi.core.errors import HostAway, NotFound, UpstreamTrouble
from reqpi.upstream.allowed.credentials import UpstreamLogins
from reqpi.upstream.allowed.urls import as_sent, as_shown, host_of
from reqpi.upstream.http.body import Body
from reqpi.upstream.http.circuit_breaker import UNREACHED, HostCircuitBreaker
from reqpi.upstream.http.proxy import ProxyTrouble
from reqpi.upstream.http.reasons import reasons_of

__all__ = ["Check", "HttpClient", "RetryAfter", "header"]

Check = Callable[[str], None]
"""Is given every URL before it is asked, and raises what is wrong with it."""

_HEAD = 30.0
"""Seconds until the head of a response."""

_REDIRECTS = 5

_PASSING = (408, 425, 429)
"""The statuses below 500 that another attempt may change."""

_LONGEST_PAUSE = 5
"""Seconds of a ``Retry-After`` that are waited for. Clients give up soon after."""


class RetryAfter(UpstreamTrouble):
    """An upstream says when to ask again.

    :ivar pause: seconds until then.
    """

    def __init__(self, title: str, detail: str, pause: float) -> None:
        super().__init__(title, detail)
        self.pause = pause


class HttpClient:
    """Gets URLs.

    :param agent: see :class:`reqpi.upstream.http.agent.PooledAgent`.
    :param clock: what time-outs are counted on.
    :param keys: who we are, to whom that is to be said.
    """

    def __init__(self, agent: IAgent, clock: IReactorTime, keys: UpstreamLogins | None = None) -> None:
        self._agent = agent
        self._clock = clock
        self._keys = keys
        self._silent = HostCircuitBreaker(clock)

    async def get(self, url: str, headers: dict[str, str], check: Check | None = None) -> tuple[str, IResponse, Body]:
        """Get ``url``, through at most five redirects.

        :param check: for ``url`` and for wherever it redirects to.
        :returns: the final URL; a response of status 200, or 206 where a range was asked for, or 304 where only another
            one was; and its body, as it was sent, which the caller closes.
        :raises reqpi.core.errors.NotFound: 404 or 410.
        :raises reqpi.core.errors.UpstreamTrouble: anything else.
        """
        for _ in range(_REDIRECTS + 1):
            if check is not None:
                check(url)
            response = await self._ask(url, headers)
            body = Body(response, self._clock)
            if response.code == 200 or response.code in _expected(headers):
                return url, response, body
            body.dismiss()
            if response.code not in (301, 302, 303, 307, 308):
                raise _failed(url, response)
            url = _next(url, response)
        detail = f"More than {_REDIRECTS} redirects, the last to {as_shown(url)}."
        raise UpstreamTrouble(f"{host_of(url)} redirects in circles", detail, final=True)

    async def _ask(self, url: str, headers: dict[str, str]) -> IResponse:
        self._silent.check(url)
        try:
            asked = self._agent.request(b"GET", as_sent(url), self._headers(url, headers))
            response: IResponse = await _cancellable(asked).addTimeout(_HEAD, self._clock)
        except ProxyTrouble as error:
            (self._silent.note if error.slow else self._silent.forget)(url)
            raise
        except TimeoutError as error:
            self._silent.forget(url)  # it took the connection: another request may fare better
            raise UpstreamTrouble(f"{host_of(url)} does not answer", f"No answer within {_HEAD:g} s.") from error
        except UNREACHED as error:
            self._silent.note(url)
            raise HostAway(f"{host_of(url)} cannot be reached", str(error)) from error
        except (ConnectError, ConnectionClosed, DNSLookupError) as error:
            self._silent.forget(url)
            raise HostAway(f"{host_of(url)} cannot be reached", str(error)) from error
        except (ResponseFailed, RequestGenerationFailed, RequestTransmissionFailed) as error:
            self._silent.forget(url)
            raise UpstreamTrouble(f"{host_of(url)} broke off", f"{reasons_of(Failure(error))}.") from error
        except (SchemeNotSupported, ValueError) as error:
            raise UpstreamTrouble(f"{host_of(url)} cannot be asked", str(error), final=True) from error
        self._silent.forget(url)
        return response

    def _headers(self, url: str, headers: dict[str, str]) -> Headers:
        sent = Headers({name: [value] for name, value in headers.items()})
        sent.setRawHeaders("User-Agent", [f"reqpi/{__version__}"])
        if self._keys is not None and (authorization := self._keys.for_url(url)):
            sent.setRawHeaders("Authorization", [authorization])
        return sent


def _cancellable(asked: Deferred[IResponse]) -> Deferred[IResponse]:
    """``asked``, but that it fails with ``CancelledError`` when it is cancelled, and with nothing else.

    Twisted's own failure then depends on how far the request came: a name that cannot be found, for one.
    """

    def cancel(_: Deferred[IResponse]) -> None:
        answered.errback(CancelledError())
        asked.cancel()

    def pass_on(result: IResponse | Failure) -> None:
        if not answered.called:
            answered.callback(result)  # a Failure makes it an errback

    answered: Deferred[IResponse] = Deferred(cancel)
    asked.addBoth(pass_on)
    return answered


def header(response: IResponse, name: str) -> str:
    """A header's values, as one; empty where there is none. Bytes that are no UTF-8 are replaced."""
    values = response.headers.getRawHeaders(name.encode("ascii")) or []
    return b", ".join(values).decode("utf-8", "replace")


def _expected(headers: dict[str, str]) -> set[int]:
    """The statuses beside 200 that are an answer to such a request."""
    conditional = not headers.keys().isdisjoint(("If-None-Match", "If-Modified-Since"))
    return ({206} if "Range" in headers else set()) | ({304} if conditional else set())


def _next(url: str, response: IResponse) -> str:
    """Where a redirect leads."""
    location = header(response, "Location")
    if not location:
        raise UpstreamTrouble(
            f"{host_of(url)} redirects nowhere", f"A status {response.code} without a Location.", final=True
        )
    try:
        target = urlsplit(urljoin(url, location))
    except ValueError as error:
        raise UpstreamTrouble(f"{host_of(url)} redirects to what is no URL", str(error), final=True) from error
    if target.scheme not in ("http", "https") or not target.hostname:
        raise UpstreamTrouble(f"{host_of(url)} redirects to what is no http URL", "That is not followed.", final=True)
    if urlsplit(url).scheme == "https" and target.scheme != "https":
        raise UpstreamTrouble(f"{host_of(url)} redirects from https to http", "That is not followed.", final=True)
    return urlunsplit(target._replace(netloc=target.netloc.rpartition("@")[2], fragment=""))


def _failed(url: str, response: IResponse) -> UpstreamTrouble:
    status = response.code
    if status in (404, 410):
        return NotFound(f"{host_of(url)} has nothing there", f"It answered {status} for {as_shown(url)}.")
    title, detail = f"{host_of(url)} answered {status}", f"For {as_shown(url)}."
    if status == 401:
        detail += " It wants a login: write one into a netrc file, and name that with --netrc."
    if status < 500 and status not in _PASSING:
        return UpstreamTrouble(title, detail, final=True)
    after = header(response, "Retry-After")
    if after.isascii() and after.isdigit() and len(after) < 10:
        return RetryAfter(title, detail, min(int(after), _LONGEST_PAUSE))
    return UpstreamTrouble(title, detail)
