"""Keeping of provenance objects in the background: those of the files on a page that was just frozen.

No client waits for this work, and a page is not delayed by it. So it begins a while after the page was frozen, when the
first build with a new lock has what it needs: a lock with the digests of all files may list hundreds of objects. Little
of it runs at a time, clients take turns, and what exceeds a bound is left for the first request, or for a hold.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from reqpi.core.errors import ReqPIError
from reqpi.core.model import File, Page
from reqpi.runtime.fair_turns import FairTurns
from reqpi.runtime.on_behalf import requester
from reqpi.shelf.provenance.stored import StoredProvenance

__all__ = ["BackgroundKeeping"]

_AT_ONCE = 4
"""Pages whose objects are fetched concurrently, one by one."""

_EACH = 3
"""Those of one client, at most."""

_MOST_OF_PAGE = 100
"""Objects of one page. A release has some dozens of files."""

_MOST = 10_000
"""Files that may wait: 15 MB."""

_AFTER = 20.0
"""Seconds from the freezing of the first page that waits to the work on all of them."""


class BackgroundKeeping:
    """The work of one process."""

    _log = Logger()

    def __init__(self, stored: StoredProvenance, clock: IReactorTime) -> None:
        self._stored = stored
        self._clock = clock
        self._turns = FairTurns(_AT_ONCE, each=_EACH)
        self._left = 0
        self._later: deque[tuple[str, str, Sequence[File]]] = deque()
        self._waiting: Any = None
        self._stopped = False

    def begin(self, address: str, page: Page) -> None:
        """Keep the objects of a page, after a while."""
        files = [file for file in page.files if file.provenance is not None][:_MOST_OF_PAGE]
        if self._stopped or not files or self._left + len(files) > _MOST:
            return
        self._left += len(files)
        self._later.append((requester(), address, files))
        if self._waiting is None:
            self._waiting = self._clock.callLater(_AFTER, self._begin_all)

    def _begin_all(self) -> None:
        """Begin the work on the pages that wait. A page that is frozen from now on waits for the next time."""
        self._waiting = None
        pages, self._later = self._later, deque()
        for client, address, files in pages:
            work = self._turns.run(client, partial(self._keep, address, files))
            Deferred.fromCoroutine(work).addErrback(
                lambda failure: self._log.failure("fault while keeping provenance objects", failure)
            )

    def stop(self) -> None:
        """Start no further fetches. Those in progress end by themselves."""
        self._stopped = True
        self._later.clear()
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    async def _keep(self, address: str, files: Sequence[File]) -> None:
        left = len(files)
        try:
            for file in files:
                await deferLater(self._clock, 0)
                if self._stopped:
                    return
                await self._keep_one(address, file)
                left -= 1
                self._left -= 1
        finally:
            self._left -= left

    async def _keep_one(self, address: str, file: File) -> None:
        try:
            await self._stored.of(file, address)
        except ReqPIError as error:
            self._log.debug("no provenance object of {filename}: {error}", filename=file.filename, error=error)
