"""Guarded connections: after every lookup the address itself is checked, and that very address is connected to.

If only the name were checked, or an address that is then looked up again, a name server could answer first with one
address and then with another (DNS rebinding). All spellings of an address are covered as well: ``127.1``,
``0x7f000001``, ``[::ffff:127.0.0.1]``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.error import DNSLookupError, TimeoutError
from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IProtocol,
    IProtocolFactory,
    IReactorTime,
    IResolutionReceiver,
    IStreamClientEndpoint,
)
from twisted.python.failure import Failure
from zope.interface import directlyProvides, implementer, providedBy

from reqpi.core.errors import HostUnreachable
from reqpi.upstream.allowed.addresses import why_refused
from reqpi.upstream.allowed.denied import Denied
from reqpi.upstream.allowed.hosts import Hosts
from reqpi.upstream.allowed.public_names import why_not_public

__all__ = ["Denied", "GuardedReactor"]

_LOOKUP = 10.0
"""Seconds for a lookup without a connection."""


_RECEIVED = 1 << 18
"""Bytes that are received at a time. Each piece of a large file is passed on by some twenty functions."""


class NameNotResolved(TimeoutError):
    """A name was not resolved in time."""

    MESSAGE = "No name server answers"


class GuardedReactor:
    """A reactor that connects to public addresses only, and to hosts that the operator named.

    :param reactor: provides the resolver and the network.
    :param named: the hosts that may be at any address, because the operator named them.
    """

    def __init__(self, reactor: Any, named: Hosts) -> None:
        self._reactor = reactor
        self._named = named

    @property
    def of_strangers(self) -> GuardedReactor:
        """The same reactor for hosts that the operator did not name."""
        return GuardedReactor(self._reactor, Hosts())

    def endpoint(self, host: str, port: int, timeout: float) -> IStreamClientEndpoint:
        """Return the endpoint of a host. Connecting fails with :class:`Denied` if none of its addresses is allowed.

        :param timeout: seconds for the lookup, and for the connection.
        """
        return _Endpoint(self._reactor, self._named, host, port, timeout)

    def check_name(self, host: str, port: int) -> None:
        """Check that a host may be asked through a proxy. Only the proxy knows its address.

        :raises reqpi.upstream.allowed.denied.Denied: the operator did not name it, and it is not a public name or
            address.
        """
        why = None if self._named.has(host, port) else why_not_public(host, port)
        if why is not None:
            raise Denied(
                f"{host} is not asked through a proxy",
                f"{why[0].upper()}{why[1:]}. {_advice(host, port)}",
            )

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a host that may be connected to, at least one.

        :raises reqpi.upstream.allowed.denied.Denied: none of its addresses is allowed.
        :raises reqpi.core.errors.UpstreamTrouble: it has no address.
        """
        found = _Collected()
        guard = _Guard(self._reactor, self._named, _LOOKUP)
        guard.resolveHostName(found, host, port)
        addresses = await found.all
        if not addresses:
            guard.raise_refused(host, port)
            raise HostUnreachable(f"{host} cannot be reached", "No address is known for that name.")
        return list(dict.fromkeys(address.host for address in addresses))


@implementer(IStreamClientEndpoint)
class _Endpoint:
    """The endpoint of one host and port, with a separate check for each connection."""

    def __init__(self, reactor: Any, named: Hosts, host: str, port: int, timeout: float) -> None:
        self._reactor = reactor
        self._named = named
        self._host = host
        self._port = port
        self._timeout = timeout

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """See :class:`twisted.internet.interfaces.IStreamClientEndpoint`."""
        guard = _Guard(self._reactor, self._named, self._timeout)
        endpoint = HostnameEndpoint(_Guarded(self._reactor, guard), self._host, self._port, self._timeout)

        def explain(failure: Failure) -> Failure:
            guard.forget()
            if failure.check(DNSLookupError):
                guard.raise_refused(self._host, self._port)
                guard.raise_late()
            return failure

        connected: Deferred[IProtocol] = endpoint.connect(protocolFactory)
        return connected.addCallbacks(_widened, explain)


def _widened(protocol: IProtocol) -> IProtocol:
    """Have a connection receive more at a time than Twisted would."""
    cast(Any, protocol).transport.bufferSize = _RECEIVED
    return protocol


