"""The polling of the epoll reactor, without the context of Twisted's old log.

Twisted enters a context for each event of a descriptor, so that ``twisted.python.log`` can begin a line with the name
of a connection. That takes about as long as the fast path takes to find an answer. Here no line has such a beginning:
a ``twisted.logger.Logger`` has a name of its own.
"""

from __future__ import annotations

import errno
from functools import partial
from typing import Any

from twisted.logger import Logger

__all__ = ["poll_plainly"]

_NEEDED = ("_poller", "_selectables", "_doReadOrWrite")
"""Undocumented attributes of the epoll reactor. A later Twisted that lacks one polls by itself."""

_log = Logger()


def poll_plainly(reactor: Any) -> None:
    """Have a reactor call the descriptors that are ready without that context. Any other reactor stays as it is."""
    if type(reactor).__module__ == "twisted.internet.epollreactor" and all(hasattr(reactor, name) for name in _NEEDED):
        reactor.doIteration = partial(_poll, reactor)


def _poll(reactor: Any, timeout: float | None) -> None:
    """Wait for events and handle them: ``EPollReactor.doPoll`` without the context."""
    try:
        events = reactor._poller.poll(-1 if timeout is None else timeout, len(reactor._selectables))
    except OSError as error:
        if error.errno == errno.EINTR:
            return
        raise
    read_or_write, selectables = reactor._doReadOrWrite, reactor._selectables
    for descriptor, event in events:
        selectable = selectables.get(descriptor)  # an event before this one may have closed it
        if selectable is None:
            continue
        try:
            read_or_write(selectable, descriptor, event)
        except Exception:
            _log.failure("fault in a connection that ends")
