"""The fetch of one file: resumed where the upstream broke off, bounded, and verified before it is stored."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection

from attrs import evolve, frozen
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from reqpi.core.errors import DigestMismatch, UpstreamTrouble
from reqpi.core.interfaces import FileSource, Incoming, Transfer
from reqpi.core.model import Digest, File
from reqpi.runtime.offload import HASHED_PIECE

__all__ = ["LARGEST", "Fetch", "Keeps", "MeasuredFile", "SentShort", "TooLong", "TooSlow", "checked"]

LARGEST = 16 << 30
"""Bytes of a file, at most, unless the operator specifies another number."""

_LARGEST_UNSAID = 1 << 32
"""Bytes of a file, at most, all the more if neither a page nor the response gives its length."""

_SLOWEST = 8192
"""Bytes a second, on average, that a download must reach after its first :data:`_HEAD_START` seconds."""

_HEAD_START = 120.0
"""Seconds."""

_PAUSES = (0.0, 0.5, 1.0, 2.0)
"""Seconds before each attempt to fetch a file, or the missing part of it."""

_PROGRESS = 1 << 20
"""Bytes. After an attempt that brought so many, the next counts as the second: large downloads may break off often."""


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

    def added_to(self, file: File) -> File:
        """Return a file with these digests and this size, as one that was measured."""
        return evolve(file, digests=self.digests, size=self.size, measured=True)


Keeps = Callable[[MeasuredFile], bool]
"""A decision whether a file is stored, once it was measured."""


class Fetch:
    """One fetch.

    :param file: the file; each of its digests must hold.
    :param clock: measures the pauses between attempts, and the speed.
    :param on_progress: called with the size of the file, in bytes, as far as it is known, whenever that or the number
        of received bytes has changed.
    :param algorithms: the names of the digests to compute.
    :param largest: bytes of the file, at most.
    :param keeps: whether to store a file with these digests; ``None``: every file is stored.
    """

    def __init__(
        self,
        file: File,
        clock: IReactorTime,
        on_progress: Callable[[int | None], None],
        algorithms: Collection[str] = ("sha256",),
        keeps: Keeps | None = None,
        *,
        largest: int = LARGEST,
    ) -> None:
        self._file = file
        self.size = file.size
        self._clock = clock
        self._began = clock.seconds()
        self._on_progress = on_progress
        self._keeps = keeps
        self._largest = largest
        self._url = file.url
        self._etag: str | None = None
        self._hashes = {name: hashlib.new(name) for name in {*algorithms, *(d.algorithm for d in file.digests)}}

    async def run(self, upstream: FileSource, incoming: Incoming) -> MeasuredFile:
        """Fetch the file, verify it, and store it unless it is not to be kept.

        :raises reqpi.core.errors.UpstreamTrouble: it could not be obtained, or differs from what was claimed.
        :raises reqpi.core.errors.StoreTrouble: it cannot be stored.
        """
        await self._take(upstream, incoming)
        measured = self._verified(incoming.size)
        if self._keeps is None or self._keeps(measured):
            await incoming.keep(measured.sha256)
        return measured

    async def _take(self, upstream: FileSource, incoming: Incoming) -> None:
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

    async def _opened(self, upstream: FileSource, start: int) -> Transfer:
        """Open the file at ``start``, from its current URL: it may have moved since its page was frozen."""
        try:
            return await upstream.open(self._url, start, etag=self._etag, index=self._file.index)
        except UpstreamTrouble as error:
            moved = await self._moved(upstream) if error.final and not start else None
            if moved is None:
                raise
            self._url = moved
        return await upstream.open(self._url, start, index=self._file.index)

    async def _moved(self, upstream: FileSource) -> str | None:
        """Return another URL under which the upstream lists the file now. The digest decides whether it is the file."""
        if self._file.source is not None or self._url != self._file.url:
            return None
        try:
            page = await upstream.page(self._file.project, self._file.index)
        except UpstreamTrouble:
            return None
        now = page.by_filename.get(self._file.filename)
        if now is None or now.downgraded or now.url == self._url or now.sha256 not in (None, self._file.sha256):
            return None
        return now.url

    async def _drain(self, transfer: Transfer, incoming: Incoming) -> None:
        """Write the bytes that arrive, skipping those that a server without range support sends again."""
        try:
            if incoming.size and None not in (self._etag, transfer.etag) and transfer.etag != self._etag:
                raise _Changed(f"{self._file.filename} changed while it was fetched", "Ask again in a moment.")
            self._etag = transfer.etag
            if transfer.start > incoming.size:
                raise UpstreamTrouble(f"the upstream skipped bytes of {self._file.filename}")
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
            raise SentShort(
                f"the upstream sent {self._file.filename} short", f"{incoming.size} of {self.size} bytes arrived."
            )

    def _expect(self, size: int, incoming: Incoming) -> None:
        """Prefer the length in the response to the one on a page; the digest decides in the end."""
        if size > self._largest:
            detail = f"It has {size} bytes; at most {self._largest} are accepted (--max-file). Nothing was downloaded."
            raise TooLong(f"{self._file.filename} is too long", detail)
        if incoming.size and size != self.size and self.size is not None:
            detail = f"It has {size} bytes now, not {self.size}."
            raise UpstreamTrouble(f"{self._file.filename} has another length upstream", detail, final=True)
        self.size = size
        self._on_progress(self.size)

    async def _append(self, data: bytes, incoming: Incoming) -> None:
        size = incoming.size + len(data)
        if size > self._largest:
            raise TooLong(
                f"{self._file.filename} is too long", f"At most {self._largest} bytes are accepted (--max-file)."
            )
        if size > (_LARGEST_UNSAID if self.size is None else self.size):
            title = f"the upstream sent too much of {self._file.filename}"
            raise UpstreamTrouble(title, "It was discarded.", final=True)
        self._hurry(size)
        hashing = HASHED_PIECE.run(len(data), self._hash, data)
        try:
            await incoming.write(data)
        finally:
            await hashing
        self._on_progress(self.size)

    def _hash(self, data: bytes) -> None:
        for computed in self._hashes.values():
            computed.update(data)

    def _hurry(self, size: int) -> None:
        """Give up a download that is too slow: it would block the file for all clients, forever."""
        elapsed = self._clock.seconds() - self._began
        if size < (elapsed - _HEAD_START) * _SLOWEST:
            detail = f"{size} bytes arrived in {elapsed:.0f} s."
            raise TooSlow(f"{self._file.filename} comes too slowly", detail)

    def _verified(self, size: int) -> MeasuredFile:
        digests = frozenset(Digest(name, computed.hexdigest()) for name, computed in self._hashes.items())
        return checked(self._file, MeasuredFile(digests, size))

    async def _sleep(self, seconds: float) -> None:
        if seconds:
            await deferLater(self._clock, seconds)


def checked(file: File, measured: MeasuredFile) -> MeasuredFile:
    """Return what was measured.

    :raises reqpi.core.errors.DigestMismatch: the file was claimed to have another digest.
    """
    computed = {digest.algorithm: digest for digest in measured.digests}
    for expected in sorted(file.digests):
        if computed[expected.algorithm] != expected:
            raise DigestMismatch(file.filename, expected, computed[expected.algorithm])
    return measured


class SentShort(UpstreamTrouble):
    """A file ended before its length."""


class TooLong(UpstreamTrouble):
    """A file has more bytes than the operator accepts."""

    final = True


class TooSlow(UpstreamTrouble):
    """A file is sent too slowly to wait for it."""

    final = True


class _Changed(UpstreamTrouble):
    """The file changed upstream: bytes that were received, and may have been sent on, belong to another file."""
