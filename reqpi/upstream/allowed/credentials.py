"""Who we are to an upstream, and to nobody else."""

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
    """Knows who we are to whom."""

    def for_url(self, url: str) -> str | None:
        """The ``Authorization`` for a request to ``url``; ``None`` for none."""


@frozen
class UpstreamLogin:
    """Who we are to one upstream, and where that may be said: to this scheme, host and port alone.

    :param path: of the upstream, for a host that has several.
    """

    origin: tuple[str, str, int | None]
    header: str = field(repr=False)
    path: str = ""

    def for_url(self, url: str) -> str | None:
        """The ``Authorization`` for ``url``, or ``None`` where it is none of its business."""
        return self.header if origin_of(urlsplit(url)) == self.origin else None


@frozen
class Keyring:
    """Who we are to everybody.

    What an upstream's own URL says wins. What the file of ``--netrc`` says of a host goes there over https, to its
    usual port or to one that the operator named; over plain http only to an upstream.

    :param upstreams: from the URLs of upstreams.
    :param logins: an ``Authorization`` for each host.
    :param named: the hosts and ports that the operator named.
    :param plain: origins of the upstreams over http.
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
        safe = scheme == "https" and (port == 443 or self.named.has(host, port))
        return self.logins.get(normalized(host)) if safe or origin in self.plain else None


def _in_common(first: str, second: str) -> int:
    """How many parts two paths begin with together."""
    pairs = zip(first.split("/"), second.split("/"), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def split_credentials(url: str) -> tuple[str, UpstreamLogin | None]:
    """``url`` without its userinfo, and what that said (:rfc:`7617`)."""
    parts = urlsplit(url)
    if parts.username is None and parts.password is None:
        return url, None
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    header = basic(unquote(parts.username or ""), unquote(parts.password or ""))
    return bare, UpstreamLogin(origin_of(parts), header, parts.path)


def basic(user: str, password: str) -> str:
    """An ``Authorization`` (:rfc:`7617`)."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode('ascii')}"


def read_logins(path: Path) -> Mapping[str, str]:
    """An ``Authorization`` for each host.

    An entry ``default`` is passed over: it would be said to every host that a lock or a page names.

    :raises reqpi.core.errors.Misconfigured: the file cannot be read, or is none.
    """
    try:
        read = netrc(path)
    except OSError as error:
        raise Misconfigured(f"--netrc {path} cannot be read", f"{error.strerror}.") from None
    except NetrcParseError as error:
        # Its message quotes what it could not read, which may be a password.
        where = f"What is wrong stands at or before line {error.lineno}."
        raise Misconfigured(f"--netrc {path} is no netrc file", where) from None
    except ValueError:
        raise Misconfigured(f"--netrc {path} is no netrc file", "It is not text.") from None
    return {
        normalized(host): basic(login, password or "")
        for host, (login, _, password) in read.hosts.items()
        if host != "default"
    }


def read_own_logins(path: Path) -> Mapping[str, str]:
    """The same of the file that programs read unasked; one that cannot be read counts as none, as it does to pip."""
    try:
        return read_logins(path)
    except Misconfigured:
        return {}
