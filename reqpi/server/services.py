"""The parts of a server, wired together: the shelf over a store and an upstream, and the web over the shelf."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from reqpi.core.advisories.index import AdvisoryIndex
from reqpi.core.crates.source import CrateSource
from reqpi.core.interfaces import Store, Upstream
from reqpi.core.limits.rates import read_rate
from reqpi.runtime.counts import ServerCounts
from reqpi.server.access import clients_of
from reqpi.server.access_log import access_log
from reqpi.server.advisories import FollowedAdvisories
from reqpi.server.audit import audit_log
from reqpi.server.host_defaults import default_store
from reqpi.server.limits import limits_of
from reqpi.server.metrics import ServerReadings
from reqpi.server.parsing import Parsing, parsing_of
from reqpi.server.policy import FollowedPolicy, policy_of
from reqpi.server.room import room_of
from reqpi.server.settings import Settings
from reqpi.server.status import report_of
from reqpi.server.store_watch import StoreWatch
from reqpi.shelf.crates.crates_of_locks import CratesOfLocks
from reqpi.shelf.crates.held_crates import HeldCrates
from reqpi.shelf.drift.lock_drift import LockDrift
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
from reqpi.web.drift import DriftResource
from reqpi.web.health import HealthResource
from reqpi.web.http.access import Access, is_private
from reqpi.web.http.feature import Feature
from reqpi.web.http.ready_answers import ReadyAnswers
from reqpi.web.http.site import BoundedSite
from reqpi.web.learning import LearnResource
from reqpi.web.operating import OperatorResource
from reqpi.web.osv import OsvResource
from reqpi.web.pages.address import PageSection
from reqpi.web.pages.diff_page import LookUpAdvisories
from reqpi.web.pages.operator import OperatorPage
from reqpi.web.pages.pin_drift import KnownFindings
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
    :param room: the room of the store; ``None`` where nothing bounds it.
    :param advisories: what is known about vulnerable and malicious releases.
    :param policy: what is refused beyond locks; ``None`` for a server inside a command.
    :param readings: the parts whose numbers an operator can see.
    :param report: returns the state of the server as JSON.
    """

    store: Store
    upstream: Upstream
    locks: LockServices
    prefreeze: Prefreeze
    open_index: OpenIndex | None
    runs: Runs
    drift: LockDrift
    site: BoundedSite
    crates: CratesOfLocks
    parsing: Parsing
    room: StoreRoom | None
    advisories: FollowedAdvisories
    policy: FollowedPolicy | None
    readings: ServerReadings
    report: Callable[[], Awaitable[Mapping[str, Any]]]

    @property
    def counts(self) -> ServerCounts:
        """The numbers of the process."""
        return self.readings.counts


