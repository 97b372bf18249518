"""The histories of projects in a store, and the looks at indexes that continue them.

Whatever asks, an index is asked at a rate, by a few at a time, and no sooner than some minutes after the last time. The
cache of upstream pages makes conditional requests of these. What a lock has frozen is not touched.
"""

from __future__ import annotations

from functools import partial

from attrs import frozen
from packaging.version import Version
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from reqpi.core.drift.history import History
from reqpi.core.drift.looks import Look, after_look
from reqpi.core.drift.stored import dump_history, load_history
from reqpi.core.errors import NotFound, StoreTrouble, UpstreamTrouble
from reqpi.core.interfaces import Records, Upstream
from reqpi.core.limits.rates import Bucket, Rate
from reqpi.core.model import Page, Project
from reqpi.core.shown_urls import as_shown
from reqpi.runtime.fair_turns import FairTurns
from reqpi.runtime.offload import DECIDED_FILES
from reqpi.runtime.on_behalf import requester
from reqpi.runtime.singleflight import SingleFlight
from reqpi.shelf.record_reading import read_or_none
from reqpi.shelf.records import history_record

__all__ = ["FRESH", "Histories", "KnownHistory"]

FRESH = 300.0
"""Seconds for which the last look at an index counts."""

_AT_ONCE = 8
"""Pages that are asked for concurrently, of a limit of 32 for freezing, which has precedence."""

_EACH = 4
"""Those of one client, at most."""

_RATE = Rate(1 / 20, 100)
"""Pages that are asked for: 20 a second, and 100 at once after a while without any."""

_log = Logger()


@frozen
class KnownHistory:
    """The knowledge about a project on one index.

    :param history: ``None`` if the index has never answered, or nothing is known of the wanted releases.
    :param source: the URL of the index, without a login.
    :param why: why the index was not asked now; empty if it was, or has been within the last minutes.
    """

    history: History | None
    source: str
    why: str = ""


class Histories:
    """The histories of a store.

    :ivar looks: how many histories this process has continued.
    """

    def __init__(self, records: Records, upstream: Upstream, clock: IReactorTime) -> None:
        self._records = records
        self._upstream = upstream
        self._clock = clock
        self._turns = FairTurns(_AT_ONCE, _EACH)
        self._bucket = Bucket(_RATE)
        self.looks = 0
        self._looking: SingleFlight[KnownHistory] = SingleFlight()

    async def of(
        self, project: Project, index: str, versions: frozenset[Version], *, may_ask: bool, fresh: float = FRESH
    ) -> KnownHistory:
        """Return the history of a project on an index, which is asked if it has not been for a while.

        :param index: the URL of the index, as a lock spells it; empty for the default index.
        :param versions: the releases that must be in the history.
        :param may_ask: whether the index may be asked.
        :param fresh: seconds for which the last look counts.
        """
        source = as_shown(index) or self._upstream.name
        record = history_record(project, index or self._upstream.name)
        known = await read_or_none(self._records, record, partial(load_history, project=project))
        covered = known is not None and all(str(version) in known.releases for version in versions)
        # The time may be from the clock of another machine, which may be ahead.
        if known is not None and covered and abs(self._clock.seconds() - known.asked) < fresh:
            return KnownHistory(known, source)
        if not may_ask:
            return KnownHistory(known, source, "the index requires a login, which is not used for this client")
        look = partial(self._look, record, known, Look(project, source, None, versions, 0.0), index)
        return await self._looking.do((record, versions), partial(self._turns.run, requester(), look))

    async def _look(self, record: str, known: History | None, look: Look, index: str) -> KnownHistory:
        try:
            page = await self._page(look.project, index)
        except UpstreamTrouble as trouble:
            return KnownHistory(known, look.source, trouble.title)
        now = Look(look.project, look.source, page, look.versions, self._clock.seconds())
        size = _files_of(known) + (0 if page is None else len(page.files))
        history = await DECIDED_FILES.run(size, after_look, known, now)
        self.looks += 1
        try:
            await self._records.replace(record, await DECIDED_FILES.run(_files_of(history), dump_history, history))
        except StoreTrouble as trouble:  # it is reported nevertheless; only the time of the first observation is lost
            _log.warn("the history of {project} is not stored: {trouble}", project=look.project, trouble=trouble)
        return KnownHistory(history, look.source)

    async def _page(self, project: Project, index: str) -> Page | None:
        """Return the page as the index has it now, or as its own rules allow; ``None`` if it has no such project."""
        while not self._bucket.take(self._clock.seconds()):
            await deferLater(self._clock, self._bucket.wait(self._clock.seconds()))
        try:
            return await self._upstream.page(project, index)
        except NotFound:
            return None


def _files_of(history: History | None) -> int:
    return 0 if history is None else sum(len(release.files) for release in history.releases.values())
