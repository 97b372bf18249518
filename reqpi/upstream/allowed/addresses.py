"""The addresses that an upstream may have if the operator did not name its host: those of the public internet.

Locks, project pages and redirects come from strangers. They must not give anyone access to what only this machine can
reach: its own services, its neighbours, the metadata service of its cloud.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

__all__ = ["why_refused"]

_UNICAST = IPv6Network("2000::/3")  # the only part of IPv6 that is given out (RFC 4291, section 2.4)
# RFC 5737, for documentation. No machine has such an address by itself, so no private service is there. A network that
# replaces the public indexes by a mirror gives the mirror such an address.
_NOBODYS = [IPv4Network(f"{network}.0/24") for network in ("192.0.2", "198.51.100", "203.0.113")]
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: how a network with IPv6 alone reaches IPv4
_DOCUMENTATION = IPv6Network("3fff::/20")  # RFC 9637, which older Pythons do not know


def why_refused(address: str) -> str | None:
    """Return the kind of an address that is blocked; ``None`` for one on the public internet.

    :param address: as a resolver returns it. One that cannot be parsed is blocked too.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return "not an address"
    if isinstance(parsed, IPv4Address):
        return _v4(parsed)
    embedded = _embedded(parsed)
    if embedded is not None:
        return _v4(embedded)
    return _v6(parsed)


def _v4(address: IPv4Address) -> str | None:
    if address.is_loopback:
        return "loopback"
    if address.is_unspecified:
        return "unspecified"
    if address.is_link_local:
        return "link-local"
    if address.is_multicast:
        return "multicast"
    return None if address.is_global or any(address in network for network in _NOBODYS) else "private"


def _v6(address: IPv6Address) -> str | None:
    if address.is_loopback:
        return "loopback"
    if address.is_unspecified:
        return "unspecified"
    if address.is_link_local or address.scope_id:
        return "link-local"
    if address.is_multicast:
        return "multicast"
    public = address in _UNICAST and address not in _DOCUMENTATION and address.is_global and address.teredo is None
    return None if public else "private"


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that is actually reached: mapped (RFC 4291), 6to4 (RFC 3056) or NAT64 (RFC 6052)."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
