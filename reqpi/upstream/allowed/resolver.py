"""Looking names up in threads of their own.

A name server that does not answer keeps a thread for as long as the system's resolver has patience. The reactor's few
threads are what the store is read in: it must be served whatever becomes of the network.
"""

from __future__ import annotations

from collections.abc import Callable
from socket import getaddrinfo as _getaddrinfo
from threading import Thread
from typing import Any

from twisted.internet._resolver import GAIResolver
from twisted.python.threadpool import ThreadPool
from zope.interface import directlyProvides, providedBy

from reqpi.upstream.allowed.name_cache import KeptNames

__all__ = ["ResolverThreads"]

_AT_ONCE = 8


def _daemon(**options: Any) -> Thread:
    """A thread that the interpreter does not wait for at its end."""
    return Thread(daemon=True, **options)


class ResolverThreads:
    """Stand in for a reactor: the same, except for its resolver.

    Its threads begin with the first name, and end with the process: nobody waits for them.

    :param getaddrinfo: the system's resolver, which blocks.
    """

    def __init__(self, reactor: Any, getaddrinfo: Callable[..., Any] = _getaddrinfo) -> None:
        self._reactor = reactor
        self._pool = ThreadPool(0, _AT_ONCE, "names")
        self._pool.threadFactory = _daemon  # type: ignore[assignment]
        self.nameResolver = KeptNames(GAIResolver(reactor, self._started, getaddrinfo), reactor)
        directlyProvides(self, providedBy(reactor))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def _started(self) -> ThreadPool:
        if not self._pool.started:
            self._pool.start()
        return self._pool
