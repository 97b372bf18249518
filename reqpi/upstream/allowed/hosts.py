"""Hosts as an operator writes them: ``HOST`` for the usual ports, ``HOST:PORT`` for one port, ``HOST:*`` for all."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from attrs import frozen

from reqpi.core.errors import Misconfigured

__all__ = ["Hosts", "host_and_port", "normalized"]

USUAL: dict[str, int] = {"http": 80, "https": 443}
"""The default port of each scheme."""

_WRITTEN = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s\[\]:/@?#\\,]+)(?::([0-9]{1,5}|\*))?")


@frozen
class Hosts:
    """A set of hosts.

    :param named: each host with a port; 0 for all of its ports.
    """

    named: frozenset[tuple[str, int]] = frozenset()

    @classmethod
    def read(cls, words: Iterable[str], option: str, *, every_port: bool = False) -> Hosts:
        """Read the values of an option.

        :param option: its name, for messages.
        :param every_port: a host without a port stands for all of its ports, as with pip's ``--trusted-host``.
        :raises reqpi.core.errors.Misconfigured: one of ``words`` is not a valid host.
        """
        named: set[tuple[str, int]] = set()
        for word in words:
            match = _WRITTEN.fullmatch(word)
            host = normalized(match[1].strip("[]")) if match else ""
            if "*" in host:
                raise Misconfigured(
                    f"{option} {word!r:.100} is not a valid host", "No pattern is possible. Name each host by itself."
                )
            if not match or not host or int(match[2] or 1 if match[2] != "*" else 1) not in range(1, 65536):
                raise Misconfigured(
                    f"{option} {word!r:.100} is not a valid host", "Write HOST or HOST:PORT, without a scheme or path."
                )
            usual = [0] if every_port else USUAL.values()
            ports = usual if match[2] is None else [0 if match[2] == "*" else int(match[2])]
            named.update((host, port) for port in ports)
        return cls(frozenset(named))

    def has(self, host: str, port: int | None) -> bool:
        """Return whether this port of this host is in the set."""
        name = normalized(host)
        return bool(name) and ((name, port or -1) in self.named or (name, 0) in self.named)

    def has_name(self, host: str) -> bool:
        """Return whether any port of this host is in the set."""
        name = normalized(host)
        return any(name == known for known, _ in self.named)

    def __or__(self, more: Hosts) -> Hosts:
        return Hosts(self.named | more.named)


def host_and_port(url: str) -> tuple[str, int]:
    """Return the host and the port of a URL.

    :raises ValueError: it has no host, or its port is not valid.
    """
    parts = urlsplit(url)
    host, port = normalized(parts.hostname or ""), parts.port or USUAL.get(parts.scheme, 0)
    if not host or not port:
        raise ValueError("it contains no host")
    return host, port


def normalized(host: str) -> str:
    """Return the one spelling of a name, or of an address in its usual form; empty for an invalid name.

    A name with a dot at its end is a different name here, because the operator may have meant only the other.
    """
    try:
        return ip_address(host).compressed
    except ValueError:
        pass
    try:
        return (host if host.isascii() else host.encode("idna").decode("ascii")).lower()
    except UnicodeError:
        return ""
