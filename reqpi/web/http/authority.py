"""The host that a request names, and the names that a server answers to.

A web page can have its own name resolve to an address of this machine or network, and then read from a server there
as from its own. The browser sends the name of the page, so a server that knows its own names rejects the request.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv6Address
from typing import Any

from attrs import frozen
from twisted.web.server import Request

from reqpi.core.env_vars import is_loopback
from reqpi.web.http.headers import all_of
from reqpi.web.http.problems import BAD_HOST, MISDIRECTED, Problem

__all__ = [
    "ANY_NAME",
    "OwnNames",
    "is_host",
    "let_target_name",
    "named_host",
    "needs_tls",
    "problem_of_host",
    "split_target",
]

_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")
_ABSOLUTE = re.compile(rb"https?://([^/?#]*)([^#]*)", re.IGNORECASE)

_is_loopback = lru_cache(256)(is_loopback)


@lru_cache(256)
def is_host(text: str) -> bool:
    """Return whether ``text`` is a host, with or without a port (:rfc:`9110`, section 7.2), that needs no escapes."""
    if _HOST.fullmatch(text) is None:
        return False
    try:
        return not text.startswith("[") or IPv6Address(named_host(text)) is not None
    except ValueError:
        return False


def named_host(authority: str) -> str:
    """Return the host of ``HOST:PORT`` in lower case, without brackets and without a dot at its end."""
    host = authority.partition("]")[0][1:] if authority.startswith("[") else authority.partition(":")[0]
    return host.lower().removesuffix(".")


def needs_tls(authority: str) -> bool:
    """Return whether a browser may be told to use only TLS with this host: other programs of a user are on loopback."""
    return not _is_loopback(named_host(authority))


def split_target(target: bytes) -> tuple[bytes, bytes] | None:
    """Split the absolute form of a request target (:rfc:`9112`, section 3.2.2).

    :returns: its authority, and the rest in the usual form; ``None`` if it has another form.
    """
    match = _ABSOLUTE.fullmatch(target)
    if match is None:
        return None
    return match[1], match[2] if match[2].startswith(b"/") else b"/" + match[2]


def let_target_name(request: Request, authority: bytes, version: bytes) -> None:
    """Let the authority of an absolute target replace ``Host``. A request with a wrong ``Host`` stays wrong."""
    hosts = all_of(request, "Host")
    if (len(hosts) == 1 and is_host(hosts[0])) or (not hosts and version == b"HTTP/1.0"):
        request.requestHeaders.setRawHeaders(b"Host", [authority])


@frozen
class OwnNames:
    """The names that a server answers to. Ports do not count: a tunnel or a proxy may change them.

    :param named: those that the operator named, in the form of :func:`named_host`.
    :param loopback: the loopback names belong to it too, for clients on this machine.
    :param others: any other name is accepted as well.
    """

    named: frozenset[str] = frozenset()
    loopback: bool = True
    others: bool = True

    def accept(self, authority: str, local: Any) -> bool:
        """Return whether the server answers to this name.

        :param authority: a valid one, such as ``localhost:2000``.
        :param local: the Twisted address at which the request came in. One without a host is a Unix socket: no web page
            reaches it, and it has no name of its own.
        """
        if self.others:
            return True
        host = named_host(authority)
        if host in self.named:
            return True
        at = getattr(local, "host", None)
        if at is None:
            return not self.named or _is_loopback(host)
        return self.loopback and _is_loopback(at) and _is_loopback(host)


ANY_NAME = OwnNames()
"""The names of a server that other machines reach by names that it cannot know."""


def problem_of_host(request: Request, names: OwnNames) -> Problem | None:
    """Return the problem with the host that a request names; ``None`` if there is none."""
    hosts = all_of(request, "Host")
    if not hosts and request.clientproto == b"HTTP/1.0":
        return None
    if len(hosts) != 1:
        return Problem(BAD_HOST, f"{len(hosts) or 'no'} Host fields", "HTTP/1.1 requires exactly one.")
    if not is_host(hosts[0]):
        return Problem(BAD_HOST, "not a host", "Host is a name or an address, with a port if needed: localhost:2000.")
    if names.accept(hosts[0], request.getHost()):
        return None
    host = named_host(hosts[0])
    return Problem(
        MISDIRECTED,
        f"this server does not answer to {host[:60]}",
        f"A web page can give its own name the address of this server. If {host} is a name of this server, "
        f"its operator adds it with --host {host}.",
    )
