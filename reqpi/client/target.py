"""The location of a server: the parts of the URL that a user gives."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from reqpi.client.errors import BadUsage
from reqpi.core.address import is_address

__all__ = ["BasicLogin", "ServerTarget", "index_of", "target_of", "with_login_of"]

# Characters of a path that are not escaped (RFC 3986, section 3.3); "%" because the user may have escaped it already.
_IN_A_PATH = "/%:@!$&'()*+,;=~-._"


class BasicLogin(NamedTuple):
    """A login for HTTP's Basic scheme (RFC 7617)."""

    login: str
    password: str


class ServerTarget(NamedTuple):
    """A server, by the URL that the user gave.

    :param host: without brackets, also for IPv6.
    :param prefix: the path that the server is below, without a slash at its end: ``""``, ``/reqpi``.
    :param credentials: from the URL itself. No text that is made from a target contains them.
    :param anonymous: another server chose this one, so it gets no login, not even one of netrc.
    """

    scheme: str
    host: str
    port: int
    prefix: str
    credentials: BasicLogin | None = None
    anonymous: bool = False

    @property
    def authority(self) -> str:
        """Host and port as in a URL, without the default port of the scheme."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == {"http": 80, "https": 443}[self.scheme] else f"{host}:{self.port}"

    def is_same_server_as(self, other: ServerTarget) -> bool:
        """Return whether ``other`` has the same scheme, host and port (RFC 6454): a login for one is for both."""
        return (self.scheme, self.host, self.port) == (other.scheme, other.host, other.port)

    @property
    def url(self) -> str:
        """The base URL, without credentials and without a slash at its end."""
        return f"{self.scheme}://{self.authority}{self.prefix}"


def target_of(url: str) -> ServerTarget:
    """Parse the URL of a server.

    :param url: http or https; a path prefix, and a slash at its end, are optional.
    :raises BadUsage: it is not such a URL.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise BadUsage(f"{_without_userinfo(url)!r} is not a URL: {error}", _EXPECTED) from None
    if parts.scheme not in {"http", "https"} or not host:
        raise BadUsage(f"{_without_userinfo(url)!r} is not an http or https URL", _EXPECTED)
    if parts.query or parts.fragment:
        raise BadUsage("the URL of a server must not have a query or a fragment", _EXPECTED)
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
    """Return ``url`` with the login of ``base_url``, if both are of the same server; a login is sent to no other.

    The result is for another program. It must not be printed on a terminal or written to a log.
    """
    userinfo, at, _ = urlsplit(base_url.strip()).netloc.rpartition("@")
    if not at or not target_of(base_url).is_same_server_as(target_of(url)):
        return url
    parts = urlsplit(url)
    return parts._replace(netloc=f"{userinfo}@{parts.netloc}").geturl()


_EXPECTED = "Write it like http://buildhost:2000 or https://example.org/reqpi."


def _without_userinfo(url: str) -> str:
    """Return ``url`` without a login, even if it cannot be parsed."""
    before, at, after = url.rpartition("@")
    scheme, colon, _ = before.partition("://")
    return f"{scheme if colon else ''}{colon}{after}" if at else url
