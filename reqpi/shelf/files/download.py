"""A download of a file from an upstream into the store: fetched once, verified, readable while it grows.

However many clients want a file, the upstream is asked for it once. Each client is sent the bytes as they arrive,
except for the last :data:`HELD_BACK` bytes, which are held until the digest of the whole is verified: wrong bytes are
never delivered as a whole file, and never stored.
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
"""Bytes at the end of a file that no reader gets before the digest of the whole is verified."""

LARGEST = 1 << 36
"""Bytes of a file, at most: an endless response must be cut off somewhere."""

_LARGEST_UNSAID = 1 << 32
"""Bytes of a file, at most, if neither a page nor the response gives its length."""

_SLOWEST = 8192
"""Bytes a second, on average, that a download must reach after its first :data:`_HEAD_START` seconds."""

_HEAD_START = 120.0
"""Seconds."""

_PAUSES = (0.0, 0.5, 1.0, 2.0)
"""Seconds before each attempt to fetch a file, or the missing part of it."""

_PROGRESS = 1 << 20
"""Bytes. After an attempt that brought so many, the next counts as the second: large downloads may break off often."""

_PIECES = (1 << 14, 1 << 20, 1 << 25)
"""Bytes that readers get at a time: one reader at least, one at most, and all of them together."""

_AT_LENGTH = 1 << 22
"""Size in bytes from which a file is sent while it is fetched. A smaller one is fetched soon, and its readers wait for
it: if it is wrong, they can be sent an error in place of it."""

_IN_THREAD = 1 << 17
"""Bytes from which hashing them, while they are written, is worth a thread: 0.1 ms."""

_LOOK = 0.05
"""Seconds between two checks of a download by another process."""

_CLAIMS = 20
"""Attempts to claim a download. One fails only if another process begins and ends in the same instant."""


@frozen
class MeasuredFile:
    """The digests and the size computed from the bytes of a file.

    :param digests: one for each requested algorithm of :data:`reqpi.core.model.ALGORITHMS`.
    :param size: in bytes.
    """

    digests: frozenset[Digest]
    size: int

    @property
    def sha256(self) -> str:
        """The digest that the file is stored under, in lower-case hex."""
        return next(digest.hex for digest in self.digests if digest.algorithm == "sha256")


class Download:
    """One download.

    :param file: the file; each of its digests must hold.
    :param algorithms: the names of the digests to compute.
    :param name: the name under which the processes of this host share the download: one fetches, the others follow.
        ``None``: it is not shared.
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
        self.measured: MeasuredFile | None = None
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
        """Fetch, verify and store the file, or follow another process of this host that does so.

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
            await self._let_go()

    async def _obtained(self, upstream: Upstream) -> MeasuredFile:
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
        """Follow another process that fetches the file."""
        while await following.look():
            self.size = self.size if following.expected is None else following.expected
            self._progress()
            await self._sleep(_LOOK)
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
        :raises reqpi.core.errors.UpstreamTrouble: the download failed, or no byte may be read after ``patience``
            seconds.
        """
        came = self._clock.seconds()
        while not (self._settled or self._flows) and await self._woken(self._beginning, self._began + patience):
            pass
        while not self._settled and self._free <= 0 and await self._woken(self._watchers, came + patience):
            pass
        if self._failure is not None:
            raise _again(self._failure)
        if self.size is None or (self.measured is None and self._free <= 0):
            raise UpstreamTrouble(f"{self.file.filename} is still on its way", "Ask again in a moment.")
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

    @property
    def received(self) -> int:
        """The number of bytes received so far."""
        return 0 if self._incoming is None else self._incoming.size

    async def read(self, start: int, stop: int) -> AsyncGenerator[bytes, None]:
        """Yield the bytes from ``start`` up to ``stop`` as they arrive.

        :raises reqpi.core.errors.UpstreamTrouble: the file turned out to be wrong, or its end cannot be obtained.
        """
        self._readers += 1
        try:
            with self._pieces.reader():
                while start < stop and self.measured is None:
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
        if start < stop and self.measured is not None:
            async for piece in self._store.read(self.measured.sha256, start, stop):
                yield piece

    @property
    def _settled(self) -> bool:
        return self.measured is not None or self._failure is not None

    @property
    def _flows(self) -> bool:
        """Whether the file is large and its first bytes may be read."""
        return (self.size or 0) >= _AT_LENGTH and self._free > 0

    @property
    def _free(self) -> int:
        """The offset up to which bytes may be read before the whole is verified."""
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
        """Open the file at ``start``, from its current URL: it may have moved since its page was frozen."""
        try:
            return await upstream.open(self._url, start, etag=self._etag)
        except UpstreamTrouble as error:
            moved = await self._moved(upstream) if error.final and not start else None
            if moved is None:
                raise
            self._url = moved
        return await upstream.open(self._url, start)

    async def _moved(self, upstream: Upstream) -> str | None:
        """Return another URL under which the upstream lists the file now. The digest decides whether it is the file."""
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
        """Write the bytes that arrive, skipping those that a server without range support sends again."""
        try:
            if incoming.size and None not in (self._etag, transfer.etag) and transfer.etag != self._etag:
                raise _Changed(f"{self.file.filename} changed while it was fetched", "Ask again in a moment.")
            self._etag = transfer.etag
            if transfer.start > incoming.size:
                raise UpstreamTrouble(f"the upstream skipped bytes of {self.file.filename}")
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
                f"the upstream sent {self.file.filename} short", f"{incoming.size} of {self.size} bytes arrived."
            )

    def _expect(self, size: int, incoming: Incoming) -> None:
        """Prefer the length in the response to the one on a page; the digest decides in the end."""
        if size > LARGEST:
            detail = f"It has {size} bytes; at most {LARGEST} are accepted. Nothing was downloaded."
            raise UpstreamTrouble(f"{self.file.filename} is too long", detail, final=True)
        if incoming.size and size != self.size:
            detail = f"It has {size} bytes now, not {self.size}."
            raise UpstreamTrouble(f"{self.file.filename} has another length upstream", detail, final=True)
        self.size = size
        self._progress()

    async def _append(self, data: bytes, incoming: Incoming) -> None:
        size = incoming.size + len(data)
        if size > (_LARGEST_UNSAID if self.size is None else self.size):
            title = f"the upstream sent too much of {self.file.filename}"
            raise UpstreamTrouble(title, "It was discarded.", final=True)
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
        """Give up a download that is too slow: it would block the file for all clients, forever."""
        elapsed = self._clock.seconds() - self._began
        if size < (elapsed - _HEAD_START) * _SLOWEST:
            detail = f"{size} bytes arrived in {elapsed:.0f} s."
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

    def _progress(self) -> None:
        _fire(self._watchers)
        if self._flows:
            _fire(self._beginning)

    async def _sleep(self, seconds: float) -> None:
        if seconds:
            await deferLater(self._clock, seconds)


class TooSlow(UpstreamTrouble):
    """A file is sent too slowly to wait for it."""

    final = True


class _Changed(UpstreamTrouble):
    """The file changed upstream: bytes that were received, and may have been sent on, belong to another file."""


def _again(error: Exception) -> Exception:
    """Return a copy of an error that one coroutine raised, for another one to raise."""
    return error.again() if isinstance(error, ReqPIError) else error


def _fire(waiting: list[Deferred[None]]) -> None:
    """Wake all waiters and clear the list."""
    woken = waiting[:]
    waiting.clear()
    for one in woken:
        one.callback(None)
