"""Keeping of provenance objects in the background: those of the files on a page that was just frozen.

No client waits for this work, and a page is not delayed by it. So little of it runs at a time, clients take turns, and
what exceeds a bound is left for the first request, or for a hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

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


class BackgroundKeeping:
    """The work of one process."""

    _log = Logger()

    def __init__(self, stored: StoredProvenance, clock: IReactorTime) -> None:
        self._stored = stored
        self._clock = clock
        self._turns = FairTurns(_AT_ONCE, each=_EACH)
        self._left = 0
        self._stopped = False

    def begin(self, address: str, page: Page) -> None:
        """Begin to keep the objects of a page. Nothing happens before the caller returns to the reactor."""
        files = [file for file in page.files if file.provenance is not None][:_MOST_OF_PAGE]
        if self._stopped or not files or self._left + len(files) > _MOST:
            return
        self._left += len(files)
        work = partial(self._keep, address, files)
        Deferred.fromCoroutine(self._turns.run(requester(), work)).addErrback(
            lambda failure: self._log.failure("fault while keeping provenance objects", failure)
        )

    def stop(self) -> None:
        """Start no further fetches. Those in progress end by themselves."""
        self._stopped = True

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
