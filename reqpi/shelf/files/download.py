"""A file on its way from an upstream into the store: fetched once, verified, readable while it grows.

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
from twisted.internet.threads import deferToThread

from reqpi.core.errors import DigestMismatch, ReqPIError, UpstreamTrouble
from reqpi.core.interfaces import Following, Incoming, Store, Transfer, Upstream
from reqpi.core.model import Digest, File
from reqpi.runtime.fair_share import FairShare

__all__ = ["HELD_BACK", "Download", "MeasuredFile", "TooSlow"]

HELD_BACK = 1 << 16
"""Bytes at the end of a file that nobody is given before the digest of the whole is known."""

LARGEST = 1 << 36
"""Bytes of a file, at most: an upstream that never ends must end somewhere."""

_LARGEST_UNSAID = 1 << 32
"""Bytes of a file of which neither a page nor the response says how long it is."""

_SLOWEST = 8192
"""Bytes a second, on average, after a start of :data:`_HEAD_START` seconds."""

_HEAD_START = 120.0

_PAUSES = (0.0, 0.5, 1.0, 2.0)
"""Seconds before each attempt to take a file, or what is missing of it."""

_PROGRESS = 1 << 20
"""Bytes. After an attempt that brought so many, the next counts as the second: what is large may break off often."""

_PIECES = (1 << 14, 1 << 20, 1 << 25)
"""Bytes that one reader is given at a time: at least, at most, and all of them together."""

_AT_LENGTH = 1 << 22
"""Bytes of a file that is given to who waits for it as it comes. A smaller one is here soon, and is waited for: what is
wrong with it can then be said in place of it."""

_IN_THREAD = 1 << 17
"""Bytes from which it is worth a thread to hash them, while they are being written: 0.1 ms."""

_LOOK = 0.05
"""Seconds between two looks at what another process fetches."""

_CLAIMS = 20
"""Each is lost only where another process begins and ends in the same instant."""


@frozen
class MeasuredFile:
    """What a file's own bytes say of it.

    :param digests: one for each of :data:`reqpi.core.model.ALGORITHMS` that was asked for.
    :param size: bytes.
    """

    digests: frozenset[Digest]
    size: int

    @property
    def sha256(self) -> str:
        """The digest that it is kept under, in hex."""
        return next(digest.hex for digest in self.digests if digest.algorithm == "sha256")


class Download:
    """One file on its way.

    :param file: the digests in it must hold, all of them.
    :param algorithms: which digests to compute.
    :param name: what the processes of this host call it, for one to fetch it and the others to follow.
    """

    def __init__(
        self,
        file: File,
        store: Store,
        clock: IReactorTime,
        algorithms: Collection[str] = ("sha256",),
        name: str | None = None,
    ) -> None:
        self.file = file
        self.size = file.size
        self.landed: MeasuredFile | None = None
        self._store = store
        self._clock = clock
        self._began = clock.seconds()
        self._name = name
        self._url = file.url
        self._etag: str | None = None
        self._incoming: Incoming | Following | None = None
        self._hashes = {name: hashlib.new(name) for name in {*algorithms, *(d.algorithm for d in file.digests)}}
        self._failure: UpstreamTrouble | Exception | None = None
        self._watchers: list[Deferred[None]] = []
        self._settling: list[Deferred[None]] = []
        self._beginning: list[Deferred[None]] = []
        self._readers = 0
        self._pieces = FairShare(*_PIECES)

    async def fetch(self, upstream: Upstream) -> MeasuredFile:
        """Take the file, verify it, keep it; or see another process of this host do that.

        :raises reqpi.core.errors.UpstreamTrouble: it could not be had, or is not what it was said to be.
        :raises reqpi.core.errors.StoreTrouble: it cannot be kept.
        """
        try:
            measured = await self._arrived(upstream)
        except Exception as error:
            self._failure = error
            raise
        else:
            self.size = measured.size
            self.landed = measured
            return measured
        finally:
            self._progress()
            _fire(self._beginning)
            _fire(self._settling)
            await self._let_go()

    async def _arrived(self, upstream: Upstream) -> MeasuredFile:
        for _ in range(_CLAIMS):
            incoming = await (self._store.begin() if self._name is None else self._store.claim(self._name))
            if incoming is not None:
                self._incoming = incoming
                return await self._meanwhile() or await self._fetched(upstream, incoming)
            following = await self._store.follow(str(self._name))
            if following is not None:
                self._incoming = following
                return await self._followed(following)
        raise UpstreamTrouble(f"{self.file.filename} is fetched again and again", "Ask again in a moment.")

    async def _fetched(self, upstream: Upstream, incoming: Incoming) -> MeasuredFile:
        await self._take(upstream, incoming)
        measured = self._verified(incoming.size)
        await incoming.keep(measured.sha256)
        return measured

    async def _followed(self, following: Following) -> MeasuredFile:
        """See another process fetch it."""
        while await following.look():
            self.size = self.size if following.expected is None else following.expected
            self._progress()
            await self._sleep(_LOOK)
        measured = await self._meanwhile()
        if measured is None:
            # Those who were given some of it cannot be given the rest of what another attempt brings.
            raise UpstreamTrouble(f"{self.file.filename} did not come", "Another process gave it up. Ask again.")
        return measured

    async def _meanwhile(self) -> MeasuredFile | None:
        """What another process has kept since it was looked for. It has verified it."""
        size = None if self._name is None else await self._store.size(str(self.file.sha256))
        return None if size is None else MeasuredFile(frozenset({Digest("sha256", str(self.file.sha256))}), size)

    async def begun(self, patience: float) -> int:
        """Wait until the file is here, or the first bytes of one that is large or has been on its way for so long.

        :param patience: seconds.
        :returns: its size in bytes.
        :raises reqpi.core.errors.UpstreamTrouble: it failed, or nothing of it may be had after ``patience`` seconds.
        """
        came = self._clock.seconds()
        while not (self._settled or self._flows) and await self._woken(self._beginning, self._began + patience):
            pass
        while not self._settled and self._free <= 0 and await self._woken(self._watchers, came + patience):
            pass
        if self._failure is not None:
            raise _again(self._failure)
        if self.size is None or (self.landed is None and self._free <= 0):
            raise UpstreamTrouble(f"{self.file.filename} is still on its way", "Ask again in a moment.")
        return self.size

    async def landing(self) -> int:
        """Wait until the file is here, or raise why it is not.

        :returns: its size in bytes.
        """
        while not self._settled:
            await self._woken(self._settling)
        if self._failure is not None or self.landed is None:
            raise _again(self._failure or UpstreamTrouble(f"{self.file.filename} did not come"))
        return self.landed.size

    @property
    def received(self) -> int:
        """Bytes that have come so far."""
        return 0 if self._incoming is None else self._incoming.size

    async def read(self, start: int, stop: int) -> AsyncGenerator[bytes, None]:
        """The bytes from ``start`` up to ``stop`` as they come.

        :raises reqpi.core.errors.UpstreamTrouble: the file turned out to be wrong, or cannot be had to its end.
        """
        self._readers += 1
        try:
            with self._pieces.reader():
                while start < stop and self.landed is None:
                    if self._failure is not None:
                        raise _again(self._failure)
                    end = min(stop, self._free, start + self._pieces.size)
                    if end > start and self._incoming is not None:
                        yield await self._incoming.read(start, end)
                        start = end
                    else:
                        await self._woken(self._watchers)
        finally:
            self._readers -= 1
            await self._let_go()
        if start < stop and self.landed is not None:
            async for piece in self._store.read(self.landed.sha256, start, stop):
                yield piece

    @property
    def _settled(self) -> bool:
        return self.landed is not None or self._failure is not None

    @property
    def _flows(self) -> bool:
        """Whether it is large and has begun to come."""
        return (self.size or 0) >= _AT_LENGTH and self._free > 0

    @property
    def _free(self) -> int:
        """Up to where bytes may be given away before the whole is verified."""
        if self.size is None or self._incoming is None:
            return 0
        return min(self._incoming.size, self.size - HELD_BACK)

    async def _take(self, upstream: Upstream, incoming: Incoming) -> None:
        pauses, asked_for = list(_PAUSES), 0.0
        while True:
            await self._sleep(max(pauses.pop(0), asked_for))
            size = incoming.size
            try:
                return await self._drain(await self._opened(upstream, size), incoming)
            except _Changed:
                raise
            except UpstreamTrouble as error:
                if incoming.size - size >= _PROGRESS:
                    pauses = list(_PAUSES[1:])
                if error.final or not pauses:
                    raise
                asked_for = error.pause

    async def _opened(self, upstream: Upstream, start: int) -> Transfer:
        """The file from ``start`` on, wherever it is now: it may have moved since its page was frozen."""
        try:
            return await upstream.open(self._url, start, etag=self._etag)
        except UpstreamTrouble as error:
            moved = await self._moved(upstream) if error.final and not start else None
            if moved is None:
                raise
            self._url = moved
        return await upstream.open(self._url, start)

    async def _moved(self, upstream: Upstream) -> str | None:
        """Another URL that upstream lists the file under now. The digest decides whether it is the file."""
        if self.file.source is not None or self._url != self.file.url:
            return None
        try:
            page = await upstream.page(self.file.project, self.file.index)
        except UpstreamTrouble:
            return None
        now = page.by_filename.get(self.file.filename)
        if now is None or now.url == self._url or now.sha256 not in (None, self.file.sha256):
            return None
        return now.url

    async def _drain(self, transfer: Transfer, incoming: Incoming) -> None:
        """Write what comes; what a server that does no ranges sends again is passed over."""
        try:
            if incoming.size and None not in (self._etag, transfer.etag) and transfer.etag != self._etag:
                raise _Changed(f"{self.file.filename} changed while it was fetched", "Ask again in a moment.")
            self._etag = transfer.etag
            if transfer.start > incoming.size:
                raise UpstreamTrouble(f"the upstream left out bytes of {self.file.filename}")
            again = incoming.size - transfer.start
            if transfer.size is not None:
                self._expect(transfer.size, incoming)
                await incoming.expect(transfer.size)
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

    def _expect(self, size: int, incoming: Incoming) -> None:
        """Believe the length that comes with the first bytes over what a page said, since the digest decides."""
        if size > LARGEST:
            detail = f"It would be {size} bytes long; {LARGEST} are taken. Nothing of it was."
            raise UpstreamTrouble(f"{self.file.filename} is too long", detail, final=True)
        if incoming.size and size != self.size:
            detail = f"{size} bytes, not {self.size}."
            raise UpstreamTrouble(f"{self.file.filename} has another length upstream", detail, final=True)
        self.size = size
        self._progress()

    async def _append(self, data: bytes, incoming: Incoming) -> None:
        size = incoming.size + len(data)
        if size > (_LARGEST_UNSAID if self.size is None else self.size):
            title = f"the upstream sent too much of {self.file.filename}"
            raise UpstreamTrouble(title, "It was thrown away.", final=True)
        self._hurry(size)
        if len(data) < _IN_THREAD:
            self._hash(data)
            await incoming.write(data)
        else:
            hashing = deferToThread(self._hash, data)
            try:
                await incoming.write(data)
            finally:
                await hashing
        self._progress()

    def _hash(self, data: bytes) -> None:
        for computed in self._hashes.values():
            computed.update(data)

    def _hurry(self, size: int) -> None:
        """Give up what drips: it would hold the file for everybody who asks for it, for ever."""
        elapsed = self._clock.seconds() - self._began
        if size < (elapsed - _HEAD_START) * _SLOWEST:
            detail = f"{size} bytes in {elapsed:.0f} s."
            raise TooSlow(f"{self.file.filename} comes too slowly", detail)

    def _verified(self, size: int) -> MeasuredFile:
        digests = {name: Digest(name, computed.hexdigest()) for name, computed in self._hashes.items()}
        for expected in sorted(self.file.digests):
            if digests[expected.algorithm] != expected:
                raise DigestMismatch(self.file.filename, expected, digests[expected.algorithm])
        return MeasuredFile(frozenset(digests.values()), size)

    async def _let_go(self) -> None:
        if self._settled and not self._readers and self._incoming is not None:
            await self._incoming.discard()

    async def _woken(self, waiting: list[Deferred[None]], until: float | None = None) -> bool:
        """Wait among those who are woken when something happens.

        :param until: when to give up, on the clock; ``None``: never.
        :returns: whether something did.
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

    def _progress(self) -> None:
        _fire(self._watchers)
        if self._flows:
            _fire(self._beginning)

    async def _sleep(self, seconds: float) -> None:
        if seconds:
            await deferLater(self._clock, seconds)


class TooSlow(UpstreamTrouble):
    """A file drips."""

    final = True


class _Changed(UpstreamTrouble):
    """What came so far, and may have been given away, belongs to another file than what is there now."""


def _again(error: Exception) -> Exception:
    """An error that one coroutine raised, for another to raise."""
    return error.again() if isinstance(error, ReqPIError) else error


def _fire(waiting: list[Deferred[None]]) -> None:
    """Wake all who wait, and forget them."""
    woken = waiting[:]
    waiting.clear()
    for one in woken:
        one.callback(None)
