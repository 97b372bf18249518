"""The network that counts as one client, if nothing else identifies it."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address

__all__ = ["last_forwarded", "network_of"]

_OF_ONE_CLIENT = 64
"""Bits of the network that one subscriber gets of IPv6: addresses in it cost nothing (:rfc:`6177`)."""


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


def last_forwarded(forwarded: str) -> str:
    """Return the address that the last proxy wrote into ``X-Forwarded-For``; empty if it wrote none.

    Those before it come from the client, which may write anything.
    """
    last = forwarded.rpartition(",")[2].strip()
    try:
        return str(ip_address(last))
    except ValueError:
        return ""
