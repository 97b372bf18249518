"""The proxy between here and a server: what urllib finds in the environment, and never one for this machine."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from reqpi.client.errors import BadUsage
from reqpi.client.target import Credentials, Target
from reqpi.environment import is_loopback

__all__ = ["Proxy", "proxy_for"]


class Proxy(NamedTuple):
    """An HTTP proxy."""

    host: str
    port: int
    credentials: Credentials | None


def proxy_for(target: Target) -> Proxy | None:
    """The proxy that the environment names for ``target``: ``http_proxy``, ``https_proxy``, ``no_proxy``.

    :raises BadUsage: what it names is no HTTP proxy.
    """
    if is_loopback(target.host):
        return None
    # Imported here because it costs as much as all the rest, and a server on this machine needs none of it.
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415

    proxies = getproxies()
    named = proxies.get(target.scheme) or proxies.get("all")
    if not named or proxy_bypass(f"{target.host}:{target.port}"):
        return None
    return _proxy(named, target.scheme)


def _proxy(named: str, scheme: str) -> Proxy:
    """Read a proxy's URL, which may come without its scheme: ``proxy.example.org:3128``."""
    try:
        parts = urlsplit(named if "//" in named else f"http://{named}")
        host, port = parts.hostname, parts.port or 80
    except ValueError:
        host = None
    if host is None or parts.scheme != "http":
        raise BadUsage(
            f"the proxy that {scheme}_proxy names is none that can be used",
            "Write it like http://proxy.example.org:3128, or take the server's host into no_proxy.",
        )
    credentials = Credentials(unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return Proxy(host, port, credentials)