class _Guarded:
    """The reactor with another resolver. Its endpoints connect to exactly the addresses that the resolver returns."""

    def __init__(self, reactor: Any, resolver: IHostnameResolver) -> None:
        self._reactor = reactor
        self.nameResolver = resolver
        directlyProvides(self, providedBy(reactor))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)


@implementer(IHostnameResolver)
class _Guard:
    """A resolver that withholds addresses that are not allowed, and that has a timeout.

    :param timeout: seconds after which a lookup ends with the addresses received so far.
    """

    def __init__(self, reactor: Any, named: Hosts, timeout: float) -> None:
        self._reactor = reactor
        self._named = named
        self._timeout = timeout
        self._refused: list[str] = []
        self._in_time: _InTime | None = None

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        """See :class:`twisted.internet.interfaces.IHostnameResolver`."""
        receiver: IResolutionReceiver = resolutionReceiver
        if not self._named.has(hostName, portNumber):
            receiver = _Filter(receiver, self._refused)
        self._in_time = receiver = _InTime(receiver, self._reactor, self._timeout)
        resolver: IHostnameResolver = self._reactor.nameResolver
        return resolver.resolveHostName(receiver, hostName, portNumber, addressTypes, transportSemantics)

    def forget(self) -> None:
        """Stop waiting for addresses."""
        if self._in_time is not None:
            self._in_time.forget()

    def raise_late(self) -> None:
        """Raise if the lookup timed out.

        :raises twisted.internet.error.TimeoutError: it did.
        """
        if self._in_time is not None and self._in_time.is_late:
            raise NameNotResolved

    def raise_refused(self, host: str, port: int) -> None:
        """Raise if an address was withheld.

        :raises reqpi.upstream.allowed.denied.Denied: one was.
        """
        if not self._refused:
            return
        address = self._refused[0]
        raise Denied(
            f"{host} is not on the public internet",
            f"Its address is {address} ({why_refused(address)}). {_advice(host, port)}",
        )


def _advice(host: str, port: int) -> str:
    where = f"{f'[{host}]' if ':' in host else host}{'' if port in (80, 443) else f':{port}'}"
    return f"If this is intended, add --allow-host {where}, or ,files={where} to the --upstream whose files are there."


@implementer(IResolutionReceiver)
class _Filter:
    """A receiver that passes on the addresses that are allowed."""

    def __init__(self, receiver: IResolutionReceiver, refused: list[str]) -> None:
        self.resolutionBegan = receiver.resolutionBegan
        self.resolutionComplete = receiver.resolutionComplete
        self._pass_on = receiver.addressResolved
        self._refused = refused

    def addressResolved(self, address: Any) -> None:
        """Pass on one address, or withhold it."""
        if why_refused(address.host) is None:
            self._pass_on(address)
        else:
            self._refused.append(address.host)


@implementer(IResolutionReceiver)
class _InTime:
    """A receiver that passes on the addresses that arrive in time, and then ends the lookup."""

    def __init__(self, receiver: IResolutionReceiver, clock: IReactorTime, timeout: float) -> None:
        self.resolutionBegan = receiver.resolutionBegan
        self._receiver = receiver
        self._end = clock.callLater(timeout, self._late)
        self.is_late = False

    def addressResolved(self, address: IAddress) -> None:
        """Pass on one address."""
        if not self.is_late:
            self._receiver.addressResolved(address)

    def resolutionComplete(self) -> None:
        """End the lookup."""
        if not self.is_late:
            self.forget()
            self._receiver.resolutionComplete()

    def forget(self) -> None:
        """Stop the timer."""
        if self._end.active():
            self._end.cancel()

    def _late(self) -> None:
        self.is_late = True
        self._receiver.resolutionComplete()


@implementer(IResolutionReceiver)
class _Collected:
    """A receiver that collects all addresses."""

    def __init__(self) -> None:
        self.all: Deferred[list[Any]] = Deferred()
        self._so_far: list[Any] = []

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        """Do nothing: no address is known yet."""

    def addressResolved(self, address: Any) -> None:
        """Collect one address."""
        self._so_far.append(address)

    def resolutionComplete(self) -> None:
        """Fire :attr:`all`."""
        if not self.all.called:
            self.all.callback(self._so_far)
