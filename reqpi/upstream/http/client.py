"""The HTTP client for upstreams: bounded in size and time, strict about redirects and about who gets credentials."""

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
from reqpi.core.errors import HostUnreachable, NotFound, UpstreamTrouble
from reqpi.core.shown_urls import as_shown
from reqpi.runtime.counts import ServerCounts
from reqpi.upstream.allowed.hosts import Hosts
from reqpi.upstream.allowed.permits import NO_PERMIT, Permit
from reqpi.upstream.allowed.urls import as_sent, host_of
from reqpi.upstream.http.agents import Agents
from reqpi.upstream.http.body import Body
from reqpi.upstream.http.circuit_breaker import UNREACHED, HostCircuitBreaker
from reqpi.upstream.http.meter import UpstreamMeter
from reqpi.upstream.http.proxy import ProxyTrouble
from reqpi.upstream.http.reasons import reasons_of
from reqpi.upstream.http.untrusted import advice_on, untrusted_cause
from reqpi.upstream.http.verbatim import get_verbatim

__all__ = ["Check", "HttpClient", "RetryAfter", "header"]

Check = Callable[[str], None]
"""Is called with every URL before it is requested, and raises an error if the URL is not allowed."""

_HEAD = 30.0
"""Seconds to wait for the head of a response."""

_REDIRECTS = 5
_NOT_FOLLOWED = "Such a redirect is not followed."

_PASSING = (408, 425, 429)
"""The statuses below 500 after which another attempt may succeed."""

_LONGEST_PAUSE = 5
"""The most seconds of a ``Retry-After`` to wait. Clients give up soon after."""


class RetryAfter(UpstreamTrouble):
    """A failure for which the upstream specified when to try again.

    :ivar pause: seconds until then.
    """

    def __init__(self, title: str, detail: str, pause: float) -> None:
        super().__init__(title, detail)
        self.pause = pause


class HttpClient:
    """A client that gets URLs.

    :param clock: for timeouts.
    :param meter: counts the requests; ``None``: they are not counted.
    """

    def __init__(self, agents: Agents, clock: IReactorTime, meter: UpstreamMeter | None = None) -> None:
        self._meter = meter or UpstreamMeter(ServerCounts(), clock, Hosts())
        self._agents = agents
        self._clock = clock
        self._breaker = HostCircuitBreaker(clock)

    async def get(
        self, url: str, headers: dict[str, str], check: Check | None = None, permit: Permit = NO_PERMIT
    ) -> tuple[str, IResponse, Body]:
        """Get ``url``, following at most five redirects.

        A redirect that leads away from the hosts that the request is for, and then back to them, gets no login: another
        host has chosen what is requested.

        :param check: is called with ``url`` and with the target of each redirect.
        :param permit: what the request and its redirects may use.
        :returns: the final URL; a response of status 200, or 206 if a range was requested, or 304 if the request was
            conditional; and its body, as it was sent, which the caller closes.
        :raises reqpi.core.errors.NotFound: the status is 404 or 410.
        :raises reqpi.core.errors.UpstreamTrouble: anything else failed.
        """
        for _ in range(_REDIRECTS + 1):
            if check is not None:
                check(url)
            if not permit.is_home(url):
                permit = permit.without_login
            agent = self._agents.agent_for(permit, url)
            response = await self._metered(agent, url, _headers(headers, permit.login_for(url)))
            body = Body(response, self._clock)
            if response.code == 200 or response.code in _expected(headers):
                return url, response, body
            body.dismiss()
            if response.code not in (301, 302, 303, 307, 308):
                raise _failed(url, response)
            url = _next(url, response)
        detail = f"More than {_REDIRECTS} redirects, the last to {as_shown(url)}."
        raise UpstreamTrouble(f"{host_of(url)} redirects too often", detail, final=True)

    async def _metered(self, agent: IAgent, url: str, headers: Headers) -> IResponse:
        self._breaker.check(url)
        began = self._meter.began()
        try:
            response = await self._ask(agent, url, headers)
        except UpstreamTrouble:
            self._meter.ended(url, began, None)
            raise
        self._meter.ended(url, began, response.code)
        return response

    async def _ask(self, agent: IAgent, url: str, headers: Headers) -> IResponse:
        try:
            asked = get_verbatim(agent, as_sent(url), headers, self._clock)
            response: IResponse = await _cancellable(asked).addTimeout(_HEAD, self._clock)
        except ProxyTrouble as error:
            (self._breaker.note if error.slow else self._breaker.forget)(url)
            raise
        except TimeoutError as error:
            self._breaker.forget(url)  # it accepted the connection: another request may succeed
            raise UpstreamTrouble(f"{host_of(url)} does not answer", f"No response within {_HEAD:g} s.") from error
        except UNREACHED as error:
            self._breaker.note(url)
            raise HostUnreachable(f"{host_of(url)} cannot be reached", str(error)) from error
        except (ConnectError, ConnectionClosed, DNSLookupError) as error:
            self._breaker.forget(url)
            raise HostUnreachable(f"{host_of(url)} cannot be reached", str(error)) from error
        except (ResponseFailed, RequestGenerationFailed, RequestTransmissionFailed) as error:
            self._breaker.forget(url)
            raise _cut_off(url, Failure(error)) from error
        except (SchemeNotSupported, ValueError) as error:
            raise UpstreamTrouble(f"no request can be sent to {host_of(url)}", str(error), final=True) from error
        self._breaker.forget(url)
        return response


