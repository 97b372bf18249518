"""The lines that a server logs when it starts: how to use it, and who can reach it."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from typing import Any

from twisted.logger import Logger

from reqpi.core.access.clients import ANONYMOUS
from reqpi.core.shown_urls import as_shown
from reqpi.server.access import anonymous_of
from reqpi.server.limits import announce_limits
from reqpi.server.open_to_others import open_to_others
from reqpi.server.own_names import beyond_loopback
from reqpi.server.settings import Settings
from reqpi.server.sweeping import sweeping_of
from reqpi.server.unknown_variables import unknown_variables
from reqpi.upstream.allowed.operator import proxies_of

__all__ = ["Address", "announce", "reach", "url_of"]

Address = tuple[Any, bool]
"""The address that a port listens on, as a Twisted address; and whether it is TLS."""


def announce(log: Logger, settings: Settings, upstream_name: str, addresses: Sequence[Address]) -> None:
    """Log how to use a server, where it can be reached, and who can reach it."""
    log.info("use it: reqpi gethash --url {url} requirements.txt", url=url_of(settings, addresses))
    for address, _ in addresses:
        where, who = reach(address)
        log.info("listening on {where}: {who}", where=where, who=who)
    log.info("upstream: {name}", name=upstream_name)
    for name, url in settings.upstreams.items():
        log.info("upstream {name}: {url}", name=name, url=as_shown(url))
    for proxy in () if settings.offline else proxies_of(settings.proxy, os.environ).all:
        log.info("upstreams are asked through the proxy {url}", url=proxy.url)
    anyone = anonymous_of(settings)
    if anyone != "all":
        log.info("clients without a token may: {what}", what=", ".join(sorted(ANONYMOUS[anyone])) or "nothing")
    elif beyond_loopback(address for address, _ in addresses):
        log.warn("anyone who can reach this server can commit locks: --tokens and --anonymous restrict that")
    announce_limits(log, settings)
    sweeping = sweeping_of(settings)
    if sweeping is not None:
        log.info("{sweeping}", sweeping=sweeping)
    for warning in (*open_to_others(settings), *unknown_variables(os.environ)):
        log.warn("{warning}", warning=warning)
    if settings.learning:
        log.warn(
            "learning is enabled: anyone who can reach this server can download anything from its upstream "
            "through /learn"
        )


def reach(address: Any) -> tuple[str, str]:
    """Return where a port listens and who can reach it, in words."""
    host = getattr(address, "host", None)
    if host is None:
        name = getattr(address, "name", address)
        path = name.decode(errors="replace") if isinstance(name, bytes) else str(name)
        return path, "anyone who may open this socket can reach it"
    where = f"[{host}]:{address.port}" if ":" in host else f"{host}:{address.port}"
    if host in ("127.0.0.1", "::1"):
        return where, "only this machine can reach it"
    if host in ("0.0.0.0", "::", ""):  # noqa: S104
        return where, "every machine that can reach this one can reach it"
    return where, f"every machine that can reach {host} can reach it"


def url_of(settings: Settings, addresses: Sequence[Address]) -> str:
    """Return the canonical URL, or one for clients on this machine."""
    if settings.url is not None:
        return settings.url
    address, secure = next((each for each in addresses if hasattr(each[0], "port")), (None, False))
    if address is None:
        return "http://localhost"
    host = socket.gethostname() if address.host in ("0.0.0.0", "::", "") else address.host  # noqa: S104
    scheme = "https" if secure else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{address.port}"
