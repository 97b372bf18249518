"""Answers of a resolver: one query serves all who want the same name, and its answer is kept for a while.

An upstream gets many connections at once. If each looked the name up by itself, the burst would make resolvers lose
queries, and the system's own resolver waits 5 s before it repeats one.
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

__all__ = ["KeptNames"]

_KEPT = 30.0
"""Seconds for which an answer is used: a changed one is picked up after that, at the latest."""

_REFRESHED = 20.0
"""Seconds after which the next user of an answer has the name looked up again, and does not wait for it."""

_FAILED = 1.0
"""Seconds for which an answer without an address is used."""

_AGAIN = 1.0
"""Seconds after which a query without an answer is repeated, once: it may be lost."""

_JOINED = 10.0
"""Seconds after which a query without an answer gets no more clients, who have waited as long themselves by then."""

_MOST = 4096
"""Addresses that are kept, and names: pages name any number of hosts, and a name server any number of addresses."""


@frozen
class _Key:
    """What is looked up: one host and port, and the kind of addresses."""

    host: str
    port: int
    types: tuple[type[IAddress], ...] | None
    semantics: str


@frozen
class _Answer:
    """Addresses, in the resolver's order.

    :param at: when they came, in seconds.
    """

    addresses: tuple[IAddress, ...]
    at: float


@define(eq=False)
class _Lookup:
    """A name that is being looked up, and the clients that wait for it."""

    waiting: list[IResolutionReceiver] = field(factory=list)
    timers: list[IDelayedCall] = field(factory=list)
    answered: bool = False


@implementer(IHostnameResolver)
class KeptNames:
    """A resolver that remembers. It checks nothing: its users check each address before each connection.

    :param resolver: the one that knows.
    :param clock: what ages are counted on.
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
        """Join the lookup of ``key`` that is under way, or begin one."""
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
            return  # by the query that was repeated, or by the first
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
    """All addresses of one query, together."""

    _done: Any
    _so_far: list[IAddress] = field(factory=list)

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        """The clients know already."""

    def addressResolved(self, address: IAddress) -> None:
        """One address."""
        self._so_far.append(address)

    def resolutionComplete(self) -> None:
        """That was all."""
        self._done(tuple(self._so_far))
