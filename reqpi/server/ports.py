"""The ports of a server: opened immediately, and closed."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IListeningPort
from twisted.python.failure import Failure

__all__ = ["listening_now", "stopped"]


def stopped(port: IListeningPort) -> Deferred[Any]:
    """Stop listening on a port; the result fires when it has stopped."""
    stopping = port.stopListening()
    return stopping if isinstance(stopping, Deferred) else gatherResults([])


def listening_now(listening: Deferred[IListeningPort]) -> IListeningPort:
    """Return the port. Every endpoint of Twisted has it, or has failed, as soon as it is asked."""
    ports: list[IListeningPort] = []
    failures: list[Failure] = []
    listening.addCallbacks(ports.append, failures.append)
    if failures:
        failures[0].raiseException()
    if not ports:
        raise ValueError("endpoints of this kind do not listen immediately")
    return ports[0]
