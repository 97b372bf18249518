"""The credentials of upstreams, each of which is sent to its own host and to no other."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from itertools import takewhile
from netrc import NetrcParseError, netrc
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit, urlunsplit

from attrs import field, frozen

from reqpi.core.errors import Misconfigured
from reqpi.upstream.allowed.hosts import Hosts, normalized
from reqpi.upstream.allowed.urls import origin_of

__all__ = ["Keyring", "UpstreamLogin", "UpstreamLogins", "basic", "read_logins", "read_own_logins", "split_credentials"]


class UpstreamLogins(Protocol):
    """A source of credentials."""

    def for_url(self, url: str) -> str | None:
        """Return the ``Authorization`` for a request to ``url``; ``None`` for none."""


@frozen
class UpstreamLogin:
    """The credentials of one upstream, which may be sent to its scheme, host and port alone.

    :param origin: the scheme, host and port.
    :param header: the value of ``Authorization``.
    :param path: of the upstream's URL, for a host with several upstreams.
    """

    origin: tuple[str, str, int | None]
    header: str = field(repr=False)
    path: str = ""

    def for_url(self, url: str) -> str | None:
        """Return the ``Authorization`` for ``url``; ``None`` if it has another scheme, host or port."""
        return self.header if origin_of(urlsplit(url)) == self.origin else None


@frozen
class Keyring:
    """All credentials, for requests to hosts that a lock names.

    Credentials in an upstream's own URL take precedence. Those of ``--netrc`` are sent only to hosts that the operator
    named: over https on the usual port or on one that the operator named; over plain http only to an upstream.

    :param upstreams: the credentials in the URLs of upstreams.
    :param logins: an ``Authorization`` for each host.
    :param named: the hosts and ports that the operator named.
    :param plain: scheme, host and port of each upstream over http.
    """

    upstreams: tuple[UpstreamLogin, ...] = ()
    logins: Mapping[str, str] = field(factory=dict, repr=False)
    named: Hosts = field(factory=Hosts)
    plain: frozenset[tuple[str, str, int | None]] = frozenset()

    def for_url(self, url: str) -> str | None:
        """See :class:`UpstreamLogins`."""
        own = [each for each in self.upstreams if each.for_url(url)]
        if own:
            path = urlsplit(url).path
            return max(own, key=lambda each: _in_common(each.path, path)).header
        return self._login(url)

    def _login(self, url: str) -> str | None:
        origin = scheme, host, port = origin_of(urlsplit(url))
        safe = scheme == "https" and (self.named.has(host, port) or (port == 443 and self.named.has_name(host)))
        return self.logins.get(host) if safe or origin in self.plain else None


def _in_common(first: str, second: str) -> int:
    """Return the number of leading parts that two paths have in common."""
    pairs = zip(first.split("/"), second.split("/"), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def split_credentials(url: str) -> tuple[str, UpstreamLogin | None]:
    """Return ``url`` without its userinfo, and the credentials in it (:rfc:`7617`), if any."""
    parts = urlsplit(url)
    if parts.username is None and parts.password is None:
        return url, None
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    header = basic(unquote(parts.username or ""), unquote(parts.password or ""))
    return bare, UpstreamLogin(origin_of(parts), header, parts.path)


def basic(user: str, password: str) -> str:
    """Return the value of ``Authorization`` for a user and a password (:rfc:`7617`)."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode('ascii')}"


def read_logins(path: Path) -> Mapping[str, str]:
    """Read a netrc file, and return an ``Authorization`` for each host.

    An entry ``default`` is ignored: it would be sent to every host that a lock or a page names.

    :raises reqpi.core.errors.Misconfigured: the file cannot be read, or is not a valid netrc file.
    """
    try:
        read = netrc(path)
    except OSError as error:
        raise Misconfigured(f"--netrc {path} cannot be read", f"{error.strerror}.") from None
    except NetrcParseError as error:
        # Its message quotes the text that it could not read, which may be a password.
        where = f"The error is at or before line {error.lineno}."
        raise Misconfigured(f"--netrc {path} is not a valid netrc file", where) from None
    except ValueError:
        raise Misconfigured(f"--netrc {path} is not a valid netrc file", "It is not text.") from None
    return {
        normalized(host): basic(login, password or "")
        for host, (login, _, password) in read.hosts.items()
        if host != "default"
    }


def read_own_logins(path: Path) -> Mapping[str, str]:
    """Read the netrc file that programs read by default. One that cannot be read is ignored, as pip does."""
    try:
        return read_logins(path)
    except Misconfigured:
        return {}
