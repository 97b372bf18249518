"""The choice of a proxy for a request: the environment variables that pip and uv read, or the operator's option.

``HTTPS_PROXY`` and ``HTTP_PROXY`` are for URLs of that scheme, ``ALL_PROXY`` for both; ``NO_PROXY`` lists exceptions.
Each may be written in lower case, which takes precedence. Requests to this machine never go through a proxy: loopback
on the proxy is another machine.

Client and server share this module, so it imports nothing outside the standard library.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from reqpi.core.env_vars import is_loopback

__all__ = [
    "BadProxy",
    "Exceptions",
    "Proxies",
    "Proxy",
    "proxy_in",
    "read_environment",
    "read_proxies",
    "read_proxy",
    "url_with_login",
]

_PORTS = {"http": 80, "https": 443}

_OFF = "off"


class BadProxy(ValueError):
    """A value does not name a usable proxy. The value is never part of the message: it may contain a password.

    :param where: the variable or option.
    :param problem: what is wrong with its value.
    """

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")
        self.where = where
        self.problem = problem


class Proxy(NamedTuple):
    """An HTTP proxy.

    :param scheme: how the proxy itself is reached: ``http``, or ``https`` for TLS.
    :param host: a name or an address, without brackets.
    :param user: the decoded user name; ``None`` if the proxy needs no login.
    :param password: decoded.
    """

    scheme: str
    host: str
    port: int
    user: str | None = None
    password: str = ""

    @property
    def url(self) -> str:
        """The URL without the login, for messages and logs."""
        return f"{self.scheme}://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    def __repr__(self) -> str:
        return f"Proxy({self.url})"


class Exceptions:
    """The hosts that are contacted directly.

    :param text: a value of ``NO_PROXY``, entries separated by commas or spaces: ``example.org`` and ``.example.org``
        (that domain and all below it), ``example.org:8443`` (that port only), ``192.0.2.7``, ``10.0.0.0/8``,
        ``[2001:db8::1]:443``, ``*`` (everything). An invalid entry matches nothing, as with pip and uv.
    """

    def __init__(self, text: str = "") -> None:
        words = text.replace(",", " ").split()
        self._all = "*" in words
        self._names: list[tuple[str, int | None]] = []
        self._networks: list[tuple[IPv4Network | IPv6Network, int | None]] = []
        for word in words:
            self._add(word)

    def __contains__(self, where: tuple[str, int]) -> bool:
        """Return whether a host and port is contacted directly."""
        host, port = where
        if self._all:
            return True
        address = _address(host)
        if address is not None:
            return any(address in network and at in (None, port) for network, at in self._networks)
        name = _name(host)
        return any((name == each or name.endswith(f".{each}")) and at in (None, port) for each, at in self._names)

    def _add(self, word: str) -> None:
        network = _network(word)
        if network is not None:
            self._networks.append((network, None))
            return
        host, colon, port = word.rpartition(":")
        if not colon:
            host = word
        elif not (port.isascii() and port.isdigit() and len(port) < 6):
            return
        at = int(port) if colon else None
        network = _network(host)
        if network is not None:
            self._networks.append((network, at))
        elif name := _name(host.removeprefix("*").lstrip(".")):
            self._names.append((name, at))


class Proxies(NamedTuple):
    """The proxy for each scheme, and the hosts that are contacted without one."""

    http: Proxy | None = None
    https: Proxy | None = None
    direct: Exceptions = Exceptions()

    def proxy_for(self, scheme: str, host: str, port: int) -> Proxy | None:
        """Return the proxy for a URL; ``None`` for a direct connection.

        :param host: without brackets.
        """
        proxy = self.https if scheme == "https" else self.http if scheme == "http" else None
        return None if proxy is None or _is_direct(self.direct, host, port) else proxy

    @property
    def all(self) -> tuple[Proxy, ...]:
        """The distinct proxies."""
        return tuple(dict.fromkeys(each for each in (self.https, self.http) if each is not None))


def read_proxies(option: str | None, environ: Mapping[str, str], where: str = "--proxy") -> Proxies:
    """Return the proxies of the operator's option, or of the environment variables if it is not set.

    :param option: a proxy's URL for everything that ``NO_PROXY`` does not except; ``off`` to use no proxy; ``None`` or
        empty to leave the choice to the environment variables.
    :param where: the name of the option in a message.
    :raises BadProxy: one of the values is not a usable proxy.
    """
    if not option:
        return read_environment(environ)
    if option == _OFF:
        return Proxies()
    proxy = read_proxy(option, where)
    return Proxies(proxy, proxy, _exceptions(environ))


def proxy_in(environ: Mapping[str, str], scheme: str, host: str, port: int) -> Proxy | None:
    """Return the proxy that the environment variables name for one URL; ``None`` for a direct connection.

    :raises BadProxy: the variable for this URL is not a usable proxy.
    """
    return None if _is_direct(_exceptions(environ), host, port) else _named(scheme, environ)


def read_environment(environ: Mapping[str, str]) -> Proxies:
    """Return the proxies that the environment variables name.

    :raises BadProxy: a variable that counts is not a usable proxy.
    """
    return Proxies(_named("http", environ), _named("https", environ), _exceptions(environ))


def read_proxy(text: str, where: str) -> Proxy:
    """Parse a proxy's URL, whose scheme is optional: ``http://user:password@proxy.example.org:3128``.

    :param where: the variable or option that has this value.
    :raises BadProxy: the value is not a usable proxy.
    """
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        host, port = parts.hostname, parts.port
        user = None if parts.username is None else unquote(parts.username, errors="strict")
        password = unquote(parts.password or "", errors="strict")
    except ValueError:
        raise BadProxy(where, "it is not a URL") from None
    if parts.scheme not in _PORTS:
        scheme = parts.scheme if parts.scheme.startswith("socks") else "that kind of"
        raise BadProxy(where, f"{scheme} proxies are not supported, only http:// and https://")
    if not host or not host.isascii() or not host.isprintable() or " " in host:
        raise BadProxy(where, "it has no valid host")
    if not (user or "").isprintable() or not password.isprintable() or ":" in (user or ""):
        raise BadProxy(where, "its user name or password has characters that a login cannot have")
    return Proxy(parts.scheme, host, port or _PORTS[parts.scheme], user, password)


def url_with_login(proxy: Proxy) -> str:
    """Return a proxy's URL with its login, for a program that needs it. The result is a secret."""
    if proxy.user is None:
        return proxy.url
    scheme, _, where = proxy.url.partition("://")
    return f"{scheme}://{quote(proxy.user, safe='')}:{quote(proxy.password, safe='')}@{where}"


