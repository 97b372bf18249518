"""Files on their way from an upstream into the store: fetched once, verified, readable while they grow.

However many clients want a file, upstream is asked for it once. Each is given bytes as they come, but for the last
:data:`HELD_BACK`, which wait until the digest of the whole is known: wrong bytes are never delivered as a whole
file, and never kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Collection

from attrs import frozen
from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from reqpi.errors import DigestMismatch, UpstreamTrouble
from reqpi.interfaces import Incoming, Origin, Store, Transfer
from reqpi.model import ALGORITHMS, Digest, File

__all__ = ["HELD_BACK", "Arrival", "Arrivals", "Measured"]

HELD_BACK = 1 << 16
"""Bytes at the end of a file that nobody is given before the digest of the whole is known."""

LARGEST = 1 << 36
"""Bytes of a file, at most: an upstream that never ends must end somewhere."""

_PAUSES = (0.0, 0.5, 1.0, 2.0)
"""Seconds before each attempt to take a file, or what is missing of it."""

_PIECE = 1 << 18


@frozen
class Measured:
    """What a file's own bytes say of it.

    :param digests: one for each of :data:`reqpi.model.ALGORITHMS` that was asked for.
    :param size: bytes.
    """

    digests: frozenset[Digest]
    size: int


class Arrival:
    """One file on its way.

    :param file: the digests in it must hold, all of them.
    :param algorithms: which digests to compute.
    """

    def __init__(
        self, file: File, store: Store, clock: IReactorTime, algorithms: Collection[str] = ("sha256",)
    ) -> None:
        self.file = file
        self.size = file.size
        self.landed: Measured | None = None
        self._store = store
        self._clock = clock
        self._incoming: Incoming | None = None
        self._hashes = {name: hashlib.new(name) for name in {*algorithms, *(d.algorithm for d in file.digests)}}
        self._failure: UpstreamTrouble | Exception | None = None
        self._watchers: list[Deferred[None]] = []
        self._readers = 0

    async def fetch(self, origin: Origin) -> Measured:
        """Take the file, verify it, keep it.

        :raises reqpi.errors.UpstreamTrouble: it could not be had, or is not what it was said to be.
        :raises reqpi.errors.StoreTrouble: it cannot be kept.
        """
        try:
            self._incoming = await self._store.begin()
            await self._take(origin, self._incoming)
            measured = self._verified(self._incoming.size)
            await self._incoming.keep(self._hashes["sha256"].hexdigest())
        except Exception as error:
            self._failure = error
            raise
        else:
            self.size = measured.size
            self.landed = measured
            return measured
        finally:
            self._progress()
            await self._let_go()

    async def begun(self, patience: float) -> int:
        """Wait until the file is here, or for ``patience`` seconds and then until its first bytes may be had.

        :returns: its size in bytes.
        :raises reqpi.errors.UpstreamTrouble: it failed, or upstream has not said by then how long it will be.
        """
        deadline = self._clock.seconds() + patience
        while not self._settled:
            left = deadline - self._clock.seconds()
            if left <= 0:
                break
            await self._change(left)
        if self._failure is not None:
            raise self._failure
        if self.size is None or (self.landed is None and self._free <= 0):
            raise UpstreamTrouble(f"{self.file.filename} is still on its way", "Ask again in a moment.")
        return self.size

    async def landing(self) -> None:
        """Wait until the file is here, or raise why it is not."""
        while not self._settled:
            await self._change()
        if self._failure is not None:
            raise self._failure

    async def read(self, start: int, stop: int) -> AsyncGenerator[bytes, None]:
        """The bytes from ``start`` up to ``stop`` as they come.

        :raises reqpi.errors.UpstreamTrouble: the file turned out to be wrong, or cannot be had to its end.
        """
        self._readers += 1
        try:
            while start < stop and self.landed is None:
                if self._failure is not None:
                    raise self._failure
                end = min(stop, self._free, start + _PIECE)
                if end > start and self._incoming is not None:
                    yield await self._incoming.read(start, end)
                    start = end
                else:
                    await self._change()
        finally:
            self._readers -= 1
            await self._let_go()
        if start < stop and self.landed is not None:
            sha256 = self._hashes["sha256"].hexdigest()
            async for piece in self._store.read(sha256, start, stop):
                yield piece

    @property
    def _settled(self) -> bool:
        return self.landed is not None or self._failure is not None

    @property
    def _free(self) -> int:
        """Up to where bytes may be given away before the whole is verified."""
        if self.size is None or self._incoming is None:
            return 0
        return min(self._incoming.size, self.size - HELD_BACK)

    async def _take(self, origin: Origin, incoming: Incoming) -> None:
        for left, pause in zip(range(len(_PAUSES) - 1, -1, -1), _PAUSES, strict=True):
            await self._sleep(pause)
            try:
                transfer = await origin.open(self.file.url, start=incoming.size)
                await self._drain(transfer, incoming)
            except UpstreamTrouble as error:
                if error.final or not left:
                    raise
            else:
                return

    async def _drain(self, transfer: Transfer, incoming: Incoming) -> None:
        """Write what comes; what a server that does no ranges sends again is passed over."""
        try:
            if transfer.start > incoming.size:
                raise UpstreamTrouble(f"the upstream left out bytes of {self.file.filename}")
            again = incoming.size - transfer.start
            if transfer.size is not None:
                self._expect(transfer.size)
            async for data in transfer:
                fresh = data[again:]
                again -= len(data) - len(fresh)
                await self._append(fresh, incoming)
        finally:
            transfer.close()
        if self.size is not None and incoming.size < self.size:
            raise UpstreamTrouble(
                f"the upstream sent {self.file.filename} short", f"{incoming.size} of {self.size} bytes came."
            )

    def _expect(self, size: int) -> None:
        if self.size is not None and size != self.size:
            raise _final(f"{self.file.filename} has another length upstream", f"{size} bytes, not {self.size}.")
        self.size = size
        self._progress()

    async def _append(self, data: bytes, incoming: Incoming) -> None:
        if incoming.size + len(data) > (LARGEST if self.size is None else self.size):
            raise _final(f"the upstream sent too much of {self.file.filename}", "It was thrown away.")
        for computed in self._hashes.values():
            computed.update(data)
        await incoming.write(data)
        self._progress()

    def _verified(self, size: int) -> Measured:
        digests = {name: Digest(name, computed.hexdigest()) for name, computed in self._hashes.items()}
        for expected in sorted(self.file.digests):
            if digests[expected.algorithm] != expected:
                raise DigestMismatch(self.file.filename, expected, digests[expected.algorithm])
        return Measured(frozenset(digests.values()), size)

    async def _let_go(self) -> None:
        if self._settled and not self._readers and self._incoming is not None:
            await self._incoming.discard()

    async def _change(self, patience: float | None = None) -> None:
        """Wait for something to happen, for so many seconds at most."""
        watcher: Deferred[None] = Deferred()
        self._watchers.append(watcher)
        if patience is not None:
            watcher.addTimeout(patience, self._clock)
        try:
            await watcher
        except TimeoutError:
            self._watchers.remove(watcher)

    def _progress(self) -> None:
        watchers, self._watchers = self._watchers, []
        for watcher in watchers:
            watcher.callback(None)

    async def _sleep(self, seconds: float) -> None:
        if seconds:
            await deferLater(self._clock, seconds)


class Arrivals:
    """All files on their way in this process, by the address of each upstream."""

    _log = Logger()

    def __init__(self, store: Store, origin: Origin, clock: IReactorTime) -> None:
        self._store = store
        self._origin = origin
        self._clock = clock
        self._under_way: dict[str, Arrival] = {}

    def of(self, file: File) -> Arrival:
        """The arrival of ``file``, whose sha256 is known: the one under way, or one that begins now."""
        key = str(file.sha256)
        arrival = self._under_way.get(key)
        if arrival is None:
            arrival = self._under_way[key] = Arrival(file, self._store, self._clock)
            fetched = Deferred.fromCoroutine(arrival.fetch(self._origin))
            fetched.addErrback(self._failed, file).addBoth(lambda _: self._under_way.pop(key))
        return arrival

    async def measure(self, file: File) -> Measured:
        """Fetch a file of which upstream does not say enough, keep it, and say what its bytes say.

        The digests that upstream does claim must hold.
        """
        return await Arrival(file, self._store, self._clock, ALGORITHMS).fetch(self._origin)

    def _failed(self, failure: Failure, file: File) -> None:
        self._log.warn(
            "{filename} could not be fetched: {reason}", filename=file.filename, reason=failure.getErrorMessage()
        )


def _final(title: str, detail: str) -> UpstreamTrouble:
    error = UpstreamTrouble(title, detail)
    error.final = True
    return error
