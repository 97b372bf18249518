"""The names that a server answers to, from its settings and the addresses that it listens on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from reqpi.core.env_vars import is_loopback
from reqpi.server.settings import Settings
from reqpi.web.http.authority import OwnNames, named_host

__all__ = ["beyond_loopback", "own_names"]


def beyond_loopback(addresses: Iterable[Any]) -> bool:
    """Return whether some of these Twisted addresses are of other networks than loopback."""
    return any(not is_loopback(host) for each in addresses if (host := getattr(each, "host", None)) is not None)


def own_names(settings: Settings, addresses: Iterable[Any]) -> OwnNames:
    """Return the names of a server.

    With ``--url`` it has that name, on loopback the names of loopback, and beyond loopback any, unless the operator
    names some. A trusted proxy decides which names lead to the server.

    :param addresses: the Twisted addresses that it listens on.
    """
    url = settings.url and named_host(urlsplit(settings.url).netloc.rpartition("@")[2])
    named = {named_host(name) for name in settings.hosts} | ({url} if url else set())
    beyond = beyond_loopback(addresses)
    return OwnNames(
        frozenset(named), loopback=not url or is_loopback(url), others=not named and (beyond or settings.trust_proxy)
    )
