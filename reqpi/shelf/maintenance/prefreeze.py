"""Prefreezing: the pages of a new lock are frozen in the background, so that its first client need not wait for them.

No client waits for this work. Therefore little of it runs at a time; locks take turns, project by project, so that a
large one does not delay a small one; and it yields to the requests of clients. A project that fails is tried again when
a client requests it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from reqpi.core.access.acting import acting_client
from reqpi.core.errors import ReqPIError
from reqpi.core.model import Commitment, Project
from reqpi.shelf.shelf import Shelf

__all__ = ["Prefreeze"]

_AT_ONCE = 8
"""Projects that are looked up concurrently: a quarter of the limit for all, so that clients never queue."""

_MOST = 20_000
"""Projects that may wait. A lock that would exceed the limit is frozen when clients request it."""

_HEAVIEST = 16 << 20
"""Bytes of memory of the locks that wait and are kept until they are frozen. Above, it is the same."""

_BREAK = 0.1
"""Seconds to pause while clients queue for the upstream."""


class Prefreeze:
    """The prefreezing of this process."""

    _log = Logger()

    def __init__(self, shelf: Shelf, clock: IReactorTime) -> None:
        self._shelf = shelf
        self._clock = clock
        self._waiting: deque[tuple[Commitment, Iterator[Project], str]] = deque()
        self._left = 0
        self._weight = 0
        self._workers = 0
        self._stopped = False

    def begin(self, commitment: Commitment) -> None:
        """Begin to freeze the projects that a lock pins. Nothing happens before the caller returns to the reactor."""
        projects = commitment.lock.projects
        weight = commitment.lock.weight
        crowded = self._weight + weight > _HEAVIEST or self._left + len(projects) > _MOST
        if self._stopped or crowded:
            self._log.debug("lock {short} is not prefrozen: too much is waiting", short=commitment.short)
            return
        self._left += len(projects)
        self._weight += weight
        self._waiting.append((commitment, iter(projects), acting_client.get()))
        for _ in range(min(_AT_ONCE - self._workers, len(projects))):
            self._workers += 1
            Deferred.fromCoroutine(self._work()).addErrback(
                lambda failure: self._log.failure("fault while prefreezing", failure)
            )

    def stop(self) -> None:
        """Start no further lookups. Those in progress end by themselves."""
        self._stopped = True
        self._waiting.clear()
        self._left = self._weight = 0

    async def _work(self) -> None:
        try:
            while True:
                # Each project in its own reactor turn: all pages may be at hand, and would otherwise fill one turn.
                await deferLater(self._clock, _BREAK if self._shelf.crowded else 0)
                if self._shelf.crowded and self._waiting:
                    continue
                found = self._next()
                if found is None:
                    return
                commitment, project, by = found
                acting_client.set(by)  # in the context of this coroutine alone
                await self._freeze(commitment, project)
        finally:
            self._workers -= 1

    def _next(self) -> tuple[Commitment, Project, str] | None:
        """Return the next project, with its lock and the client that has committed it."""
        while self._waiting:
            commitment, projects, by = self._waiting.popleft()
            project = next(projects, None)
            if project is not None:
                self._left -= 1
                self._waiting.append((commitment, projects, by))
                return commitment, project, by
            self._weight -= commitment.lock.weight
        return None

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
