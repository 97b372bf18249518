"""Freezing ahead: what a new lock pins is looked up in the background, so that its first client finds it done.

It is work that nobody waits for. So it is little at a time; locks take turns, project by project, and a large one does
not hold up a small one; and it makes way for what clients ask for. What fails is tried again when a client asks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from reqpi.core.errors import ReqPIError
from reqpi.core.model import Commitment, Project
from reqpi.shelf.shelf import Shelf

__all__ = ["Prefreeze"]

_AT_ONCE = 8
"""Projects that are looked up at the same time: a quarter of what there is room for, so that clients never queue."""

_MOST = 20_000
"""Projects that may wait. A lock that would make them more is looked up when clients ask for it."""

_HEAVIEST = 16 << 20
"""Bytes of memory of the locks that wait, which are kept for as long as they do. Above, it is the same."""

_BREAK = 0.1
"""Seconds to wait while clients queue for upstream."""


class Prefreeze:
    """The looking ahead of this process."""

    _log = Logger()

    def __init__(self, shelf: Shelf, clock: IReactorTime) -> None:
        self._shelf = shelf
        self._clock = clock
        self._waiting: deque[tuple[Commitment, Iterator[Project]]] = deque()
        self._left = 0
        self._weight = 0
        self._workers = 0
        self._stopped = False

    def begin(self, commitment: Commitment) -> None:
        """Begin to look up what a lock pins. Nothing is done before the caller has returned to the reactor."""
        projects = commitment.lock.projects
        weight = commitment.lock.weight
        crowded = self._weight + weight > _HEAVIEST or self._left + len(projects) > _MOST
        if self._stopped or crowded:
            self._log.debug("lock {short} is not frozen ahead: too much is waiting", short=commitment.short)
            return
        self._left += len(projects)
        self._weight += weight
        self._waiting.append((commitment, iter(projects)))
        for _ in range(min(_AT_ONCE - self._workers, len(projects))):
            self._workers += 1
            Deferred.fromCoroutine(self._work()).addErrback(
                lambda failure: self._log.failure("fault while freezing ahead", failure)
            )

    def stop(self) -> None:
        """Look up nothing more. What is under way ends by itself, and waits for nobody."""
        self._stopped = True
        self._waiting.clear()
        self._left = self._weight = 0

    async def _work(self) -> None:
        try:
            while True:
                # In a turn of the reactor of its own: all of it may be at hand, and would else be done in one.
                await deferLater(self._clock, _BREAK if self._shelf.crowded else 0)
                if self._shelf.crowded and self._waiting:
                    continue
                found = self._next()
                if found is None:
                    return
                await self._freeze(*found)
        finally:
            self._workers -= 1

    def _next(self) -> tuple[Commitment, Project] | None:
        while self._waiting:
            commitment, projects = self._waiting.popleft()
            project = next(projects, None)
            if project is not None:
                self._left -= 1
                self._waiting.append((commitment, projects))
                return commitment, project
            self._weight -= commitment.lock.weight
        return None

    async def _freeze(self, commitment: Commitment, project: Project) -> None:
        try:
            await self._shelf.freeze(commitment, project)
        except ReqPIError as error:
            self._log.debug(
                "{project} of lock {short} was not frozen ahead: {error}",
                project=project, short=commitment.short, error=error,
            )  # fmt: skip
        except Exception:
            self._log.failure("fault while freezing {project} ahead", project=project)
