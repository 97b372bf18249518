"""All in-flight downloads: callers that want the same file share one, and failures are remembered for a while."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from reqpi.core.errors import DigestMismatch, OverQuota, StoreTrouble, UpstreamTrouble
from reqpi.core.interfaces import FileSource, Store
from reqpi.core.model import ALGORITHMS, Digest, File
from reqpi.runtime.counts import ServerCounts
from reqpi.runtime.fair_turns import FairTurns
from reqpi.runtime.lru import LruCache
from reqpi.runtime.on_behalf import requester
from reqpi.runtime.singleflight import SingleFlight
from reqpi.shelf.files.download import Download
from reqpi.shelf.files.fetch import LARGEST, Keeps, MeasuredFile, SentShort, TooLong, TooSlow, checked
from reqpi.shelf.files.measurements import Measurements
from reqpi.shelf.files.verified_blobs import VerifiedBlobs

__all__ = ["Downloads"]

_T = TypeVar("_T")

_REMEMBERED = 2.0
"""Seconds for which a failure that a new attempt would only repeat is remembered: uv gives up after four attempts."""

_SLOW_REMEMBERED = 60.0
"""The same for a file that is sent too slowly: pip would resume it for as long again, five times."""

_MEASURED = 600.0
"""Seconds for which it is remembered what was measured behind a URL that is listed without a sha256: no longer than a
page of an upstream counts as fresh."""

_MEASURED_FILES = 10_000

_AT_ONCE = 8
"""Files that are measured concurrently: each takes room until it is known whether it is kept."""

_EACH = 6
"""Those of one client, at most."""


class Downloads:
    """All in-flight downloads of this process.

    Two listings of a file share a download only if they are of the same index and claim the same URL, size and digests:
    otherwise a wrong listing would spoil the download of the other, or would get what another index's login gets.

    :param largest: bytes of a file, at most.
    :param counts: counts how each download ends.

    :ivar blobs: the blobs of the store, each verified before it is used.
    :ivar measurements: the digests of stored files that this process has computed.
    """

    _log = Logger()

    def __init__(
        self,
        store: Store,
        upstream: FileSource,
        clock: IReactorTime,
        *,
        largest: int = LARGEST,
        counts: ServerCounts | None = None,
    ) -> None:
        self._store = store
        self._counts = counts or ServerCounts()
        self.blobs = VerifiedBlobs(store, self._counts)
        self.measurements = Measurements(self.blobs)
        self._upstream = upstream
        self._clock = clock
        self._largest = largest
        self._under_way: dict[_Key, Download] = {}
        self._measuring: SingleFlight[MeasuredFile] = SingleFlight()
        self._measured: LruCache[_Key, tuple[MeasuredFile, float]] = LruCache(_MEASURED_FILES)
        self._turns = FairTurns(_AT_ONCE, each=_EACH)
        self._failed: LruCache[_Key, tuple[UpstreamTrouble, float]] = LruCache(_FAILURES)

    def of(self, file: File) -> Download:
        """Return the in-flight download of ``file``, whose sha256 is known; start one if there is none.

        :raises reqpi.core.errors.UpstreamTrouble: it failed a moment ago in a way that a new attempt would only repeat.
        """
        key = _key(file)
        self._recall(key)
        download = self._joined(file)
        if download is None:
            whole = (file.url, file.index, file.size, sorted(file.digests))
            name = hashlib.sha256(repr(whole).encode()).hexdigest()
            download = self._under_way[key] = self._download(file, name=name, blobs=self.blobs)
            fetched = Deferred.fromCoroutine(self._fetched(download))
            fetched.addErrback(self._missed, file).addBoth(lambda _: self._forget(key, download))
        else:
            self._counts.download("shared")
        return download

    async def begun(self, file: File, patience: float) -> tuple[Download, int]:
        """Return the in-flight download of a file once it can be read, and its size; see :meth:`Download.begun`."""
        until = self._clock.seconds() + patience

        async def begun(download: Download) -> tuple[Download, int]:
            return download, await download.begun(until - self._clock.seconds())

        return await self._outcome_for(file, begun)

    async def finished(self, file: File) -> int:
        """Wait until a file is in the store, and return its size; see :meth:`Download.finished`."""
        return await self._outcome_for(file, Download.finished)

    async def _outcome_for(self, file: File, share: Callable[[Download], Awaitable[_T]]) -> _T:
        """Return what a download gives to one of those who share it.

        The token for whose lock it began is charged with it. If the quota of that one is used up, a caller that has
        joined begins another download, for its own lock.
        """
        while True:
            joins = self._joined(file) is not None
            download = self.of(file)
            try:
                return await share(download)
            except OverQuota:
                if not joins:
                    raise
            await download.ended()

    def is_under_way(self, file: File) -> bool:
        """Return whether a caller would join an in-flight download of a file."""
        return self._joined(file) is not None

    def _joined(self, file: File) -> Download | None:
        """Return the in-flight download that a caller would join."""
        download = self._under_way.get(_key(file))
        return None if download is None or download.has_ended else download

    def _forget(self, key: _Key, download: Download | None) -> None:
        if self._under_way.get(key) is download:
            del self._under_way[key]

    async def _fetched(self, download: Download) -> MeasuredFile:
        """Fetch a file, and count how that ends."""
        try:
            measured = await download.fetch(self._upstream)
        except Exception as error:
            self._counts.download(_outcome(error))
            raise
        self._counts.download(download.outcome, measured.size)
        return measured

    def _download(self, file: File, algorithms: Collection[str] = ("sha256",), **others: Any) -> Download:
        return Download(file, self._store, self._clock, algorithms, largest=self._largest, **others)

    def received(self, file: File) -> int:
        """Return how many bytes of a file have been received; 0 if its download is not in flight."""
        download = self._under_way.get(_key(file))
        return 0 if download is None else download.received

    async def measure(self, file: File, keeps: Keeps | None = None) -> MeasuredFile:
        """Return the computed digests and the size of a file about which the upstream claims too little.

        It is fetched unless the store has it. The digests that the upstream does claim must hold.

        :param keeps: whether to store the file; ``None``: it is in the store afterwards. A file that was measured a
            while ago, or is measured for another caller at the same time, need not be.
        """
        key = _key(file)
        self._recall(key)
        measured = self._measured_lately(file)
        if measured is not None and keeps is not None:
            return measured
        flight = (key, keeps is None)
        while True:
            joins = self._measuring.is_under_way(flight)
            try:
                return await self._measuring.do(flight, partial(self._measure, file, keeps))
            except OverQuota:  # that of the token for whose lock it began
                if not joins:
                    raise

    def _measured_lately(self, file: File) -> MeasuredFile | None:
        """Return what was measured for the same listing. Without a sha256, the file at a URL may be replaced."""
        measured, when = self._measured.get(_key(file)) or (None, 0.0)
        return measured if file.sha256 is not None or self._clock.seconds() - when < _MEASURED else None

    async def _measure(self, file: File, keeps: Keeps | None) -> MeasuredFile:
        return await self._turns.run(requester(), partial(self._stored_or_fetched, file, keeps))

    async def _stored_or_fetched(self, file: File, keeps: Keeps | None) -> MeasuredFile:
        try:
            measured = None if file.sha256 is None else await self._stored(file, str(file.sha256))
            if measured is None:
                measured = await self._fetched(self._download(file, ALGORITHMS, keeps=keeps))
        except UpstreamTrouble as error:
            self._remember(file, error)
            raise
        self.measurements.note(measured.sha256, measured.digests)
        self._measured.put(_key(file), (measured, self._clock.seconds()), 1)
        return measured

    async def _stored(self, file: File, sha256: str) -> MeasuredFile | None:
        """Return what the bytes in the store say about a file; ``None`` if they are not there."""
        with suppress(StoreTrouble):  # a store that is readable but not writable can still serve
            await self._store.touch(sha256)
        identity = await self.blobs.verified(sha256)
        digests = None if identity is None else await self.measurements.of_stored(sha256)
        if identity is None or digests is None:
            return None
        return checked(file, MeasuredFile(digests, identity.size))

    def _missed(self, failure: Failure, file: File) -> None:
        reason = failure.getErrorMessage()
        self._log.warn("{filename} could not be fetched: {reason}", filename=file.filename, reason=reason)
        if isinstance(failure.value, UpstreamTrouble):
            self._remember(file, failure.value)

    def _remember(self, file: File, error: UpstreamTrouble) -> None:
        if isinstance(error, TooLong):
            self._counts.refused("file-bytes")
        if error.final:
            self._failed.put(_key(file), (error, self._clock.seconds()), 1)

    def _recall(self, key: _Key) -> None:
        error, when = self._failed.get(key) or (None, 0.0)
        lasts = _SLOW_REMEMBERED if isinstance(error, TooSlow) else _REMEMBERED
        if error is not None and self._clock.seconds() - when < lasts:
            raise error.again()


_Key = tuple[str, str, int | None, frozenset[Digest]]

_FAILURES = 1000


def _outcome(error: Exception) -> str:
    """Return how a download ended that failed: one of :data:`reqpi.runtime.counts.DOWNLOADS`."""
    if isinstance(error, DigestMismatch):
        return "wrong"
    return "short" if isinstance(error, SentShort) else "failed"


def _key(file: File) -> _Key:
    return file.url, file.index, file.size, file.digests
