"""Threads for lookups of names.

A name server that does not answer occupies a thread until the system's resolver gives up. The reactor's few threads
read the store, which must be served whatever state the network is in.
"""

from __future__ import annotations

from collections.abc import Callable
from socket import getaddrinfo as _getaddrinfo
from threading import Thread
from typing import Any

from twisted.internet._resolver import GAIResolver
from twisted.python.threadpool import ThreadPool
from zope.interface import directlyProvides, providedBy

from reqpi.upstream.allowed.name_cache import NameCache

__all__ = ["ResolverThreads"]

_AT_ONCE = 8
"""The most lookups at a time."""


def _daemon(**options: Any) -> Thread:
    """Return a thread that the interpreter does not wait for when it exits."""
    return Thread(daemon=True, **options)


class ResolverThreads:
    """A reactor with another resolver, and otherwise unchanged.

    Its threads start with the first lookup, and end with the process, which does not wait for them.

    :param getaddrinfo: the system's resolver, which blocks.
    """

    def __init__(self, reactor: Any, getaddrinfo: Callable[..., Any] = _getaddrinfo) -> None:
        self._reactor = reactor
        self._pool = ThreadPool(0, _AT_ONCE, "names")
        self._pool.threadFactory = _daemon  # type: ignore[assignment]
        self.nameResolver = NameCache(GAIResolver(reactor, self._started, getaddrinfo), reactor)
        directlyProvides(self, providedBy(reactor))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def _started(self) -> ThreadPool:
        if not self._pool.started:
            self._pool.start()
        return self._pool
