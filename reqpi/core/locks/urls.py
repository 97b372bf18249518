"""URLs in a lock: they must mean the same to every reader, so only plain ones are accepted.

Source: :rfc:`3986`. ``urllib.parse`` is not used: it drops tabs and line breaks, and accepts nearly anything as a host.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import unquote

from attrs import frozen

from reqpi.core.locks.rules import sources as rules
from reqpi.core.locks.rules.requirements import TOO_LONG, Refused

__all__ = ["LENGTH", "Url", "index", "parse"]

LENGTH = 2048
"""The most characters of a URL, its fragment included."""

# A semicolon has a rule of its own, because installers differ on whether it ends a URL.
_FOREIGN = re.compile(r"[^A-Za-z0-9._~:/?#\[\]@!$&'()*+,=%-]")
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*+)://([^/?#]*+)([^?#]*+)(?:\?([^#]*+))?(?:#(.*+))?")
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]++\]|[^:\[\]]++)(?::([0-9]{1,5}))?")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*+")
# Hosts that a browser, curl and C libraries may read as a number: 127.1, 0x7f.1, 2130706433.
_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]++|0[xX][0-9A-Fa-f]*+)")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HIDDEN = re.compile(r"[\x00-\x1f\x7f/\\%]")

_PORTS = {"http": 80, "https": 443, "git+https": 443}


@frozen
class Url:
    """A URL, split into its components.

    :param scheme: in lower case.
    :param host: in lower case, with the port unless it is the scheme's default.
    :param path: empty, or begins with a slash.
    :param query: ``None`` if there is no question mark.
    :param fragment: ``None`` if there is no ``#``.
    """

    scheme: str
    host: str
    path: str
    query: str | None
    fragment: str | None

    @property
    def parts(self) -> list[str]:
        """The segments of the path, decoded; none of them contains a separator."""
        return [unquote(part) for part in self.path.split("/")[1:]]

    @property
    def bare(self) -> str:
        """The URL without its fragment."""
        return f"{self.scheme}://{self.host}{self.path}" + ("" if self.query is None else f"?{self.query}")


def parse(text: str) -> Url:
    """Return the components of the URL ``text``.

    :raises reqpi.core.locks.rules.requirements.Refused: it is not a URL, or one that two readers may understand
        differently.
    """
    if len(text) > LENGTH:
        raise Refused(TOO_LONG, f"URL is longer than {LENGTH} characters")
    if ";" in text:
        raise Refused(rules.SEMICOLON)
    match = _URL.fullmatch(text)
    foreign = _FOREIGN.search(text)
    if not match or foreign:
        raise Refused(rules.URL, f"a URL cannot have `{foreign[0]}`" if foreign else f"`{text[:60]}` is not a URL")
    scheme, authority, path, query, fragment = match.groups()
    _check_path(path)
    if query is not None and _BAD_ESCAPE.search(query):
        raise Refused(rules.URL, "the URL has a `%` that is not followed by two hex digits")
    return Url(scheme.lower(), _host(scheme.lower(), authority), path, query, fragment)


def index(text: str) -> str:
    """Return the URL of an index in the form that pins use: without a slash at the end.

    :raises reqpi.core.locks.rules.requirements.Refused: it cannot be the URL of an index.
    """
    if not text.lower().startswith(("https://", "http://")):
        raise Refused(rules.INDEX_URL, text)
    url = parse(text)
    if url.query is not None or url.fragment is not None:
        raise Refused(rules.QUERY, "the URL of an index has a query or a fragment")
    return url.bare.rstrip("/")


def _host(scheme: str, authority: str) -> str:
    if "@" in authority:
        raise Refused(rules.CREDENTIALS)
    if not authority:
        raise Refused(rules.HOST, "the URL has no host")
    match = _AUTHORITY.fullmatch(authority)
    if not match or not _is_host(match[1]):
        raise Refused(rules.HOST, f"`{authority}` is not a valid host")
    host = match[1].lower()
    port = int(match[2]) if match[2] else _PORTS.get(scheme)
    if port is not None and not 0 < port < 65536:
        raise Refused(rules.HOST, f"`{authority}` is not a valid host")
    return host if port == _PORTS.get(scheme) else f"{host}:{port}"


def _is_host(host: str) -> bool:
    try:
        if host.startswith("["):
            return bool(IPv6Address(host[1:-1]))
        if _NUMBER.fullmatch(host):
            return bool(IPv4Address(host))
    except AddressValueError:
        return False
    return len(host) < 254 and bool(_NAME.fullmatch(host))


def _check_path(path: str) -> None:
    if "[" in path or "]" in path:
        raise Refused(rules.URL_PATH, "the path of the URL has a bracket")
    if _BAD_ESCAPE.search(path):
        raise Refused(rules.URL_PATH, "the path of the URL has a `%` that is not followed by two hex digits")
    for part in path.split("/"):
        plain = unquote(part) if "%" in part else part
        if plain in (".", ".."):
            raise Refused(rules.URL_PATH, f"the path of the URL has a part `{part}`")
        if "%" in part and _HIDDEN.search(plain):
            raise Refused(rules.URL_PATH, f"`{part}` hides a separator, a control character or a percent sign")
