"""The scrubber: verifies the store in the background, round after round, at a rate that the operator sets."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from reqpi.core.errors import ReqPIError
from reqpi.core.interfaces import Store
from reqpi.runtime.counts import ServerCounts
from reqpi.shelf.files.hashing import RateLimit
from reqpi.shelf.maintenance.verify import StoreVerdict, Verification
from reqpi.shelf.shelf import Shelf

__all__ = ["Scrubber"]

_REST = 3600.0
"""Seconds between the end of one round and the beginning of the next."""


class Scrubber:
    """Verifies a store for as long as its server runs.

    A file with wrong bytes is removed, and fetched again at once if it can be obtained.

    :param rate: in bytes a second.
    :param counts: counts the damage.
    """

    _log = Logger()

    def __init__(
        self, store: Store, shelf: Shelf, clock: IReactorTime, rate: int, counts: ServerCounts | None = None
    ) -> None:
        self._counts = counts or ServerCounts()
        self._store = store
        self._shelf = shelf
        self._clock = clock
        self._rate = rate

    async def run(self) -> None:
        """Verify the store round after round, until cancelled."""
        while True:
            try:
                await self.round()
            except ReqPIError as error:
                self._log.error("the store could not be verified: {error}", error=error)
            except Exception:
                self._log.failure("fault while verifying the store")
            await deferLater(self._clock, _REST)

    async def round(self) -> StoreVerdict:
        """Verify the store once."""
        verdict = await Verification(self._store, repair=True, pace=RateLimit(self._rate, self._clock)).run()
        for damage in verdict.damages:
            self._counts.damaged(damage.kind)
            removed = " It was removed." if damage.repaired else ""
            self._log.critical(
                "the {kind} {name} is damaged in the store: {problem}.{removed}",
                kind=damage.kind, name=damage.name, problem=damage.problem, removed=removed,
            )  # fmt: skip
        for address, project, filename in verdict.lost:
            await self._fetch(address, project, filename)
        self._log.info(
            "verified {files} files of {size} bytes and {locks} locks: {damaged} damaged",
            files=verdict.files, size=verdict.size, locks=verdict.locks, damaged=len(verdict.damages),
        )  # fmt: skip
        return verdict

    async def _fetch(self, address: str, project: str, filename: str) -> None:
        try:
            await self._shelf.hold(await self._shelf.commitment(address), project, filename)
        except ReqPIError as error:
            self._log.error("{filename} could not be fetched again: {error}", filename=filename, error=error)
        else:
            self._log.info("{filename} was fetched again", filename=filename)
