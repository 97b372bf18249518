"""Hosts, as an operator names them: ``HOST`` is its usual ports, ``HOST:PORT`` one port, ``HOST:*`` all of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from attrs import frozen

from reqpi.core.errors import Misconfigured

__all__ = ["Hosts", "host_and_port", "normalized"]

USUAL: dict[str, int] = {"http": 80, "https": 443}
"""The ports that a URL need not write."""

_WRITTEN = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s\[\]:/@?#\\]+)(?::([0-9]{1,5}|\*))?")


@frozen
class Hosts:
    """Some hosts.

    :param named: each with a port; 0 for every port of it.
    """

    named: frozenset[tuple[str, int]] = frozenset()

    @classmethod
    def read(cls, words: Iterable[str], option: str) -> Hosts:
        """What was said with ``option``.

        :raises reqpi.core.errors.Misconfigured: one of ``words`` is no host.
        """
        named: set[tuple[str, int]] = set()
        for word in words:
            match = _WRITTEN.fullmatch(word)
            host = normalized(match[1].strip("[]")) if match else ""
            if not match or not host or int(match[2] or 1 if match[2] != "*" else 1) not in range(1, 65536):
                raise Misconfigured(f"{option} {word!r:.100}: that is no host", "Write HOST or HOST:PORT, and no URL.")
            ports = USUAL.values() if match[2] is None else [0 if match[2] == "*" else int(match[2])]
            named.update((host, port) for port in ports)
        return cls(frozenset(named))

    def has(self, host: str, port: int | None) -> bool:
        """Whether this port of this host is among them."""
        name = normalized(host)
        return bool(name) and ((name, port or -1) in self.named or (name, 0) in self.named)

    def __or__(self, more: Hosts) -> Hosts:
        return Hosts(self.named | more.named)


def host_and_port(url: str) -> tuple[str, int]:
    """Whom a URL asks.

    :raises ValueError: nobody, or its port is none.
    """
    parts = urlsplit(url)
    host, port = normalized(parts.hostname or ""), parts.port or USUAL.get(parts.scheme, 0)
    if not host or not port:
        raise ValueError("there is no host in it")
    return host, port


def normalized(host: str) -> str:
    """One spelling for each name, and for each address in its usual form; empty for what is none.

    A name with a dot at its end is another name here: nobody has to guess whether the operator meant that one too.
    """
    try:
        return ip_address(host).compressed
    except ValueError:
        pass
    try:
        return (host if host.isascii() else host.encode("idna").decode("ascii")).lower()
    except UnicodeError:
        return ""
