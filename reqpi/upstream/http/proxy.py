"""The request to a proxy for a tunnel (CONNECT, :rfc:`9110`, section 9.3.6), and what its response means.

All functions are pure; :mod:`reqpi.upstream.http.tunnel` has the connections.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from reqpi import __version__
from reqpi.core.errors import UpstreamTrouble
from reqpi.core.proxies import Proxy
from reqpi.upstream.allowed.credentials import basic

__all__ = ["ProxyTrouble", "authorization", "connect_request", "login_page", "login_wanted", "not_http", "trouble_of"]

_STATUS = re.compile(r"HTTP/1\.[01] ([1-5][0-9]{2})(?: ([^\r\n]*))?")

_LONGEST = 80
"""The most characters of a proxy's own words that a message repeats."""

_PASSING = (408, 429)
"""The statuses below 500 after which another attempt may succeed."""


class ProxyTrouble(UpstreamTrouble):
    """A proxy cannot be reached, or does not let a request through.

    :ivar slow: whether the failure took as long as a connection timeout. If so, neither another attempt nor other
        requests are to wait for it too.
    """

    def __init__(self, title: str, detail: str = "", *, final: bool = False, slow: bool = False) -> None:
        super().__init__(title, detail, final=final or slow)
        self.slow = slow


def authorization(proxy: Proxy) -> str | None:
    """Return the ``Proxy-Authorization`` for a proxy (:rfc:`7617`); ``None`` without a login."""
    return None if proxy.user is None else basic(proxy.user, proxy.password)


def connect_request(proxy: Proxy, host: str, port: int) -> bytes:
    """Return the request for a tunnel to a host.

    :param host: without brackets.
    """
    where = _where(host, port)
    lines = [f"CONNECT {where} HTTP/1.1", f"Host: {where}", f"User-Agent: reqpi/{__version__}"]
    login = authorization(proxy)
    if login is not None:
        lines.append(f"Proxy-Authorization: {login}")
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def trouble_of(head: bytes, rest: bytes, proxy: Proxy, host: str, port: int) -> ProxyTrouble | None:
    """Return what is wrong with the response to a request for a tunnel; ``None`` if the tunnel is open.

    :param head: of the response, without the empty line at its end.
    :param rest: the bytes after the head.
    """
    first, *fields = head.decode("latin-1").split("\r\n")
    match = _STATUS.fullmatch(first)
    if match is None:
        return not_http(proxy)
    status, headers = int(match[1]), _headers(fields)
    if status in (401, 407):
        # It should be 407 (RFC 9110, section 15.5.8); tinyproxy answers 401 to a wrong login.
        return login_wanted(proxy, headers.get("proxy-authenticate", []), status)
    if status == 511 or 300 <= status < 400:
        return login_page(proxy, headers.get("location", [""])[0])
    if 200 <= status < 300:
        # Nothing can follow before our side starts TLS: a server does not speak first.
        is_page = bool(rest) or "text/html" in headers.get("content-type", [""])[0].lower()
        return login_page(proxy) if is_page else None
    return _refused(proxy, _where(host, port), status, _words(match[2] or ""))


def not_http(proxy: Proxy) -> ProxyTrouble:
    """Return the error for a proxy whose response is not HTTP."""
    other = "https" if proxy.scheme == "http" else "http"
    detail = f"If it is reached {'over TLS' if other == 'https' else 'without TLS'}, write {other}:// in its URL."
    return ProxyTrouble(f"the proxy {proxy.url} does not answer in HTTP", detail, final=True)


def login_wanted(proxy: Proxy, challenges: list[str], status: int = 407) -> ProxyTrouble:
    """Return the error for a proxy that requires a login, or another one (407).

    :param challenges: values of ``Proxy-Authenticate``.
    """
    schemes = [_words(each.partition(" ")[0]) for each in challenges if each]
    if schemes and not any(each.lower() == "basic" for each in schemes):
        detail = f"It requires {', '.join(schemes)[:_LONGEST]}; only Basic is supported."
        return ProxyTrouble(f"the proxy {proxy.url} requires a login of another kind ({status})", detail, final=True)
    detail = "Write a user and a password in its URL: http://USER:PASSWORD@HOST:PORT, percent-encoded."
    title = "requires a login" if proxy.user is None else "does not accept the login"
    return ProxyTrouble(f"the proxy {proxy.url} {title} ({status})", detail, final=True)


def login_page(proxy: Proxy, location: str = "") -> ProxyTrouble:
    """Return the error for a proxy that answers with a page of its own.

    :param location: the URL that it redirects to.
    """
    try:
        host = urlsplit(location).hostname
    except ValueError:
        host = None
    detail = f"It redirects to {_words(host)}. " if host else ""
    return ProxyTrouble(
        f"the proxy {proxy.url} answers with a page of its own",
        f"{detail}It may require a login in a browser first, or this is not the address of a proxy.",
        final=True,
    )


def _refused(proxy: Proxy, where: str, status: int, reason: str) -> ProxyTrouble:
    said = f"It answered {status} {reason}".rstrip() + "."
    if status >= 500:
        title = f"the proxy {proxy.url} cannot reach {where}"
        return ProxyTrouble(title, said, slow=status == 504)
    advice = "Have the host allowed on the proxy, or add it to NO_PROXY if it can be reached directly."
    title = f"the proxy {proxy.url} refuses to connect to {where}"
    return ProxyTrouble(title, f"{said} {advice}", final=status not in _PASSING)


def _headers(fields: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for field in fields:
        name, _, value = field.partition(":")
        found.setdefault(name.strip().lower(), []).append(value.strip())
    return found


def _where(host: str, port: int) -> str:
    return f"{f'[{host}]' if ':' in host else host}:{port}"


def _words(text: str) -> str:
    return "".join(char for char in text if char.isprintable())[:_LONGEST]
