"""The reactor, with names of the tests' own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IHostnameResolver, IHostResolution
from twisted.internet.task import Clock
from zope.interface import directlyProvides, implementer, providedBy

from reqpi.upstream.allowed.name_cache import NameCache

__all__ = ["Kept", "Names"]


@implementer(IHostnameResolver)
class Names:
    """A reactor with a resolver that knows ``addresses`` and nothing else.

    :param silent: it knows some addresses, and never says that this was all.
    :ivar asked: the names that were looked up.
    """

    def __init__(self, reactor: Any, addresses: Mapping[str, Sequence[str]], *, silent: bool = False) -> None:
        self._reactor = reactor
        self._addresses = addresses
        self._silent = silent
        self.asked: list[str] = []
        self.nameResolver = self
        directlyProvides(self, providedBy(reactor), IHostnameResolver)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def resolveHostName(
        self, resolutionReceiver: Any, hostName: str, portNumber: int = 0, *_: object, **__: object
    ) -> IHostResolution:
        self.asked.append(hostName)
        resolutionReceiver.resolutionBegan(None)
        for address in self._addresses.get(hostName, ()):
            kind = IPv6Address if ":" in address else IPv4Address
            resolutionReceiver.addressResolved(kind("TCP", address, portNumber))
        if not self._silent:
            resolutionReceiver.resolutionComplete()
        nothing: Any = None
        return nothing  # type: ignore[no-any-return]


class Kept:
    """In place of the reactor: the answers of ``names`` are kept.

    :ivar clock: what they get old on.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        self.clock = Clock()
        self.nameResolver = NameCache(names, self.clock)
        directlyProvides(self, providedBy(names))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._names, name)
