"""Early files: while a client that has committed a new lock starts its installer, the server fetches what it needs.

It is a guess, so little of it is done: small files only, of which the server would otherwise wait for the upstream
twice, for the core metadata and for the file. Every limit ends it without a message, and what fails is fetched when a
client requests it. The lock admits each file, and the bytes are verified, as for a hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from reqpi.core.errors import DeniedByOperator, ReqPIError
from reqpi.core.model import Commitment, File, Page, Project
from reqpi.core.preferred_wheel import preferred
from reqpi.core.targets import InstallTarget
from reqpi.runtime.fair_turns import FairTurns
from reqpi.runtime.offload import DECIDED_FILES
from reqpi.runtime.on_behalf import requester
from reqpi.runtime.singleflight import each
from reqpi.shelf.shelf import Shelf

__all__ = ["EarlyFiles"]

_AT_ONCE = 48
"""Projects whose files are fetched concurrently."""

_EACH = 24
"""Those of one client, at most: clients take turns."""

_LOOKUPS = 12
"""Projects that are looked up concurrently. With those of prefreezing, that is less than the limit of 32 for all."""

_LOOKUPS_EACH = 8
"""Those of one client, at most."""

_LOCKS = 64
"""Locks that may be in progress. The files of another one are fetched when they are requested."""

_LOCKS_EACH = 4
"""Those of one client, at most."""

_PROJECTS = 500
"""Projects of a lock, at most. A larger one should be held."""

_LARGEST = 4 << 20
"""Bytes of a file, at most. A larger one is sent on while it arrives, so that its client waits for little."""

_MOST = 128 << 20
"""Bytes of all early files of a lock, at most."""

_TIME = 60.0
"""Seconds after which no more files of a lock are begun: its client has long since requested what it needs."""


class EarlyFiles:
    """The early files of this process."""

    _log = Logger()

    def __init__(self, shelf: Shelf, clock: IReactorTime) -> None:
        self._shelf = shelf
        self._clock = clock
        self._lookups = FairTurns(_LOOKUPS, each=_LOOKUPS_EACH)
        self._turns = FairTurns(_AT_ONCE, each=_EACH)
        self._locks: Counter[str] = Counter()
        self._stopped = False

    @property
    def under_way(self) -> int:
        """The number of locks in progress."""
        return self._locks.total()

    def begin(self, commitment: Commitment, target: InstallTarget, *, every: bool = False) -> None:
        """Begin to fetch files of a new lock on behalf of the client that has committed it, unless there is too much.

        Nothing happens before the caller returns to the reactor.

        :param every: all files that the target takes; otherwise those that pip would choose.
        """
        client, projects = requester(), len(commitment.lock.projects)
        crowded = self.under_way >= _LOCKS or self._locks[client] >= _LOCKS_EACH
        if self._stopped or crowded or projects > _PROJECTS:
            self._log.debug("no files of lock {short} are fetched early", short=commitment.short)
            return
        self._locks[client] += 1
        work = self._run(client, _Early(commitment, target, every, self._clock.seconds() + _TIME))
        Deferred.fromCoroutine(work).addErrback(
            lambda failure: self._log.failure("fault while fetching early files", failure)
        )

    def stop(self) -> None:
        """Begin no further files. Those in progress end by themselves."""
        self._stopped = True

    async def _run(self, client: str, early: _Early) -> None:
        try:
            await deferLater(self._clock, 0)
            await each(early.commitment.lock.projects, partial(self._project, client, early), _EACH)
        finally:
            self._locks -= Counter((client,))  # without those that have none

    async def _project(self, client: str, early: _Early, project: Project) -> None:
        try:
            try:
                page = await self._lookups.run(client, partial(self._page, early, project))
            finally:
                early.pages -= 1
            if page is not None:
                files = await DECIDED_FILES.run(len(page.files), early.chosen, page.files)
                await self._turns.run(client, partial(self._fetch, early, files))
        except ReqPIError as error:
            self._log.debug("a file of {project} was not fetched early: {error}", project=project, error=error)

    async def _page(self, early: _Early, project: Project) -> Page | None:
        if self._ends(early):
            return None
        try:
            return await self._shelf.page(early.commitment, project)
        except DeniedByOperator:
            self._shelf.forget_refusal(early.commitment.address, project)  # no client has requested it
            raise

    async def _fetch(self, early: _Early, files: Sequence[File]) -> None:
        for file in files:
            if not self._ends(early) and early.takes(file):
                await self._shelf.hold(early.commitment, file.project, file.filename, provenance=False)

    def _ends(self, early: _Early) -> bool:
        return self._stopped or early.is_overtaken or self._clock.seconds() >= early.until


@define(eq=False)
class _Early:
    """The work on one lock.

    :param until: when it ends, in seconds of the clock.
    :ivar pages: projects that are not looked up yet.
    :ivar left: bytes that may still be fetched.
    """

    commitment: Commitment
    target: InstallTarget
    every: bool
    until: float
    pages: int = field(init=False)
    left: int = _MOST

    def __attrs_post_init__(self) -> None:
        self.pages = len(self.commitment.lock.projects)

    @property
    def is_overtaken(self) -> bool:
        """Whether the client has the list of all files by now, and takes each from here only once."""
        return self.every and not self.pages

    def chosen(self, files: tuple[File, ...]) -> list[File]:
        """Return the files of a page that the client is expected to request."""
        fit = [file for file in files if self.target.takes(file)]
        return fit if self.every else preferred(fit, self.target)

    def takes(self, file: File) -> bool:
        """Return whether a file is small enough, and count it."""
        if file.size is None or not file.size <= min(_LARGEST, self.left):
            return False
        self.left -= file.size
        return True