@frozen
class _Verbs:
    """The shelf, and what works on it."""

    locks: LockServices
    crates: CratesOfLocks
    prefreeze: Prefreeze
    open_index: OpenIndex | None
    runs: Runs
    parsing: Parsing


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

    :param counts: the numbers of the process, if another part counts too.
    """
    counts = counts or ServerCounts()
    clients = clients_of(settings, reactor.seconds)
    room = room_of(settings, reactor, store, clients, counts)
    counted = store if room is None else CountedStore(store, room)
    verbs = _verbs(settings, reactor, counted, upstream, source, counts=counts)
    watch = _watch(settings, reactor, store)
    readings: ServerReadings

    async def report() -> Mapping[str, Any]:
        return await report_of(readings, kind=_kind(settings), worker=settings.worker, now=reactor.seconds())

    advisories = FollowedAdvisories(settings.advisories)
    policy = policy_of(settings, reactor, verbs.locks.shelf, upstream, advisories)

    def known_advisories() -> AdvisoryIndex | None:
        return advisories.index if advisories.known else None

    drift = LockDrift(verbs.locks.shelf, counted, upstream, reactor, known_advisories)
    operating: list[Feature] = [
        OperatorResource(Undoing(verbs.locks.shelf, counted)),
        OperatorPage(report, verbs.locks.shelf.denials),
        StatusResource(report, clients),
    ]
    drift_resource = DriftResource(verbs.locks.shelf, drift)
    site = _site(
        settings,
        reactor,
        verbs,
        clients=clients,
        counts=counts,
        features=[OsvResource(verbs.locks.shelf, advisories), drift_resource, *operating],
        sections=[drift_resource.section],
        known=drift_resource.known,
        advisories=known_advisories,
        problem=lambda: readings.problem,
    )
    if policy is not None:
        policy.audit(site.audit)
    readings = ServerReadings(counts, site, verbs.locks.holds, watch)
    return Services(
        counted,
        upstream,
        verbs.locks,
        verbs.prefreeze,
        verbs.open_index,
        verbs.runs,
        drift,
        site,
        verbs.crates,
        verbs.parsing,
        room,
        advisories,
        policy,
        readings,
        report,
    )


def _verbs(
    settings: Settings, reactor: Any, store: Store, upstream: Upstream, source: CrateSource, *, counts: ServerCounts
) -> _Verbs:
    parsing = parsing_of(settings)
    largest, above = settings.largest_file, settings.redirect_above
    files = FileParts.over(store, upstream, reactor, above, parsing.sdists, largest=largest, counts=counts)
    shelf = Shelf(store, upstream, reactor, uuid.uuid4().hex, files, reading=parsing.locks)
    crates = CratesOfLocks(shelf, store, source, reactor, above, largest=largest, counts=counts)
    held = HeldCrates(shelf, store, crates)
    locks = LockServices.over(shelf, store, reactor, held, largest_hold=settings.largest_hold or None, counts=counts)
    prefreeze = Prefreeze(shelf, reactor, read_rate(settings.limit_prefreeze))
    if not settings.offline:
        shelf.on_new(prefreeze.begin)
        if settings.only is None:  # a command ends soon, and asks for no more than it needs
            shelf.provenance.keep_in_background()
    open_index = None
    if settings.learning:
        open_index = OpenIndex(LearnSessions(store, reactor), upstream, files, reactor, shelf.denials)
    return _Verbs(locks, crates, prefreeze, open_index, Runs(store, reactor, uuid.uuid4().hex), parsing)


def _site(
    settings: Settings,
    reactor: Any,
    verbs: _Verbs,
    *,
    clients: Access | None,
    counts: ServerCounts,
    features: Iterable[Feature],
    sections: Sequence[PageSection],
    known: KnownFindings,
    advisories: LookUpAdvisories,
    problem: Callable[[], str],
) -> BoundedSite:
    """Return the site, with all that it answers.

    Half of ``memory`` is for ready answers, a quarter for exports, and a quarter for indexes.

    :param features: those that need no more than their own parts.
    :param sections: their parts of the overview of a lock.
    :param known: returns the drift of a lock.
    :param advisories: returns those of the server.
    :param problem: says why the server should get no requests; empty if it should.
    """
    shelf = verbs.locks.shelf
    base = PublicUrl(settings.url, settings.trust_proxy)
    inside = settings.only is not None
    offered = None if inside else verbs.runs
    registry = CratesResource(shelf, verbs.crates, base, login=is_private(clients))
    ready_answers = ReadyAnswers(settings.memory // 2, counts)
    root = Root(
        verbs.locks,
        base,
        ready_answers,
        settings.memory // 4,
        learning=LearnResource(verbs.open_index, single=inside),
        features=[registry, RunCrates(shelf, registry, FrozenPages(shelf), offered), *features],
        access=clients,
        runs=offered,
        health=HealthResource(problem),
        audits=settings.advisories is not None,
        sections=sections,
        known=known,
        advisories=advisories,
    )
    site = BoundedSite(
        root,
        reactor,
        settings.largest_document,
        ready_answers,
        access_log(reactor, settings),
        clients=clients,
        limits=limits_of(settings, reactor.seconds),
        counts=counts,
        trust_proxy=settings.trust_proxy,
    )
    site.audit = audit_log(reactor, settings)
    return site


def _watch(settings: Settings, reactor: Any, store: Store) -> StoreWatch:
    """Return the watch of a store that counts nothing, so that a full one can be probed."""
    place = _place(settings)
    folder = place if isinstance(place, Path) else None
    return StoreWatch(store, folder, reactor, written=not settings.offline)


def _kind(settings: Settings) -> str:
    """Return the kind of the store: ``directory``, ``s3`` and so on."""
    place = _place(settings)
    return "directory" if isinstance(place, Path) else place.partition(":")[0]


def _place(settings: Settings) -> Path | str:
    return settings.store or default_store()
