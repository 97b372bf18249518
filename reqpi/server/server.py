"""The wiring of a server: the only place where stores, upstreams, the shelf and the web meet."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, TimeoutError, gatherResults
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IStreamServerEndpoint
from twisted.logger import Logger

from reqpi.core.crates.source import CrateSource
from reqpi.core.errors import Misconfigured, ReqPIError
from reqpi.core.interfaces import Store, Upstream
from reqpi.runtime.allocator import limit_arenas
from reqpi.runtime.counts import ServerCounts
from reqpi.runtime.reactor_lag import ReactorLag
from reqpi.server.access import check_reach
from reqpi.server.announce import Address, announce, url_of
from reqpi.server.backlog import with_backlog
from reqpi.server.host_defaults import default_spool, default_store
from reqpi.server.listening import cannot_listen
from reqpi.server.metrics import ServerReadings
from reqpi.server.metrics_port import port_of_server
from reqpi.server.outside import outside_of
from reqpi.server.own_names import own_names
from reqpi.server.periodic import Periodic
from reqpi.server.ports import listening_now, stopped
from reqpi.server.services import services_of
from reqpi.server.settings import Settings
from reqpi.server.sources import Sources
from reqpi.shelf.crates.crates_of_locks import CratesOfLocks
from reqpi.shelf.maintenance.prefreeze import Prefreeze
from reqpi.shelf.maintenance.scrubber import Scrubber
from reqpi.shelf.shelf import Shelf
from reqpi.storage.passing import PassingStore
from reqpi.storage.place import StorePlace
from reqpi.upstream.allowed.operator import AllowedUpstreams
from reqpi.upstream.allowed.own_addresses import Here
from reqpi.upstream.crates.offline import OfflineRegistries
from reqpi.web.http.site import BoundedSite
from reqpi.web.status import StatusResource

__all__ = ["GRACE", "Server", "assemble"]

GRACE = 30.0
"""Seconds that requests in flight have to finish when the server stops."""


class Server(Service):
    """A running server.

    :param endpoints: returns the endpoint that a description names; ``None``: Twisted's ``serverFromString``.
    :param quiet: do not log where it listens, because the caller does.
    :param here: receives the addresses that it listens on.
    :param crates: the registries of crates; ``None``: none is asked.
    :param counts: the numbers of this process, if its sources count too.

    :ivar ready: fires with the listening ports, once the server can be used.
    :ivar metrics: the port of ``--metrics``; ``None`` if there is none.
    :ivar outside: the upstreams, proxies and authorities that its settings allow; ``None`` if it was not assembled
        from settings.
    """

    _log = Logger()

    def __init__(
        self,
        settings: Settings,
        reactor: Any,
        store: Store,
        upstream: Upstream,
        close_upstream: Callable[[], Awaitable[None]] | None = None,
        *,
        endpoints: Callable[[str], IStreamServerEndpoint] | None = None,
        quiet: bool = False,
        here: Here | None = None,
        crates: CrateSource | None = None,
        counts: ServerCounts | None = None,
    ) -> None:
        self.setName("reqpi")
        self.ready: Deferred[list[IListeningPort]] = Deferred()
        self.outside: AllowedUpstreams | None = None
        self._settings = settings
        self._reactor = reactor
        self._services = services_of(settings, reactor, store, upstream, crates or OfflineRegistries(), counts=counts)
        self._close_upstream = close_upstream
        self._endpoints = endpoints or partial(serverFromString, reactor)
        self._quiet = quiet
        self._here = here or Here()
        self._ports: list[IListeningPort] = []
        self._periodic = Periodic(settings, self._services, reactor)
        self._scrubber: Deferred[None] | None = None
        self._lag = ReactorLag(reactor, lags=self._services.counts.lag)
        status = StatusResource(self._services.report, None)
        self.metrics = None if settings.worker else port_of_server(settings, reactor, self.readings, [status])

    @property
    def store(self) -> Store:
        """The store that it serves from."""
        return self._services.store

    @property
    def readings(self) -> ServerReadings:
        """The parts whose numbers an operator can see."""
        return self._services.readings

    @property
    def shelf(self) -> Shelf:
        """The shelf that it serves from."""
        return self._services.locks.shelf

    @property
    def crates(self) -> CratesOfLocks:
        """The crates of its locks."""
        return self._services.crates

    @property
    def site(self) -> BoundedSite:
        """The site that answers, which can have an observer."""
        return self._services.site

    @property
    def prefreeze(self) -> Prefreeze:
        """The part that freezes new locks in the background."""
        return self._services.prefreeze

    def privilegedStartService(self) -> None:
        """Listen, while the process may still use ports below 1024.

        :raises reqpi.core.errors.Misconfigured: a port is in use, or an endpoint is not valid.
        """
        super().privilegedStartService()
        self._listen()

    def startService(self) -> None:
        """Open the store, and listen. Nothing is opened earlier, because a daemon forks before this.

        :raises reqpi.core.errors.Misconfigured: the store or a port cannot be used.
        """
        super().startService()
        limit_arenas()
        if self._services.site.access is not None:
            self._services.site.access.open()
        if self.site.audit is not None:
            self.site.audit.open()
        self.store.open()
        self.readings.counts.began_at = self._reactor.seconds()
        self.readings.store.opened()
        if not self._ports:
            self._listen()
        self._services.site.names = own_names(self._settings, [address for address, _ in self._addresses])
        for address, secure in self._addresses:
            if hasattr(address, "port"):
                self._here.listen(address.host, address.port, secure=secure)
        self._periodic.start()
        self._lag.start()
        if self._settings.verify_rate is not None:
            scrubber = Scrubber(
                self.store, self.shelf, self._reactor, self._settings.verify_rate, self._services.counts
            )
            self._scrubber = Deferred.fromCoroutine(scrubber.run())
            self._scrubber.addErrback(lambda failure: failure.trap(CancelledError))
        if not self._quiet:
            announce(self._log, self._settings, self.upstream_name, self._addresses)
        self.ready.callback(self._ports)

    def stopService(self) -> Deferred[None]:
        """Stop listening, let requests in flight finish, and write the refusals that are not written yet."""
        if not self._quiet:
            self._log.info("stopping")
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    def check_reach(self, addresses: Iterable[Any]) -> None:
        """See :func:`reqpi.server.access.check_reach`."""
        logins = self.outside is not None and self.outside.with_login
        check_reach(self._settings, addresses, with_login=bool(logins))

    def _listen(self) -> None:
        self._open_ports()
        if self.metrics is not None:
            self.metrics.listen()
        try:
            self.check_reach([address for address, _ in self._addresses])
        except Misconfigured:
            for port in self._ports:
                port.stopListening()
            raise

    def _open_ports(self) -> None:
        for description in self._settings.listen:
            try:
                listening = self._endpoints(with_backlog(description)).listen(self._services.site)
                self._ports.append(listening_now(listening))
            except (CannotListenError, ValueError, TypeError, LookupError, OSError) as error:
                for port in self._ports:
                    port.stopListening()
                raise cannot_listen(description, error) from error

    @property
    def upstream_name(self) -> str:
        """The name of its upstream, for people."""
        return self._services.upstream.name

    @property
    def url(self) -> str:
        """A URL for clients on this machine, or the canonical one."""
        return url_of(self._settings, self._addresses)

    @property
    def _addresses(self) -> list[Address]:
        return [(port.getHost(), getattr(port, "_type", "") == "TLS") for port in self._ports]

    async def _stop(self) -> None:
        self._periodic.stop()
        self._services.locks.holds.stop()
        self.prefreeze.stop()
        self._services.locks.early.stop()
        self.shelf.provenance.stop()
        if self._services.room is not None:
            self._services.room.stop()
        if self._scrubber is not None:
            self._scrubber.cancel()
        await gatherResults([stopped(port) for port in self._ports])
        drained = self._services.site.drained()
        try:
            await drained.addTimeout(GRACE, self._reactor)
        except TimeoutError:
            self._log.warn("requests were still in flight after {grace} s", grace=GRACE)
        try:
            await self.shelf.write_refusals()
            await self._services.runs.tend()
            if self._services.room is not None:
                await self._services.room.write()
        except ReqPIError as error:
            self._log.warn("refusals could not be written: {error}", error=error)
        if self._close_upstream is not None:
            await self._close_upstream()
        if self._services.site.access is not None:
            self._services.site.access.flush()
        self._services.parsing.close()
        await self.store.close()
        self._lag.stop()
        if self.metrics is not None:
            await self.metrics.stop()
        self._log.debug("the reactor was late by {late:.3f} s at most", late=self._lag.longest)
        if not self._quiet:
            self._log.info("stopped")


def assemble(
    settings: Settings,
    reactor: Any,
    *,
    endpoints: Callable[[str], IStreamServerEndpoint] | None = None,
    quiet: bool = False,
) -> Server:
    """Return a server that can be started.

    :raises reqpi.core.errors.Misconfigured: the settings cannot be used.
    """
    store: Store = _place(settings).store()
    if settings.passing is not None:
        store = PassingStore(store, settings.passing)
    outside = outside_of(settings)
    counts = ServerCounts()
    sources = Sources.of(settings, outside, reactor, counts)
    server = Server(
        settings,
        reactor,
        store,
        sources.upstream,
        sources.close,
        endpoints=endpoints,
        quiet=quiet,
        here=outside.here,
        crates=sources.crates,
        counts=counts,
    )
    server.outside = outside
    return server


def _place(settings: Settings) -> StorePlace:
    where = settings.store or default_store()
    return StorePlace(
        where,
        default_spool(),
        settings.store_options,
        settings.cache,
        settings.cache_size,
        settings.record_key,
        fixed=settings.offline,
    )