def _is_direct(exceptions: Exceptions, host: str, port: int) -> bool:
    return is_loopback(_name(host)) or (host, port) in exceptions


def _named(scheme: str, environ: Mapping[str, str]) -> Proxy | None:
    for name in (f"{scheme}_proxy", "all_proxy"):
        found = _spelling(name, environ)
        if found is not None and (value := environ[found].strip()):
            return read_proxy(value, found)
    return None


def _spelling(name: str, environ: Mapping[str, str]) -> str | None:
    """Return the spelling of a variable that counts: lower case, even if its value is empty."""
    if name in environ:
        return name
    # In a CGI program, HTTP_PROXY is the client's header "Proxy" (CVE-2016-5385): urllib ignores it there, too.
    if name.upper() in environ and not (name == "http_proxy" and "REQUEST_METHOD" in environ):
        return name.upper()
    return None


def _exceptions(environ: Mapping[str, str]) -> Exceptions:
    return Exceptions(environ.get("no_proxy", environ.get("NO_PROXY", "")))


def _network(text: str) -> IPv4Network | IPv6Network | None:
    if not text[:1].isdigit() and ":" not in text:
        return None
    try:
        return ip_network(text.removeprefix("[").removesuffix("]"), strict=False)
    except ValueError:
        return None


def _address(host: str) -> IPv4Address | IPv6Address | None:
    if not host[:1].isdigit() and ":" not in host:
        return None
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _name(host: str) -> str:
    """Return the canonical spelling of a host name."""
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return ""
    return host.lower().rstrip(".")
