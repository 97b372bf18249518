"""The parts of a server, wired together: the shelf over a store and an upstream, and the web over the shelf."""

from __future__ import annotations

import uuid
from typing import Any

from attrs import frozen

from reqpi.core.crates.source import CrateSource
from reqpi.core.interfaces import Store, Upstream
from reqpi.server.access import clients_of
from reqpi.server.access_log import access_log
from reqpi.server.settings import Settings
from reqpi.shelf.crates.crates_of_locks import CratesOfLocks
from reqpi.shelf.crates.held_crates import HeldCrates
from reqpi.shelf.files.file_parts import FileParts
from reqpi.shelf.learn_sessions import LearnSessions
from reqpi.shelf.maintenance.prefreeze import Prefreeze
from reqpi.shelf.open_index import OpenIndex
from reqpi.shelf.runs import Runs
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.lock_services import LockServices
from reqpi.web.crates import CratesResource
from reqpi.web.http.access import is_private
from reqpi.web.http.accesslog import AccessLog
from reqpi.web.http.ready_answers import ReadyAnswers
from reqpi.web.http.site import BoundedSite
from reqpi.web.learning import LearnResource
from reqpi.web.public_url import PublicUrl
from reqpi.web.routes import Root

__all__ = ["Services", "services_of"]


@frozen
class Services:
    """The parts of one server, wired together.

    :param open_index: what ``reqpi learn`` records from; ``None`` where learning is off.
    :param access: the access log; ``None`` where there is none.
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


def services_of(settings: Settings, reactor: Any, store: Store, upstream: Upstream, source: CrateSource) -> Services:
    """Wire the parts of a server.

    Half of ``memory`` is for ready answers, a quarter for exports, and a quarter for indexes.
    """
    quarter = settings.memory // 4
    files = FileParts.over(store, upstream, reactor, settings.redirect_above)
    shelf = Shelf(store, upstream, reactor, uuid.uuid4().hex, files)
    crates = CratesOfLocks(shelf, store, source, reactor, settings.redirect_above)
    locks = LockServices.over(shelf, store, reactor, HeldCrates(shelf, store, crates))
    open_index = None
    if settings.learning:
        sessions = LearnSessions(store, reactor)
        open_index = OpenIndex(sessions, upstream, files, reactor)
    prefreeze = Prefreeze(shelf, reactor)
    if not settings.offline:
        shelf.on_new(prefreeze.begin)
    ready_answers = ReadyAnswers(settings.memory // 2, reactor.seconds)
    base = PublicUrl(settings.url, settings.trust_proxy)
    learning = LearnResource(open_index, single=settings.only is not None)
    clients = clients_of(settings, reactor.seconds)
    runs = Runs(store, reactor, uuid.uuid4().hex)
    offered = None if settings.only is not None else runs
    registry = CratesResource(shelf, crates, base, login=is_private(clients))
    root = Root(
        locks, base, ready_answers, quarter, learning=learning, features=[registry], access=clients, runs=offered
    )
    access = access_log(reactor, settings)
    site = BoundedSite(root, reactor, settings.largest_document, ready_answers, access, clients=clients)
    return Services(store, upstream, locks, prefreeze, open_index, runs, access, site, crates)
