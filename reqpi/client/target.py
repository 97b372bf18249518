"""Where a server is: the URL that a user gives, taken apart once."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from reqpi.client.errors import BadUsage
from reqpi.core.address import is_address

__all__ = ["BasicLogin", "ServerTarget", "index_of", "target_of", "with_login_of"]

# What may stand in a path without being escaped (RFC 3986, section 3.3); "%" because the user may have escaped already.
_IN_A_PATH = "/%:@!$&'()*+,;=~-._"


class BasicLogin(NamedTuple):
    """A login for HTTP's Basic scheme (RFC 7617)."""

    login: str
    password: str


class ServerTarget(NamedTuple):
    """A server, as its user names it.

    :param host: without brackets, also for IPv6.
    :param prefix: the path under which the server stands, without a slash at its end: ``""``, ``/reqpi``.
    :param credentials: from the URL itself. They are in no text that is made from here.
    """

    scheme: str
    host: str
    port: int
    prefix: str
    credentials: BasicLogin | None = None

    @property
    def authority(self) -> str:
        """Host and port, as they stand in a URL; the port that the scheme implies is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == {"http": 80, "https": 443}[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The base URL, without credentials and without a slash at its end."""
        return f"{self.scheme}://{self.authority}{self.prefix}"


def target_of(url: str) -> ServerTarget:
    """Take apart the URL of a server.

    :param url: http or https, with a path prefix or none, with a slash at its end or none.
    :raises BadUsage: it is none.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise BadUsage(f"{_without_userinfo(url)!r} is no URL: {error}", _EXPECTED) from None
    if parts.scheme not in {"http", "https"} or not host:
        raise BadUsage(f"{_without_userinfo(url)!r} is no http or https URL", _EXPECTED)
    if parts.query or parts.fragment:
        raise BadUsage("the URL of a server has no query and no fragment", _EXPECTED)
    credentials = None
    if parts.username:
        credentials = BasicLogin(unquote(parts.username), unquote(parts.password or ""))
    if port is None:
        port = 443 if parts.scheme == "https" else 80
    return ServerTarget(parts.scheme, host, port, quote(parts.path, safe=_IN_A_PATH).rstrip("/"), credentials)


def index_of(url: str) -> tuple[str, str]:
    """Split the URL of an address, or of its index.

    :param url: ``http://buildhost:2000/<address>/``, or ``…/<address>/simple/``; the last slash may be missing.
    :returns: the base URL of the server as it was written, without a slash at its end; and the address.
    :raises BadUsage: it is not such a URL.
    """
    target_of(url)
    base, _, address = url.strip().rstrip("/").removesuffix("/simple").rpartition("/")
    if not is_address(address):
        raise BadUsage(
            f"{_without_userinfo(url)} is not the URL of an address",
            "Write it like http://buildhost:2000/<address>/, with the 64 hex digits that sha256sum prints.",
        )
    return base, address


def with_login_of(base_url: str, url: str) -> str:
    """``url``, with the login that ``base_url`` has, where both are of one server: a login goes to nobody else.

    Only for handing it to a program; it is not for the eyes of those who read a terminal or a log.
    """
    base, parts = urlsplit(base_url.strip()), urlsplit(url)
    userinfo, at, authority = base.netloc.rpartition("@")
    if not at or (base.scheme, authority.lower()) != (parts.scheme, parts.netloc.lower()):
        return url
    return parts._replace(netloc=f"{userinfo}@{parts.netloc}").geturl()


_EXPECTED = "Write it like http://buildhost:2000 or https://example.org/reqpi."


def _without_userinfo(url: str) -> str:
    """``url``, fit to be shown, even where it cannot be taken apart."""
    before, at, after = url.rpartition("@")
    scheme, colon, _ = before.partition("://")
    return f"{scheme if colon else ''}{colon}{after}" if at else url
