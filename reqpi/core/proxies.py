"""Which proxy a request goes through: the variables that pip and uv read, and an operator's own choice.

``HTTPS_PROXY`` and ``HTTP_PROXY`` are for URLs of that scheme, ``ALL_PROXY`` for both; ``NO_PROXY`` lists exceptions.
Each may be written in lower case, which wins. This machine itself is never asked through a proxy: a proxy's loopback is
another machine.

The client and the server share this module, so it imports nothing outside the standard library.
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
    """A value does not name a proxy that can be used. It is never part of the message: it may have a password in it.

    :ivar where: the variable or option.
    """

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")
        self.where = where
        self.problem = problem


class Proxy(NamedTuple):
    """An HTTP proxy.

    :param scheme: how the proxy itself is reached: ``http``, or ``https`` for TLS.
    :param host: a name or an address, without brackets.
    :param user: of its login, decoded; ``None`` without one.
    """

    scheme: str
    host: str
    port: int
    user: str | None = None
    password: str = ""

    @property
    def url(self) -> str:
        """Its URL without the login, to show and to log."""
        return f"{self.scheme}://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    def __repr__(self) -> str:
        return f"Proxy({self.url})"


class Exceptions:
    """The hosts that are asked directly.

    :param text: a value of ``NO_PROXY``, entries separated by commas or spaces: ``example.org`` and ``.example.org``
        (that domain and all below it), ``example.org:8443`` (that port alone), ``192.0.2.7``, ``10.0.0.0/8``,
        ``[2001:db8::1]:443``, ``*`` (everything). An entry that cannot be read matches nothing, as with pip and uv.
    """

    def __init__(self, text: str = "") -> None:
        words = text.replace(",", " ").split()
        self._all = "*" in words
        self._names: list[tuple[str, int | None]] = []
        self._networks: list[tuple[IPv4Network | IPv6Network, int | None]] = []
        for word in words:
            self._add(word)

    def __contains__(self, where: tuple[str, int]) -> bool:
        """Whether a host and port is asked directly."""
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
    """The proxy for each scheme, and the hosts that are asked without one."""

    http: Proxy | None = None
    https: Proxy | None = None
    direct: Exceptions = Exceptions()

    def proxy_for(self, scheme: str, host: str, port: int) -> Proxy | None:
        """The proxy to ask for a URL; ``None`` to ask directly.

        :param host: without brackets.
        """
        proxy = self.https if scheme == "https" else self.http if scheme == "http" else None
        return None if proxy is None or _is_direct(self.direct, host, port) else proxy

    @property
    def all(self) -> tuple[Proxy, ...]:
        """Each proxy once."""
        return tuple(dict.fromkeys(each for each in (self.https, self.http) if each is not None))


def read_proxies(option: str | None, environ: Mapping[str, str], where: str = "--proxy") -> Proxies:
    """The operator's choice, or else the environment's.

    :param option: a proxy's URL for everything that ``NO_PROXY`` does not except; ``off`` to use no proxy; ``None`` or
        empty to leave the choice to the environment.
    :param where: how the option is called in a message.
    :raises BadProxy: one of the values is not a proxy that can be used.
    """
    if not option:
        return read_environment(environ)
    if option == _OFF:
        return Proxies()
    proxy = read_proxy(option, where)
    return Proxies(proxy, proxy, _exceptions(environ))


def proxy_in(environ: Mapping[str, str], scheme: str, host: str, port: int) -> Proxy | None:
    """The proxy that the environment names for one URL; ``None`` to ask directly.

    :raises BadProxy: the variable that counts for it is not a proxy that can be used.
    """
    return None if _is_direct(_exceptions(environ), host, port) else _named(scheme, environ)


def read_environment(environ: Mapping[str, str]) -> Proxies:
    """The proxies that the environment names.

    :raises BadProxy: a variable that would be used is not a proxy that can be used.
    """
    return Proxies(_named("http", environ), _named("https", environ), _exceptions(environ))


def read_proxy(text: str, where: str) -> Proxy:
    """Read a proxy's URL, which may come without its scheme: ``http://user:password@proxy.example.org:3128``.

    :param where: the variable or option that it is the value of.
    :raises BadProxy: it is not one.
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
        raise BadProxy(where, "there is no host in it")
    if not (user or "").isprintable() or not password.isprintable() or ":" in (user or ""):
        raise BadProxy(where, "its user or its password has characters that a login cannot have")
    return Proxy(parts.scheme, host, port or _PORTS[parts.scheme], user, password)


def url_with_login(proxy: Proxy) -> str:
    """A proxy's URL with its login, for a program that needs it. It is a secret."""
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
    """The spelling that counts: lower case, even if it is empty."""
    if name in environ:
        return name
    # In a CGI program HTTP_PROXY is the client's header "Proxy" (CVE-2016-5385): urllib ignores it there too.
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
    """One spelling for each name."""
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return ""
    return host.lower().rstrip(".")
