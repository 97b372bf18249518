"""Prefreezing: the pages of a new lock are frozen in the background, so that its first client need not wait for them.

No client waits for this work. Therefore little of it runs at a time; clients take turns, and the locks of each, project
by project, so that a large one does not delay a small one; and it yields to the requests of clients. No client causes
more of it than a rate allows. A project that fails is tried again when a client requests it.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from reqpi.core.errors import ReqPIError
from reqpi.core.limits.rates import Bucket, Rate
from reqpi.core.model import Commitment, Project
from reqpi.runtime.lru import LruCache
from reqpi.runtime.on_behalf import on_behalf_of, requester
from reqpi.shelf.shelf import Shelf

__all__ = ["Prefreeze"]

_AT_ONCE = 12
"""Projects that are looked up concurrently, of a limit of 32 for all, so that clients never queue."""

_EACH = 8
"""Those of one client, at most."""

_MOST = 20_000
"""Projects that may wait. A lock that would exceed the limit is frozen when clients request it."""

_MOST_EACH = 2_000
"""Those of one client. It is the same for a lock that would exceed this."""

_HEAVIEST = 16 << 20
"""Bytes of memory of the locks that wait and are kept until they are frozen. Above, it is the same."""

_BREAK = 0.1
"""Seconds to pause while clients queue for the upstream."""

_PAUSE = 1.0
"""Seconds between two looks at the clients that have reached their rate."""

_BUCKETS = 1000
"""Clients whose rate is remembered."""


@define(eq=False)
class _Waiting:
    """The projects that wait to be frozen for one client.

    :ivar locks: each with the projects that are left, which are one at least.
    :ivar left: projects of all of them.
    """

    bucket: Bucket | None
    locks: deque[tuple[Commitment, deque[Project]]] = field(factory=deque)
    left: int = 0


class Prefreeze:
    """The prefreezing of this process.

    :param rate: projects for each client; ``None``: any number.
    """

    _log = Logger()

    def __init__(self, shelf: Shelf, clock: IReactorTime, rate: Rate | None = None) -> None:
        self._shelf = shelf
        self._clock = clock
        self._rate = rate
        self._buckets: LruCache[str, Bucket] = LruCache(_BUCKETS)
        self._clients: OrderedDict[str, _Waiting] = OrderedDict()
        self._resting: OrderedDict[str, _Waiting] = OrderedDict()
        self._working: Counter[str] = Counter()
        self._left = 0
        self._weight = 0
        self._workers = 0
        self._again: Any = None
        self._stopped = False

    def begin(self, commitment: Commitment) -> None:
        """Begin to freeze the projects that a lock pins, on behalf of the client that has committed it.

        Nothing happens before the caller returns to the reactor.
        """
        projects, weight, client = commitment.lock.projects, commitment.lock.weight, requester()
        own = self._clients.get(client) or self._resting.get(client)
        crowded = self._weight + weight > _HEAVIEST or self._left + len(projects) > _MOST
        crowded = crowded or (own.left if own else 0) + len(projects) > _MOST_EACH
        if not projects:
            return
        if self._stopped or crowded:
            self._log.debug("lock {short} is not prefrozen: too much is waiting", short=commitment.short)
            return
        if own is None:
            own = self._clients[client] = _Waiting(self._bucket(client))
        own.left += len(projects)
        own.locks.append((commitment, deque(projects)))
        self._left += len(projects)
        self._weight += weight
        self._start()

    def _bucket(self, client: str) -> Bucket | None:
        if self._rate is None:
            return None
        bucket = self._buckets.get(client)
        if bucket is None:
            bucket = Bucket(self._rate)
            self._buckets.put(client, bucket, 1)
        return bucket

    def stop(self) -> None:
        """Start no further lookups. Those in progress end by themselves."""
        self._stopped = True
        self._clients.clear()
        self._resting.clear()
        self._left = self._weight = 0
        if self._again is not None:
            self._again.cancel()
            self._again = None

    def _start(self) -> None:
        """Have as many workers as there is work for."""
        for _ in range(min(_AT_ONCE - self._workers, self._left)):
            self._workers += 1
            Deferred.fromCoroutine(self._work()).addErrback(
                lambda failure: self._log.failure("fault while prefreezing", failure)
            )

    def _resume(self) -> None:
        """Look again at the clients that have reached their rate."""
        self._again = None
        self._clients.update(self._resting)
        self._resting.clear()
        self._start()

    async def _work(self) -> None:
        try:
            while True:
                # Each project in its own reactor turn: all pages may be at hand, and would otherwise fill one turn.
                await deferLater(self._clock, _BREAK if self._shelf.crowded else 0)
                if self._shelf.crowded and self._clients:
                    continue
                client = self._next()
                if client is None:
                    return
                await self._freeze_one(client, self._clients[client])
        finally:
            self._workers -= 1

    def _next(self) -> str | None:
        """Return the client whose turn it is. One that has reached its rate is looked at again later."""
        now = self._clock.seconds()
        while (client := next((each for each in self._clients if self._working[each] < _EACH), None)) is not None:
            bucket = self._clients[client].bucket
            if bucket is None or bucket.take(now):
                return client
            self._resting[client] = self._clients.pop(client)
            if self._again is None:
                self._again = self._clock.callLater(_PAUSE, self._resume)
        return None

    async def _freeze_one(self, client: str, own: _Waiting) -> None:
        found = self._project(own)
        if own.locks:
            self._clients.move_to_end(client)
        else:
            del self._clients[client]
        self._working[client] += 1
        try:
            with on_behalf_of(client):
                await self._freeze(*found)
        finally:
            self._working -= Counter((client,))  # without those that have none

    def _project(self, own: _Waiting) -> tuple[Commitment, Project]:
        """Return the next project of a client; its locks take turns."""
        commitment, projects = own.locks.popleft()
        project = projects.popleft()
        own.left -= 1
        self._left -= 1
        if projects:
            own.locks.append((commitment, projects))
        else:
            self._weight -= commitment.lock.weight
        return commitment, project

    async def _freeze(self, commitment: Commitment, project: Project) -> None:
        try:
            await self._shelf.freeze(commitment, project)
        except ReqPIError as error:
            self._log.debug(
                "{project} of lock {short} was not prefrozen: {error}",
                project=project, short=commitment.short, error=error,
            )  # fmt: skip
        except Exception:
            self._log.failure("fault while prefreezing {project}", project=project)
