"""The proxy between here and a server: the one in the environment, and never one for this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import NamedTuple

from reqpi.client.errors import BadUsage
from reqpi.client.target import BasicLogin, ServerTarget
from reqpi.core.env_vars import is_loopback

__all__ = ["ClientProxy", "proxy_for"]


class ClientProxy(NamedTuple):
    """An HTTP proxy."""

    host: str
    port: int
    credentials: BasicLogin | None


def proxy_for(target: ServerTarget) -> ClientProxy | None:
    """The proxy that the environment names for ``target``: ``http_proxy``, ``https_proxy``, ``no_proxy``.

    :raises BadUsage: what it names is not an HTTP proxy.
    """
    if is_loopback(target.host):
        return None
    # Imported here because a server on this machine needs none of it.
    from reqpi.core.proxies import BadProxy, proxy_in  # noqa: PLC0415

    try:
        found = proxy_in(_environment(), target.scheme, target.host, target.port)
    except BadProxy as error:
        raise _unusable(error.where, error.problem) from None
    if found is None:
        return None
    if found.scheme != "http":
        raise _unusable(f"{target.scheme}_proxy", "a proxy that is reached over TLS is not supported here")
    credentials = None if found.user is None else BasicLogin(found.user, found.password)
    return ClientProxy(found.host, found.port, credentials)


def _environment() -> Mapping[str, str]:
    """The variables, or on a Mac what takes their place in its settings."""
    if sys.platform != "darwin":
        return os.environ
    from urllib.request import getproxies  # noqa: PLC0415

    return {f"{name}_proxy": value for name, value in getproxies().items()}


def _unusable(where: str, problem: str) -> BadUsage:
    return BadUsage(
        f"the proxy that {where} names cannot be used: {problem}",
        "Write it like http://proxy.example.org:3128, or add the server's host to no_proxy.",
    )
