"""The cache of lookups: one query serves all clients that need the same name, and its answer is kept for a while.

Many connections to an upstream are opened at once. If each looked the name up by itself, the burst would make resolvers
lose queries, and the system's own resolver waits 5 s before it repeats one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import define, field, frozen
from twisted.internet._resolver import HostResolution
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IHostnameResolver,
    IHostResolution,
    IReactorTime,
    IResolutionReceiver,
)
from zope.interface import implementer

from reqpi.runtime.lru import LruCache

__all__ = ["NameCache"]

_KEPT = 30.0
"""Seconds for which an answer is used. A changed address is in use after that time at the latest."""

_REFRESHED = 20.0
"""Seconds after which the next use of an answer starts another lookup, without waiting for it."""

_FAILED = 1.0
"""Seconds for which an answer without an address is used."""

_AGAIN = 1.0
"""Seconds after which a query without an answer is repeated once: it may be lost."""

_JOINED = 10.0
"""Seconds after which no more clients join a query without an answer. Earlier ones have timed out by then."""

_MOST = 4096
"""The most names plus addresses: pages name any number of hosts, and a name server any number of addresses."""


@frozen
class _Key:
    """The subject of a lookup: one host and port, and the kinds of addresses."""

    host: str
    port: int
    types: tuple[type[IAddress], ...] | None
    semantics: str


@frozen
class _Answer:
    """Addresses, in the resolver's order.

    :param at: when they were received, in seconds of the clock.
    """

    addresses: tuple[IAddress, ...]
    at: float


@define(eq=False)
class _Lookup:
    """A lookup in progress, and the clients that wait for it."""

    waiting: list[IResolutionReceiver] = field(factory=list)
    timers: list[IDelayedCall] = field(factory=list)
    answered: bool = False


@implementer(IHostnameResolver)
class NameCache:
    """A resolver with a cache. It checks no address: its users do so before each connection.

    :param resolver: the resolver that does the lookups.
    :param clock: for the age of answers.
    """

    def __init__(self, resolver: IHostnameResolver, clock: IReactorTime) -> None:
        self._resolver = resolver
        self._clock = clock
        self._answers: LruCache[_Key, _Answer] = LruCache(_MOST)
        self._lookups: dict[_Key, _Lookup] = {}

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        """See :class:`twisted.internet.interfaces.IHostnameResolver`."""
        types = None if addressTypes is None else tuple(addressTypes)
        key = _Key(hostName.lower(), portNumber, types, transportSemantics)
        resolution: IHostResolution = HostResolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)
        answer = self._fresh(key)
        if answer is None:
            self._look_up(key, resolutionReceiver)
        else:
            if self._age(answer) >= _REFRESHED:
                self._look_up(key)
            _tell(resolutionReceiver, answer.addresses)
        return resolution

    def _fresh(self, key: _Key) -> _Answer | None:
        answer = self._answers.get(key)
        if answer is None or self._age(answer) >= (_KEPT if answer.addresses else _FAILED):
            return None
        return answer

    def _age(self, answer: _Answer) -> float:
        return self._clock.seconds() - answer.at

    def _look_up(self, key: _Key, *receivers: IResolutionReceiver) -> None:
        """Join the lookup of ``key`` in progress, or start one."""
        lookup = self._lookups.get(key)
        if lookup is not None:
            lookup.waiting += receivers
            return
        lookup = self._lookups[key] = _Lookup(list(receivers))
        lookup.timers = [
            self._clock.callLater(_AGAIN, self._ask, key, lookup),
            self._clock.callLater(_JOINED, self._close, key, lookup),
        ]
        self._ask(key, lookup)

    def _ask(self, key: _Key, lookup: _Lookup) -> None:
        receiver = _Collected(lambda addresses: self._answered(key, lookup, addresses))
        self._resolver.resolveHostName(receiver, key.host, key.port, key.types, key.semantics)

    def _answered(self, key: _Key, lookup: _Lookup, addresses: tuple[IAddress, ...]) -> None:
        if lookup.answered:
            return  # by the repeated query, or by the first
        lookup.answered = True
        self._close(key, lookup)
        if addresses or self._fresh(key) is None:
            self._answers.put(key, _Answer(addresses, self._clock.seconds()), 1 + len(addresses))
        for receiver in lookup.waiting:
            _tell(receiver, addresses)

    def _close(self, key: _Key, lookup: _Lookup) -> None:
        """Let no more clients join."""
        for timer in lookup.timers:
            if timer.active():
                timer.cancel()
        if self._lookups.get(key) is lookup:
            del self._lookups[key]


def _tell(receiver: IResolutionReceiver, addresses: Sequence[IAddress]) -> None:
    for address in addresses:
        receiver.addressResolved(address)
    receiver.resolutionComplete()


@implementer(IResolutionReceiver)
@define
class _Collected:
    """A receiver that collects all addresses of one query."""

    _done: Any
    _so_far: list[IAddress] = field(factory=list)

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        """Do nothing: the clients have been notified."""

    def addressResolved(self, address: IAddress) -> None:
        """Collect one address."""
        self._so_far.append(address)

    def resolutionComplete(self) -> None:
        """Pass on all addresses."""
        self._done(tuple(self._so_far))
