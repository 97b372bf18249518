"""All in-flight downloads: callers that want the same file share one, and failures are remembered for a while."""

from __future__ import annotations

import hashlib
from functools import partial

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from reqpi.core.errors import UpstreamTrouble
from reqpi.core.interfaces import FileSource, Store
from reqpi.core.model import ALGORITHMS, Digest, File
from reqpi.runtime.lru import LruCache
from reqpi.runtime.singleflight import SingleFlight
from reqpi.shelf.files.download import Download
from reqpi.shelf.files.fetch import MeasuredFile, TooSlow
from reqpi.shelf.files.measurements import Measurements
from reqpi.shelf.files.verified_blobs import VerifiedBlobs

__all__ = ["Downloads"]

_REMEMBERED = 2.0
"""Seconds for which a failure that a new attempt would only repeat is remembered: uv gives up after four attempts."""

_SLOW_REMEMBERED = 60.0
"""The same for a file that is sent too slowly: pip would resume it for as long again, five times."""


class Downloads:
    """All in-flight downloads of this process.

    Two listings of a file share a download only if they are of the same index and claim the same URL, size and digests:
    otherwise a wrong listing would spoil the download of the other, or would get what another index's login gets.

    :ivar blobs: the blobs of the store, each verified before it is used.
    :ivar measurements: the digests of stored files that this process has computed.
    """

    _log = Logger()

    def __init__(self, store: Store, upstream: FileSource, clock: IReactorTime) -> None:
        self._store = store
        self.blobs = VerifiedBlobs(store)
        self.measurements = Measurements(self.blobs)
        self._upstream = upstream
        self._clock = clock
        self._under_way: dict[_Key, Download] = {}
        self._measuring: SingleFlight[MeasuredFile] = SingleFlight()
        self._failed: LruCache[_Key, tuple[UpstreamTrouble, float]] = LruCache(_FAILURES)

    def of(self, file: File) -> Download:
        """Return the in-flight download of ``file``, whose sha256 is known; start one if there is none.

        :raises reqpi.core.errors.UpstreamTrouble: it failed a moment ago in a way that a new attempt would only repeat.
        """
        key = _key(file)
        self._recall(key)
        download = self._under_way.get(key)
        if download is None:
            whole = (file.url, file.index, file.size, sorted(file.digests))
            name = hashlib.sha256(repr(whole).encode()).hexdigest()
            download = self._under_way[key] = Download(file, self._store, self._clock, name=name, blobs=self.blobs)
            fetched = Deferred.fromCoroutine(download.fetch(self._upstream))
            fetched.addErrback(self._missed, file).addBoth(lambda _: self._under_way.pop(key))
        return download

    def received(self, file: File) -> int:
        """Return how many bytes of a file have been received; 0 if its download is not in flight."""
        download = self._under_way.get(_key(file))
        return 0 if download is None else download.received

    async def measure(self, file: File) -> MeasuredFile:
        """Fetch and store a file about which the upstream claims too little; return its computed digests and size.

        The digests that the upstream does claim must hold.
        """
        key = _key(file)
        self._recall(key)
        return await self._measuring.do(key, partial(self._measure, file))

    async def _measure(self, file: File) -> MeasuredFile:
        try:
            measured = await Download(file, self._store, self._clock, ALGORITHMS).fetch(self._upstream)
        except UpstreamTrouble as error:
            self._remember(file, error)
            raise
        self.measurements.note(measured.sha256, measured.digests)
        return measured

    def _missed(self, failure: Failure, file: File) -> None:
        reason = failure.getErrorMessage()
        self._log.warn("{filename} could not be fetched: {reason}", filename=file.filename, reason=reason)
        if isinstance(failure.value, UpstreamTrouble):
            self._remember(file, failure.value)

    def _remember(self, file: File, error: UpstreamTrouble) -> None:
        if error.final:
            self._failed.put(_key(file), (error, self._clock.seconds()), 1)

    def _recall(self, key: _Key) -> None:
        error, when = self._failed.get(key) or (None, 0.0)
        lasts = _SLOW_REMEMBERED if isinstance(error, TooSlow) else _REMEMBERED
        if error is not None and self._clock.seconds() - when < lasts:
            raise error.again()


_Key = tuple[str, str, int | None, frozenset[Digest]]

_FAILURES = 1000


def _key(file: File) -> _Key:
    return file.url, file.index, file.size, file.digests
