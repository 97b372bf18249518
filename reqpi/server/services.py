"""The parts of a server, wired together: the shelf over a store and an upstream, and the web over the shelf."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from reqpi.core.crates.source import CrateSource
from reqpi.core.interfaces import Store, Upstream
from reqpi.core.limits.rates import read_rate
from reqpi.runtime.counts import ServerCounts
from reqpi.server.access import clients_of
from reqpi.server.access_log import access_log
from reqpi.server.audit import audit_log
from reqpi.server.host_defaults import default_store
from reqpi.server.limits import limits_of
from reqpi.server.metrics import ServerReadings
from reqpi.server.parsing import Parsing, parsing_of
from reqpi.server.room import room_of
from reqpi.server.settings import Settings
from reqpi.server.status import report_of
from reqpi.server.store_watch import StoreWatch
from reqpi.shelf.crates.crates_of_locks import CratesOfLocks
from reqpi.shelf.crates.held_crates import HeldCrates
from reqpi.shelf.files.file_parts import FileParts
from reqpi.shelf.learn_sessions import LearnSessions
from reqpi.shelf.maintenance.prefreeze import Prefreeze
from reqpi.shelf.maintenance.undoing import Undoing
from reqpi.shelf.open_index import OpenIndex
from reqpi.shelf.room.store_room import StoreRoom
from reqpi.shelf.runs import Runs
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.lock_services import LockServices
from reqpi.storage.counted import CountedStore
from reqpi.web.crates import CratesResource
from reqpi.web.health import HealthResource
from reqpi.web.http.access import is_private
from reqpi.web.http.accesslog import AccessLog
from reqpi.web.http.feature import Feature
from reqpi.web.http.ready_answers import ReadyAnswers
from reqpi.web.http.site import BoundedSite
from reqpi.web.learning import LearnResource
from reqpi.web.operating import OperatorResource
from reqpi.web.permission import FrozenPages
from reqpi.web.public_url import PublicUrl
from reqpi.web.routes import Root
from reqpi.web.run_crates import RunCrates
from reqpi.web.status import StatusResource

__all__ = ["Services", "services_of"]


@frozen
class Services:
    """The parts of one server, wired together.

    :param open_index: what ``reqpi learn`` records from; ``None`` where learning is off.
    :param access: the access log; ``None`` where there is none.
    :param room: the room of the store; ``None`` where nothing bounds it.
    :param readings: the parts whose numbers an operator can see.
    :param report: returns the state of the server as JSON.
    """

    store: Store
    upstream: Upstream
    locks: LockServices
    prefreeze: Prefreeze
    open_index: OpenIndex | None
    runs: Runs
    access: AccessLog | None
    site: BoundedSite
    crates: CratesOfLocks
    parsing: Parsing
    room: StoreRoom | None
    readings: ServerReadings
    report: Callable[[], Awaitable[Mapping[str, Any]]]

    @property
    def counts(self) -> ServerCounts:
        """The numbers of the process."""
        return self.readings.counts


def services_of(
    settings: Settings,
    reactor: Any,
    store: Store,
    upstream: Upstream,
    source: CrateSource,
    *,
    counts: ServerCounts | None = None,
) -> Services:
    """Wire the parts of a server.

    Half of ``memory`` is for ready answers, a quarter for exports, and a quarter for indexes.

    :param counts: the numbers of the process, if another part counts too.
    """
    counts = counts or ServerCounts()
    quarter = settings.memory // 4
    clients = clients_of(settings, reactor.seconds)
    bare = store
    room = room_of(settings, reactor, store, clients, counts)
    store = store if room is None else CountedStore(store, room)
    parsing = parsing_of(settings)
    files = FileParts.over(
        store,
        upstream,
        reactor,
        settings.redirect_above,
        parsing.sdists,
        largest=settings.largest_file,
        counts=counts,
    )
    shelf = Shelf(store, upstream, reactor, uuid.uuid4().hex, files, reading=parsing.locks)
    crates = CratesOfLocks(
        shelf, store, source, reactor, settings.redirect_above, largest=settings.largest_file, counts=counts
    )
    held = HeldCrates(shelf, store, crates)
    locks = LockServices.over(shelf, store, reactor, held, largest_hold=settings.largest_hold or None, counts=counts)
    open_index = None
    if settings.learning:
        sessions = LearnSessions(store, reactor)
        open_index = OpenIndex(sessions, upstream, files, reactor, shelf.denials)
    prefreeze = Prefreeze(shelf, reactor, read_rate(settings.limit_prefreeze))
    if not settings.offline:
        shelf.on_new(prefreeze.begin)
    ready_answers = ReadyAnswers(settings.memory // 2, reactor.seconds, counts)
    base = PublicUrl(settings.url, settings.trust_proxy)
    learning = LearnResource(open_index, single=settings.only is not None)
    runs = Runs(store, reactor, uuid.uuid4().hex)
    offered = None if settings.only is not None else runs
    registry = CratesResource(shelf, crates, base, login=is_private(clients))
    place = settings.store or default_store()
    watch = StoreWatch(bare, place if isinstance(place, Path) else None, reactor, written=not settings.offline)
    kind = "directory" if isinstance(place, Path) else place.partition(":")[0]

    async def report() -> Mapping[str, Any]:
        return await report_of(readings, kind=kind, worker=settings.worker, now=reactor.seconds())

    features: list[Feature] = [registry, RunCrates(shelf, registry, FrozenPages(shelf), offered)]
    features += [OperatorResource(Undoing(shelf, store)), StatusResource(report, clients)]
    root = Root(
        locks,
        base,
        ready_answers,
        quarter,
        learning=learning,
        features=features,
        access=clients,
        runs=offered,
        health=HealthResource(lambda: readings.problem),
    )
    access = access_log(reactor, settings)
    site = BoundedSite(
        root,
        reactor,
        settings.largest_document,
        ready_answers,
        access,
        clients=clients,
        limits=limits_of(settings, reactor.seconds),
        counts=counts,
        trust_proxy=settings.trust_proxy,
    )
    site.audit = audit_log(reactor, settings)
    readings = ServerReadings(counts, site, locks.holds, watch)
    return Services(
        store, upstream, locks, prefreeze, open_index, runs, access, site, crates, parsing, room, readings, report
    )
