"""The network that counts as one client, if nothing else identifies it."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address

__all__ = ["client_address", "network_of"]

_OF_ONE_CLIENT = 64
"""Bits of the network that one subscriber gets of IPv6: addresses in it cost nothing (:rfc:`6177`)."""

_WITH_PORT = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}")


@lru_cache(1024)
def network_of(host: str) -> str:
    """Return an IPv4 address as it is, and the /64 network of an IPv6 address.

    :param host: an address; any other text, such as ``-`` for a client without one, is returned as it is.
    """
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((address, _OF_ONE_CLIENT), strict=False))


def client_address(peer: str, forwarded: str, *, trusted: bool) -> str:
    """Return the address of a client: the last in ``X-Forwarded-For``, which a trusted proxy wrote, or the peer's.

    Those before it come from the client, which may write anything. Some proxies write brackets, and a port.

    :param peer: the address at the other end of the connection.
    """
    if not trusted:
        return peer
    last = forwarded.rpartition(",")[2].strip()
    match = _WITH_PORT.fullmatch(last)
    try:
        return str(ip_address(last if match is None else match[1] or match[2]))
    except ValueError:
        return peer
