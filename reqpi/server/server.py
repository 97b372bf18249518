"""Putting a server together: the only place where stores, origins, shelf and web meet."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from attrs import field, frozen
from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, TimeoutError, gatherResults
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IStreamServerEndpoint
from twisted.internet.task import LoopingCall
from twisted.internet.threads import deferToThread
from twisted.logger import Logger
from twisted.python.failure import Failure

from reqpi.core.errors import Misconfigured, ReqPIError
from reqpi.core.interfaces import Store, Upstream
from reqpi.core.proxies import Proxies
from reqpi.runtime import gc_pause
from reqpi.runtime.allocator import Trimming, limit_arenas
from reqpi.runtime.reactor_lag import ReactorLag
from reqpi.server.host_defaults import builtin_index, default_spool, default_store, default_upstream
from reqpi.server.listening import cannot_listen
from reqpi.shelf.learn_sessions import LearnSessions
from reqpi.shelf.maintenance.prefreeze import Prefreeze
from reqpi.shelf.maintenance.scrubber import Scrubber
from reqpi.shelf.maintenance.sweep import Sweep
from reqpi.shelf.open_index import OpenIndex
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.holding import Holds
from reqpi.storage.passing import PassingStore
from reqpi.storage.place import StorePlace
from reqpi.upstream.allowed.credentials import read_logins, read_own_logins, split_credentials
from reqpi.upstream.allowed.hosts import Hosts
from reqpi.upstream.allowed.operator import AllowedUpstreams, proxies_of
from reqpi.upstream.allowed.own_addresses import Here
from reqpi.upstream.allowed.resolver import ResolverThreads
from reqpi.upstream.http.client_certificate import read_client_certificate
from reqpi.upstream.http.tls import read_certificates
from reqpi.upstream.offline import Offline
from reqpi.upstream.upstreams import PAGE_CACHE, Upstreams
from reqpi.web.http.accesslog import AccessLog, LogFile
from reqpi.web.http.ready_answers import ReadyAnswers
from reqpi.web.http.site import BoundedSite
from reqpi.web.learning import LearnResource
from reqpi.web.public_url import PublicUrl
from reqpi.web.routes import Root

__all__ = ["GRACE", "Server", "Settings", "announce", "assemble"]

_WRITE_REFUSALS = 5.0
"""Seconds between two writings of what was refused."""

_TRIM = 5.0
"""Seconds between two looks whether memory that was freed should go back to the system."""

_EXPIRE = 600.0
"""Seconds between two looks for sessions of learning that nobody uses any more."""

GRACE = 30.0
"""Seconds that requests in flight are given to finish when the server stops."""


@frozen
class Settings:
    """Everything that an operator can say.

    :param listen: Twisted's endpoint strings.
    :param url: the canonical URL; ``None``: each request's own.
    :param store: a directory, or the URL of an object store; ``None``: a directory under the user's state directory.
    :param store_options: for the object store.
    :param cache: a directory for what was read last from the object store; ``None``: nothing is.
    :param cache_size: bytes of that.
    :param redirect_above: files of more bytes are not sent: clients are told where the object store has them.
    :param upstream: the default index; ``None``: the one that pip on this host is configured with.
    :param upstreams: the URLs of further indexes, by name.
    :param allow_hosts: where archives and git repositories may be taken from: ``HOST`` or ``HOST:PORT``.
    :param trusted_hosts: hosts whose TLS is not verified, likewise.
    :param netrc: a file of passwords for hosts.
    :param own_netrc: the same of the user whose command this is; for upstreams and the hosts that are named alone.
    :param ca: a file of certificates to trust beside the platform's.
    :param client_cert: a file with the certificate and the key for upstreams that require one.
    :param proxy: the URL of a proxy for upstreams, or ``off``; ``None``: what the environment says.
    :param offline: never ask an upstream.
    :param learning: anybody may learn: have an index that lets everything through.
    :param trust_proxy: believe forwarded headers.
    :param largest_document: bytes.
    :param frequency: seconds between two sweeps; ``None``: never.
    :param max_age: seconds without use after which a lock is removed.
    :param verify_rate: bytes a second that are hashed again in the background; ``None``: nothing is.
    :param workers: processes that serve.
    :param memory: bytes of answers that are kept ready, in each process.
    :param access_log: who asked for what: ``log``, this server's own log; ``off``; or a file.
    :param passing: a folder for files that are wanted no longer than this process lives; ``None``: the store has them.
    :param page_cache: bytes of memory for pages of upstreams, from one lock to the next.
    :param local: the user is the operator, and no other machine reaches this server: public hosts that a lock names are
        asked, without the operator's naming them.
    :param log_level: one of :data:`reqpi.server.log_levels.LEVELS`.
    """

    listen: Sequence[str] = ("tcp:2000:interface=127.0.0.1",)
    url: str | None = None
    store: Path | str | None = None
    store_options: Mapping[str, str] = field(factory=dict)
    cache: Path | None = None
    cache_size: int = 10 << 30
    redirect_above: int | None = None
    upstream: str | None = None
    upstreams: Mapping[str, str] = field(factory=dict)
    allow_hosts: Sequence[str] = ()
    trusted_hosts: Sequence[str] = ()
    netrc: Path | None = None
    own_netrc: Path | None = None
    ca: Path | None = None
    client_cert: Path | None = None
    proxy: str | None = field(default=None, repr=False)
    offline: bool = False
    learning: bool = False
    trust_proxy: bool = False
    largest_document: int = 8 << 20
    frequency: float | None = None
    max_age: float | None = None
    verify_rate: int | None = None
    workers: int = 1
    memory: int = 64 << 20
    access_log: str = "log"
    page_cache: int = PAGE_CACHE
    local: bool = False
    log_level: str = "info"
    passing: Path | None = None


class Server(Service):
    """A running server.

    :param endpoints: what to listen with, by its description.
    :param quiet: do not say where it listens: somebody else does.
    :param here: is told where it listens.

    :ivar ready: fires with the listening ports, once the server can be used.
    :ivar shelf: what it serves from.
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
    ) -> None:
        self.setName("reqpi")
        self.ready: Deferred[list[IListeningPort]] = Deferred()
        self.store = store
        self.shelf = Shelf(
            store, upstream, reactor, _instance(), settings.redirect_above, export_bytes=settings.memory // 4
        )
        self._settings = settings
        self._reactor = reactor
        self._upstream = upstream
        self._close_upstream = close_upstream
        self._endpoints = endpoints or partial(serverFromString, reactor)
        self._quiet = quiet
        self._here = here or Here()
        self.holding = Holds(self.shelf, store, reactor)
        learning = self._learning() if settings.learning else None
        self.prefreeze = Prefreeze(self.shelf, reactor)
        if not settings.offline:
            self.shelf.commitments.on_new = self.prefreeze.begin
        ready_answers = ReadyAnswers(settings.memory // 2, reactor.seconds)
        base = PublicUrl(settings.url, settings.trust_proxy)
        root = Root(
            self.shelf, self.holding, base, ready_answers, settings.memory // 4, learning=LearnResource(learning)
        )
        self._access = None if settings.access_log == "off" else _access_log(reactor, settings.access_log)
        self._site = BoundedSite(root, reactor, settings.largest_document, ready_answers, self._access)
        self._ports: list[IListeningPort] = []
        self._calls = [_every(reactor, _WRITE_REFUSALS, self.shelf.refusals.write)]
        if settings.frequency is not None and settings.max_age is not None:
            sweeping = Sweep(store, reactor, settings.max_age)
            self._calls.append(_every(reactor, settings.frequency, sweeping.run))
        self._trimming = Trimming(gc_pause.collect_all)
        self._calls.append(_every(reactor, _TRIM, self._trim))
        if learning is not None:
            self._calls.append(_every(reactor, _EXPIRE, learning.sessions.expire))
        self._scrubber: Deferred[None] | None = None
        self._gaps = ReactorLag(reactor)

    def privilegedStartService(self) -> None:
        """Listen, while the process may still use ports below 1024.

        :raises reqpi.core.errors.Misconfigured: a port is taken, or no port at all.
        """
        super().privilegedStartService()
        self._listen()

    def startService(self) -> None:
        """Open the store, and listen. Nothing was opened before the fork of a daemon.

        :raises reqpi.core.errors.Misconfigured: the store cannot be used, or a port not be listened on.
        """
        super().startService()
        limit_arenas()
        self.store.open()
        if not self._ports:
            self._listen()
        for address, secure in self._addresses:
            if hasattr(address, "port"):
                self._here.listen(address.host, address.port, secure=secure)
        for call, seconds in self._calls:
            call.start(seconds, now=False)
        self._gaps.start()
        if self._settings.verify_rate is not None:
            scrubber = Scrubber(self.store, self.shelf, self._reactor, self._settings.verify_rate)
            self._scrubber = Deferred.fromCoroutine(scrubber.run())
            self._scrubber.addErrback(lambda failure: failure.trap(CancelledError))
        if not self._quiet:
            announce(self._log, self._settings, self.upstream_name, self._addresses)
        self.ready.callback(self._ports)

    def stopService(self) -> Deferred[None]:
        """Listen no more, let what is in flight finish, write down what is not yet."""
        if not self._quiet:
            self._log.info("stopping")
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    def _learning(self) -> OpenIndex:
        sessions = LearnSessions(self.store, self._reactor)
        return OpenIndex(sessions, self._upstream, self.shelf.file_responses, self.shelf.core_metadata, self._reactor)

    def _listen(self) -> None:
        for description in self._settings.listen:
            try:
                listening = self._endpoints(description).listen(self._site)
                self._ports.append(_now(listening))
            except (CannotListenError, ValueError, TypeError, LookupError, OSError) as error:
                for port in self._ports:
                    port.stopListening()
                raise cannot_listen(description, error) from error

    @property
    def upstream_name(self) -> str:
        """How people call its upstream."""
        return self._upstream.name

    @property
    def url(self) -> str:
        """A URL for clients on this machine, or the canonical one."""
        return _url(self._settings, self._addresses)

    @property
    def _addresses(self) -> list[Address]:
        return [(port.getHost(), getattr(port, "_type", "") == "TLS") for port in self._ports]

    async def _trim(self) -> None:
        await deferToThread(self._trimming.run)

    async def _stop(self) -> None:
        for call, _ in self._calls:
            if call.running:
                call.stop()
        self.holding.stop()
        self.prefreeze.stop()
        if self._scrubber is not None:
            self._scrubber.cancel()
        await gatherResults([_stopped(port) for port in self._ports])
        drained = self._site.drained()
        try:
            await drained.addTimeout(GRACE, self._reactor)
        except TimeoutError:
            self._log.warn("requests were still in flight after {grace} s", grace=GRACE)
        try:
            await self.shelf.refusals.write()
        except ReqPIError as error:
            self._log.warn("refusals could not be written: {error}", error=error)
        if self._close_upstream is not None:
            await self._close_upstream()
        if self._access is not None:
            self._access.flush()
        await self.store.close()
        self._gaps.stop()
        self._log.debug("the reactor was late by {late:.3f} s at most", late=self._gaps.longest)
        if not self._quiet:
            self._log.info("stopped")


Address = tuple[Any, bool]
"""Where a port listens, as Twisted has it; and whether TLS is spoken there."""


def announce(log: Logger, settings: Settings, upstream_name: str, addresses: Sequence[Address]) -> None:
    """Log how to use a server, where it can be reached, and by whom."""
    log.info("use it: reqpi gethash --url {url} requirements.txt", url=_url(settings, addresses))
    for address, _ in addresses:
        where, who = reach(address)
        log.info("listening on {where}: {who}", where=where, who=who)
    log.info("upstream: {name}", name=upstream_name)
    for name, url in settings.upstreams.items():
        log.info("upstream {name}: {url}", name=name, url=split_credentials(url)[0])
    for proxy in () if settings.offline else proxies_of(settings.proxy, os.environ).all:
        log.info("upstreams are asked through the proxy {url}", url=proxy.url)
    if settings.learning:
        log.warn("learning is on: whoever reaches this server has through /learn all that its upstream has")


def assemble(
    settings: Settings,
    reactor: Any,
    *,
    endpoints: Callable[[str], IStreamServerEndpoint] | None = None,
    quiet: bool = False,
) -> Server:
    """A server, ready to be started.

    :raises reqpi.core.errors.Misconfigured: it cannot be one.
    """
    store = _place(settings).store()
    if settings.passing is not None:
        store = PassingStore(store, settings.passing)
    outside = _outside(settings)
    if settings.offline:
        nowhere = Offline(outside.policy)
        return Server(settings, reactor, store, nowhere, endpoints=endpoints, quiet=quiet, here=outside.here)
    upstreams = Upstreams(outside, ResolverThreads(reactor), page_cache=settings.page_cache)
    return Server(
        settings, reactor, store, upstreams, upstreams.close, endpoints=endpoints, quiet=quiet, here=outside.here
    )


def _place(settings: Settings) -> StorePlace:
    where = settings.store or default_store()
    return StorePlace(where, default_spool(), settings.store_options, settings.cache, settings.cache_size)


def _outside(settings: Settings) -> AllowedUpstreams:
    """What the operator says of the outside, files read.

    :raises reqpi.core.errors.Misconfigured: it makes no sense.
    """
    outside = AllowedUpstreams(
        default=settings.upstream or _default_upstream(settings.offline),
        upstreams=settings.upstreams,
        built_in=builtin_index(),
        hosts=Hosts.read(settings.allow_hosts, "--allow-host"),
        unverified=Hosts.read(settings.trusted_hosts, "--trusted-host"),
        logins={} if settings.netrc is None else read_logins(settings.netrc),
        certificates=b"" if settings.ca is None else read_certificates(settings.ca),
        client_certificate=None if settings.client_cert is None else read_client_certificate(settings.client_cert),
        proxies=Proxies() if settings.offline else proxies_of(settings.proxy, os.environ),
        here=Here(settings.url, loopback=settings.local),
        local=settings.local,
    )
    outside.check()
    if settings.netrc is None and settings.own_netrc is not None:
        return outside.with_logins_of_named(read_own_logins(settings.own_netrc))
    return outside


def _default_upstream(offline: bool) -> str | None:
    try:
        return default_upstream()
    except Misconfigured:
        if offline:
            return None
        raise


def reach(address: Any) -> tuple[str, str]:
    """Where a port listens, and who can reach it, in words."""
    host = getattr(address, "host", None)
    if host is None:
        name = getattr(address, "name", address)
        return name.decode(errors="replace") if isinstance(name, bytes) else str(name), "whoever may open this socket"
    where = f"[{host}]:{address.port}" if ":" in host else f"{host}:{address.port}"
    if host in ("127.0.0.1", "::1"):
        return where, "this machine alone can reach it"
    if host in ("0.0.0.0", "::", ""):  # noqa: S104
        return where, "every machine that can reach this one can reach it"
    return where, f"whoever can reach {host} can reach it"


def _url(settings: Settings, addresses: Sequence[Address]) -> str:
    """The canonical URL, or one for clients on this machine."""
    if settings.url is not None:
        return settings.url
    address, secure = next((each for each in addresses if hasattr(each[0], "port")), (None, False))
    if address is None:
        return "http://localhost"
    host = socket.gethostname() if address.host in ("0.0.0.0", "::", "") else address.host  # noqa: S104
    scheme = "https" if secure else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{address.port}"


def _stopped(port: IListeningPort) -> Deferred[Any]:
    stopped = port.stopListening()
    return stopped if isinstance(stopped, Deferred) else gatherResults([])


def _now(listening: Deferred[IListeningPort]) -> IListeningPort:
    """The port. Every endpoint of Twisted's has it, or has failed, as soon as it was asked."""
    ports: list[IListeningPort] = []
    failures: list[Failure] = []
    listening.addCallbacks(ports.append, failures.append)
    if failures:
        failures[0].raiseException()
    if not ports:
        raise ValueError("this kind of endpoint does not listen at once")
    return ports[0]


def _instance() -> str:
    return uuid.uuid4().hex


def _access_log(reactor: Any, where: str) -> AccessLog:
    if where != "log":
        return AccessLog(reactor, LogFile(Path(where)).write)
    log = Logger("reqpi.access")
    return AccessLog(reactor, lambda lines: log.info("{lines}", lines=lines.rstrip("\n")))


def _every(reactor: Any, seconds: float, work: Callable[[], Any]) -> tuple[LoopingCall, float]:
    log = Logger()

    def run() -> Deferred[Any]:
        done = Deferred.fromCoroutine(work())
        return done.addErrback(lambda failure: log.failure("{work} failed", failure, work=work.__qualname__))

    call = LoopingCall(run)
    call.clock = reactor
    return call, seconds