def _cut_off(url: str, failure: Failure) -> UpstreamTrouble:
    host, cause = host_of(url), untrusted_cause(failure)
    if cause is None:
        return UpstreamTrouble(f"the connection to {host} failed", f"{reasons_of(failure)}.")
    return UpstreamTrouble(f"the certificate of {host} is not trusted: {cause.words}", advice_on(cause))


def _headers(headers: dict[str, str], login: str | None) -> Headers:
    sent = Headers({name: [value] for name, value in headers.items()})
    sent.setRawHeaders("User-Agent", [f"reqpi/{__version__}"])
    if login is not None:
        sent.setRawHeaders("Authorization", [login])
    return sent


def _cancellable(asked: Deferred[IResponse]) -> Deferred[IResponse]:
    """Return a ``Deferred`` with the result of ``asked`` that always fails with ``CancelledError`` when cancelled.

    Otherwise the failure depends on how far the request came: a lookup that is cancelled fails as an unknown name.
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
    """Return all values of a header, joined; empty if it is absent. Bytes that are not UTF-8 are replaced."""
    values = response.headers.getRawHeaders(name.encode("ascii")) or []
    return b", ".join(values).decode("utf-8", "replace")


def _expected(headers: dict[str, str]) -> set[int]:
    """Return the statuses besides 200 that are successful for a request with these headers."""
    conditional = not headers.keys().isdisjoint(("If-None-Match", "If-Modified-Since"))
    return ({206} if "Range" in headers else set()) | ({304} if conditional else set())


def _next(url: str, response: IResponse) -> str:
    """Return the URL that a redirect leads to, without credentials and fragment."""
    location = header(response, "Location")
    if not location:
        raise UpstreamTrouble(
            f"{host_of(url)} redirects without a target", f"Its {response.code} has no Location.", final=True
        )
    try:
        target = urlsplit(urljoin(url, location))
    except ValueError as error:
        raise UpstreamTrouble(f"{host_of(url)} redirects to an invalid URL", _NOT_FOLLOWED, final=True) from error
    if target.scheme not in ("http", "https") or not target.hostname:
        raise UpstreamTrouble(f"{host_of(url)} redirects to a URL that is not http or https", _NOT_FOLLOWED, final=True)
    if urlsplit(url).scheme == "https" and target.scheme != "https":
        raise UpstreamTrouble(f"{host_of(url)} redirects from https to http", _NOT_FOLLOWED, final=True)
    return urlunsplit(target._replace(netloc=target.netloc.rpartition("@")[2], fragment=""))


def _failed(url: str, response: IResponse) -> UpstreamTrouble:
    status = response.code
    if status in (404, 410):
        return NotFound(f"not found on {host_of(url)}", f"It answered {status} for {as_shown(url)}.")
    title, detail = f"{host_of(url)} answered {status}", f"For {as_shown(url)}."
    if status == 401:
        detail += (
            " It requires a login: add one to a netrc file, pass the file with --netrc, "
            "and name the host in --upstream, --crates or --allow-host."
        )
    if status < 500 and status not in _PASSING:
        return UpstreamTrouble(title, detail, final=True)
    after = header(response, "Retry-After")
    if after.isascii() and after.isdigit() and len(after) < 10:
        return RetryAfter(title, detail, min(int(after), _LONGEST_PAUSE))
    return UpstreamTrouble(title, detail)
