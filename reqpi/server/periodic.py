"""The work that a server does again and again, each with its interval in seconds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from reqpi.runtime import gc_pause
from reqpi.runtime.allocator import Trimming
from reqpi.runtime.offload import in_thread
from reqpi.runtime.troubles import log_trouble
from reqpi.server.access import followed
from reqpi.server.audit import audited_sweep
from reqpi.server.services import Services
from reqpi.server.settings import Settings
from reqpi.server.sweeping import sweeping_of
from reqpi.shelf.drift.rounds import DriftRounds
from reqpi.shelf.maintenance.regular_sweeps import RegularSweeps

__all__ = ["Periodic"]

_Work = Callable[[], Awaitable[Any]]

_WRITE_COUNTS = 5.0
"""Seconds between two writes of the refusals, and of the receipts of runs."""

_PROBE = 10.0
"""Seconds between two checks whether the store can be written."""

_MEASURE = 600.0
"""Seconds between two measurements of the size of the store."""

_TRIM = 5.0
"""Seconds between two checks whether freed memory should be returned to the system."""

_REFRESH = 1.0
"""Seconds between two looks at the file of tokens, and at that of the policy."""

_DECISIONS = 2.0
"""Seconds between two looks at the decisions of the operator: each is a request to an object store."""

_ADVISORIES = 10.0
"""Seconds between two looks at the files of advisories, of which a folder may have thousands."""

_EXPIRE = 600.0
"""Seconds between two checks for learn sessions that are no longer used."""


_SURVEY = "finding the size of the store"
"""The work that begins at once: until its first end, --max-store and quotas count from what was recorded before."""


class Periodic:
    """The periodic work of one server."""

    def __init__(self, settings: Settings, services: Services, reactor: Any) -> None:
        self._calls = [
            (name, _call(reactor, name, work), seconds) for name, seconds, work in _works(settings, services, reactor)
        ]

    def start(self) -> None:
        """Do each work after its interval, and from then on; the first survey of the store begins now."""
        for name, call, seconds in self._calls:
            call.start(seconds, now=name == _SURVEY)

    def stop(self) -> None:
        """Begin no work any more."""
        for _, call, _ in self._calls:
            if call.running:
                call.stop()


def _works(settings: Settings, services: Services, reactor: Any) -> Iterator[tuple[str, float, _Work]]:
    """Return each work with its name, as in a message that it failed, and its interval."""
    yield "writing refusals", _WRITE_COUNTS, services.locks.shelf.write_refusals
    yield "writing the receipts of runs", _WRITE_COUNTS, services.runs.tend
    if services.room is not None:
        yield "writing the charges of tokens", _WRITE_COUNTS, services.room.write
        yield _SURVEY, _WRITE_COUNTS, services.room.tend
    sweeping = sweeping_of(settings)
    if sweeping is not None:
        sweeps = RegularSweeps(services.store, reactor, sweeping.frequency, sweeping.max_age, counts=services.counts)
        yield "the sweep", sweeps.interval, audited_sweep(sweeps.tend, services.site.audit)
    if settings.drift_every and settings.only is None:
        counts, every = services.counts, settings.drift_every
        rounds = DriftRounds(services.locks.shelf, services.store, services.drift, reactor, every, counts=counts)
        if services.policy is not None:
            rounds.looked.append(services.policy.look)
        yield "looking for drift", rounds.interval, rounds.tend
    yield "reading the decisions of the operator", _DECISIONS, services.locks.shelf.denials.refresh
    if services.policy is not None:
        yield "reading the policy", _REFRESH, services.policy.refresh
    if settings.only is None:
        yield "probing the store", _PROBE, services.readings.store.probe
    if settings.metrics is not None and settings.worker < 2:
        yield "measuring the store", _MEASURE, services.readings.store.measure
    if services.advisories.known:
        yield "reading the advisories", _ADVISORIES, services.advisories.refresh
    yield "returning free memory", _TRIM, _trim(Trimming(gc_pause.collect_new, gc_pause.collect_all))
    site = services.site
    for refresh in followed(settings, site.clients, site.clients_changed, reactor.seconds):
        yield "reading the tokens", _REFRESH, refresh
    if services.open_index is not None:
        yield "ending learn sessions", _EXPIRE, services.open_index.sessions.expire


def _trim(trimming: Trimming) -> _Work:
    async def trim() -> None:
        await in_thread(trimming.run)

    return trim


def _call(reactor: Any, name: str, work: _Work) -> LoopingCall:
    """Return a call that reports an error and goes on."""
    log = Logger()

    def run() -> Deferred[Any]:
        done: Deferred[Any] = Deferred.fromCoroutine(work())  # type: ignore[arg-type]
        return done.addErrback(lambda failure: log_trouble(log, f"{name} failed", failure))

    call = LoopingCall(run)
    call.clock = reactor
    return call
