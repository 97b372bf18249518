"""How many connections may wait until the reactor accepts them."""

from __future__ import annotations

import re

__all__ = ["BACKLOG", "with_backlog"]

BACKLOG = 1024
"""Twisted's 50 are too few. uv opens 50 connections at once, and the kernel drops what does not fit: the client sends
its first packet again after a second. The kernel limits the number to ``net.core.somaxconn``."""

_LISTENS = re.compile(r"(?:haproxy:)?(?:tcp6?|ssl|unix):(?!.*(?<!\\):backlog=)")


def with_backlog(description: str) -> str:
    """Return the description of an endpoint with our backlog, if it names none of its own.

    :param description: as for :func:`twisted.internet.endpoints.serverFromString`, such as ``tcp:8000``.
    """
    return f"{description}:backlog={BACKLOG}" if _LISTENS.match(description) else description
