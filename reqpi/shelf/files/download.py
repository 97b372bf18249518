"""A download of a file from an upstream into the store: fetched once for all readers, readable while it grows.

However many clients want a file, the upstream is asked for it once. Each client is sent the bytes as they arrive,
except for the last :data:`HELD_BACK` bytes, which are held until the digest of the whole is verified: wrong bytes are
never delivered as a whole file, and never stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from functools import partial
from typing import BinaryIO

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from reqpi.core.errors import Pending, ReqPIError, StoreTrouble, UpstreamTrouble
from reqpi.core.interfaces import FileSource, Following, Incoming, Store
from reqpi.core.model import Digest, File
from reqpi.runtime.fair_share import FairShare
from reqpi.runtime.singleflight import SingleFlight
from reqpi.shelf.files.fetch import LARGEST, Fetch, Keeps, MeasuredFile
from reqpi.shelf.files.verified_blobs import AT_LENGTH, HELD_BACK, VerifiedBlobs

__all__ = ["HELD_BACK", "Download"]

_log = Logger()

_SHARES = (1 << 14, 1 << 20, 1 << 25)
"""Bytes that readers get at a time: one reader at least, one at most, and all of them together."""

_REHASHED = 1 << 16
"""Bytes that are hashed at a time when the whole file is hashed again: 40 µs."""

_LOOK = 0.05
"""Seconds between two checks of a download by another process."""

_CLAIMS = 20
"""Attempts to claim a download. One fails only if another process begins and ends in the same instant."""


class Download:
    """One download.

    :param file: the file; each of its digests must hold.
    :param algorithms: the names of the digests to compute.
    :param name: the name under which the processes of this host share the download: one fetches, the others follow.
        ``None``: it is not shared.
    :param blobs: the blobs of the store, each verified before it is used.
    :param keeps: see :class:`reqpi.shelf.files.fetch.Fetch`. A file that is not kept has no readers.
    :param largest: likewise.

    :ivar outcome: how it ended, if it succeeded: one of :data:`reqpi.runtime.counts.DOWNLOADS`.
    :ivar has_ended: it is over, and was cleaned up.
    """

    def __init__(
        self,
        file: File,
        store: Store,
        clock: IReactorTime,
        algorithms: Collection[str] = ("sha256",),
        *,
        name: str | None = None,
        blobs: VerifiedBlobs | None = None,
        keeps: Keeps | None = None,
        largest: int = LARGEST,
    ) -> None:
        self.file = file
        self.size = file.size
        self.measured: MeasuredFile | None = None
        self.outcome = "shared"
        self.has_ended = False
        self._store = store
        self._blobs = blobs or VerifiedBlobs(store)
        self._clock = clock
        self._began = clock.seconds()
        self._name = name
        self._incoming: Incoming | Following | None = None
        self._algorithms = tuple(algorithms)
        self._keeps = keeps
        self._largest = largest
        self._failure: UpstreamTrouble | Exception | None = None
        self._watchers: list[Deferred[None]] = []
        self._settling: list[Deferred[None]] = []
        self._beginning: list[Deferred[None]] = []
        self._ending: list[Deferred[None]] = []
        self._readers = 0
        self._is_discarded = False
        self._is_intact = False
        self._rehashing: SingleFlight[bool] = SingleFlight()
        self._share = FairShare(*_SHARES)

    async def fetch(self, upstream: FileSource) -> MeasuredFile:
        """Fetch, verify and keep the file, or follow another process of this host that does so.

        :raises reqpi.core.errors.UpstreamTrouble: the file could not be obtained, or differs from what was claimed.
        :raises reqpi.core.errors.StoreTrouble: the file cannot be stored.
        """
        try:
            measured = await self._obtained(upstream)
        except Exception as error:
            self._failure = error
            raise
        else:
            self.size = measured.size
            self.measured = measured
            return measured
        finally:
            self._progress()
            _fire(self._beginning)
            _fire(self._settling)
            try:
                await self._let_go()
            finally:
                self.has_ended = True
                _fire(self._ending)

    async def _obtained(self, upstream: FileSource) -> MeasuredFile:
        for _ in range(_CLAIMS):
            incoming = await (self._store.begin() if self._name is None else self._store.claim(self._name))
            if incoming is not None:
                self._incoming, self._is_intact = incoming, True
                fetch = Fetch(self.file, self._clock, self._grown, self._algorithms, self._keeps, largest=self._largest)
                measured = await self._meanwhile()
                if measured is None:
                    measured = await fetch.run(upstream, incoming)
                    self.outcome = "kept" if self._keeps is None or self._keeps(measured) else "measured"
                return measured
            following = await self._store.follow(str(self._name))
            if following is not None:
                self._incoming = following
                return await self._followed(following)
        raise UpstreamTrouble(f"{self.file.filename} is fetched again and again", "Ask again in a moment.")

    async def _followed(self, following: Following) -> MeasuredFile:
        """Follow another process that fetches the file."""
        while await following.look():
            self.size = self.size if following.expected is None else following.expected
            self._progress()
            await deferLater(self._clock, _LOOK)
        measured = await self._meanwhile()
        if measured is None:
            # Readers that have the beginning of it cannot be given the rest of what another attempt brings.
            raise UpstreamTrouble(f"{self.file.filename} was not downloaded", "Another process gave up. Ask again.")
        return measured

    async def _meanwhile(self) -> MeasuredFile | None:
        """Return what another process has stored meanwhile. That process has verified it."""
        size = None if self._name is None else await self._store.size(str(self.file.sha256))
        return None if size is None else MeasuredFile(frozenset({Digest("sha256", str(self.file.sha256))}), size)

    async def begun(self, patience: float) -> int:
        """Wait until the file can be read: as a whole, or in part if it is large or ``patience`` is over.

        :param patience: seconds.
        :returns: the size of the file in bytes.
        :raises reqpi.core.errors.Pending: no byte may be read after ``patience`` seconds.
        :raises reqpi.core.errors.UpstreamTrouble: the download failed.
        """
        came = self._clock.seconds()
        while not (self._settled or self._flows) and await self._woken(self._beginning, self._began + patience):
            pass
        while not self._settled and self._free <= 0 and await self._woken(self._watchers, came + patience):
            pass
        if self._failure is not None:
            raise _again(self._failure)
        if self.size is None or (self.measured is None and self._free <= 0):
            raise Pending(f"{self.file.filename} is still on its way", "Ask again in a moment.")
        return self.size

    async def finished(self) -> int:
        """Wait until the file is in the store.

        :returns: the size of the file in bytes.
        :raises reqpi.core.errors.UpstreamTrouble: the file could not be obtained, or differs from what was claimed.
        :raises reqpi.core.errors.StoreTrouble: the file cannot be stored.
        """
        while not self._settled:
            await self._woken(self._settling)
        if self._failure is not None or self.measured is None:
            raise _again(self._failure or UpstreamTrouble(f"{self.file.filename} was not downloaded"))
        return self.measured.size

    async def ended(self) -> None:
        """Wait until another download of the file can begin: this one has succeeded or failed, and was cleaned up."""
        while not self.has_ended:
            await self._woken(self._ending)

    @property
    def received(self) -> int:
        """The number of bytes received so far."""
        return 0 if self._incoming is None else self._incoming.size

    async def read(self, start: int, stop: int) -> AsyncGenerator[bytes, None]:
        """Yield the bytes from ``start`` up to ``stop`` as they arrive.

        :raises reqpi.core.errors.UpstreamTrouble: the file turned out to be wrong, or its end cannot be obtained.
        """
        with self._share.reader():
            async with aclosing(self.released(start, stop)) as ends:
                async for end in ends:
                    while start < end and self._incoming is not None:
                        begin, start = start, min(end, start + self._share.size)
                        yield await self._incoming.read(begin, start)
        if start < stop and self.measured is not None:
            async with aclosing(self._blobs.read(self.measured.sha256, start, stop)) as pieces:
                async for piece in pieces:
                    yield piece

    async def released(self, start: int, stop: int) -> AsyncGenerator[int, None]:
        """Yield the offsets up to which the bytes from ``start`` may be read, each larger than the one before.

        The last one is ``stop``, unless the rest has to be read from the store.

        :raises reqpi.core.errors.UpstreamTrouble: the file turned out to be wrong, or its end cannot be obtained.
        """
        self._readers += 1
        try:
            while start < stop and self.measured is None:
                if self._failure is not None:
                    raise _again(self._failure)
                end = min(stop, self._free)
                if end > start:
                    yield end
                    start = end
                else:
                    await self._woken(self._watchers)
            if start < stop and await self._is_at_hand():
                yield stop
        finally:
            self._readers -= 1
            # The client has its bytes, and may close the connection now: the response ends without the disk.
            Deferred.fromCoroutine(self._let_go()).addErrback(_not_discarded)

    def local(self) -> BinaryIO | None:
        """Return the file, which grows, for the kernel to send as far as :meth:`released` says. The caller closes it.

        :returns: ``None`` if it is not on this machine, or was stored in the meantime.
        """
        return None if self._incoming is None or self._is_discarded else self._incoming.local()

    async def _is_at_hand(self) -> bool:
        """Return whether the verified file can be read from where it was written.

        This process has hashed its own download while it wrote it. One that another process wrote is hashed here.

        :raises reqpi.core.errors.StoreTrouble: it was changed; it is removed from the store.
        """
        incoming, measured = self._incoming, self.measured
        if incoming is None or measured is None or self._is_discarded or incoming.size != measured.size:
            return False
        if not self._is_intact:
            self._is_intact = await self._rehashing.do(None, partial(self._rehash, incoming, measured))
        if not self._is_intact:
            await self._blobs.repair(measured.sha256, measured.size)
            raise StoreTrouble(f"{self.file.filename} was damaged on its way", "It was removed. Try again in a moment.")
        return True

    async def _rehash(self, incoming: Incoming | Following, measured: MeasuredFile) -> bool:
        computed = hashlib.sha256()
        for start in range(0, measured.size, _REHASHED):
            piece = await incoming.read(start, min(start + _REHASHED, measured.size))
            computed.update(piece)
        return computed.hexdigest() == measured.sha256

    @property
    def _settled(self) -> bool:
        return self.measured is not None or self._failure is not None

    @property
    def _flows(self) -> bool:
        """Whether the file is large and its first bytes may be read."""
        return (self.size or 0) >= AT_LENGTH and self._free > 0

    @property
    def _free(self) -> int:
        """The offset up to which bytes may be read before the whole is verified."""
        if self.size is None or self._incoming is None:
            return 0
        return min(self._incoming.size, self.size - HELD_BACK)

    async def _let_go(self) -> None:
        if self._settled and not self._readers and self._incoming is not None:
            self._is_discarded = True
            await self._incoming.discard()

    async def _woken(self, waiting: list[Deferred[None]], until: float | None = None) -> bool:
        """Wait until the waiters in a list are woken.

        :param until: when to give up, in seconds on the clock; ``None``: never.
        :returns: whether they were woken in time.
        """
        mine: Deferred[None] = Deferred()
        if until is not None:
            if until <= self._clock.seconds():
                return False
            mine.addTimeout(until - self._clock.seconds(), self._clock)
        waiting.append(mine)
        try:
            await mine
        except TimeoutError:
            waiting.remove(mine)
            return False
        return True

    def _grown(self, size: int | None) -> None:
        self.size = size
        self._progress()

    def _progress(self) -> None:
        _fire(self._watchers)
        if self._flows:
            _fire(self._beginning)


def _again(error: Exception) -> Exception:
    """Return a copy of an error that one coroutine raised, for another one to raise."""
    return error.again() if isinstance(error, ReqPIError) else error


def _not_discarded(failure: Failure) -> None:
    """Log that the place in which a file was downloaded was not cleared."""
    _log.failure("cannot remove a finished download", failure)


def _fire(waiting: list[Deferred[None]]) -> None:
    """Wake all waiters and clear the list."""
    woken = waiting[:]
    waiting.clear()
    for one in woken:
        one.callback(None)
