"""The names that may be asked for through a proxy if the operator did not name them.

A proxy resolves names itself, so there is no address to check. Only the name can be checked: one that can only belong
to a private machine or network is denied, and so is every port except the usual ones. A public name that resolves to a
private address is beyond this rule; only the proxy can refuse that.
"""

from __future__ import annotations

import re
from ipaddress import ip_address

from reqpi.upstream.allowed.addresses import why_refused
from reqpi.upstream.allowed.hosts import USUAL

__all__ = ["why_not_public"]

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""A last label that makes a resolver parse the whole name as an address (WHATWG URL, section 3.5)."""

_RESERVED = frozenset(
    # RFC 6761, 6762 (also its appendix G), 7686, 8375 and 9476, and the names that ICANN reserves for private use.
    [
        *("localhost", "localdomain", "local", "test", "invalid", "onion", "alt", "arpa", "internal", "intranet"),
        *("private", "corp", "home", "lan", "domain"),
    ]
)


def why_not_public(host: str, port: int) -> str | None:
    """Return why a host may not be asked for through a proxy; ``None`` for a public one.

    :param host: a name, or an address without brackets.
    """
    if port not in USUAL.values():
        return f"port {port} is neither 80 nor 443"
    try:
        address = ip_address(host)
    except ValueError:
        return _why_not_public_name(host.lower().removesuffix("."))
    why = why_refused(str(address))
    return None if why is None else f"its address is {host} ({why})"


def _why_not_public_name(name: str) -> str | None:
    labels = name.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels) or len(name) > 253:
        return "it is not a valid name"
    if _NUMBER.fullmatch(labels[-1]):
        return "it is an address in an unusual spelling"
    if len(labels) < 2:
        return "a name without a dot belongs to a private network"
    if labels[-1] in _RESERVED:
        return f"names that end in .{labels[-1]} belong to private networks"
    return None
