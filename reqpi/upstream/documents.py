"""The documents of an index, such as project pages. A cached one is revalidated before it is used again."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Generic, TypeVar

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.web.iweb import IResponse

from reqpi.core.errors import UpstreamTrouble
from reqpi.runtime.offload import INDEX_PAGE
from reqpi.runtime.singleflight import SingleFlight
from reqpi.upstream.allowed.permits import Permit
from reqpi.upstream.http import gzip as coding
from reqpi.upstream.http.client import HttpClient, RetryAfter, header
from reqpi.upstream.page_cache import CachedPage, PageCache, Weighed

__all__ = ["IndexDocuments", "SentDocument"]

_T = TypeVar("_T", bound=Weighed)

_ENDED = re.compile(rb"(?:</html>|</body>|\})\s*\Z", re.IGNORECASE)
"""The end of a whole document, for one that arrives without a length."""

_LARGEST_PAGE = 64 << 20
"""The most bytes of a document, both encoded and decoded. The largest page on the public index has some 10 MiB."""

_LONGEST_PAGE = 300.0
"""The most seconds that a document may take to arrive."""

_PAUSES = (0.3, 1.0)
"""Seconds before each further attempt to get a document; longer if the upstream specifies it."""


@frozen
class SentDocument:
    """A document as the upstream sent it.

    :param url: of the document, after redirects.
    """

    url: str
    response: IResponse
    data: bytes

    @property
    def unchanged(self) -> bool:
        """Whether the cached document is still valid."""
        return int(self.response.code) == 304

    @property
    def coding(self) -> str:
        """The coding of the data; empty if there is none."""
        return header(self.response, "Content-Encoding")

    @property
    def amount(self) -> int:
        """Bytes to parse. Encoded data always count as too many for the reactor's thread: any number may come out."""
        return max(len(self.data), INDEX_PAGE.inline + 1) if self.coding else len(self.data)

    def decoded(self) -> bytes:
        """Return the data without its coding. Call it in a thread if :attr:`amount` is large.

        :raises reqpi.core.errors.WrongPage: it cannot be decoded, or is too large.
        """
        return coding.decode(self.data, self.coding, _LARGEST_PAGE)


class IndexDocuments(Generic[_T]):
    """The documents of the index at one URL.

    :param url: of the index: each has cached documents of its own.
    :param accept: the types of the documents, as a value of ``Accept``.
    :param clock: for pauses and the age of cached documents.
    :param cache: is shared with other indexes.
    :param permit: what requests for the documents may use.
    """

    def __init__(
        self,
        url: str,
        http: HttpClient,
        clock: IReactorTime,
        cache: PageCache[_T],
        permit: Permit,
        *,
        accept: str,
    ) -> None:
        self._index = url
        self._http = http
        self._clock = clock
        self._cache = cache
        self._permit = permit
        self._accept = accept
        self._in_flight: SingleFlight[_T] = SingleFlight(cancel_unawaited=True)

    def cached(self, key: str) -> CachedPage[_T] | None:
        """Return what was received last under ``key``, fresh or not."""
        return self._cache.get(self._index, key)

    def forget(self, key: str) -> None:
        """Forget what was received last under ``key``."""
        self._cache.put(self._index, key, None)

    def is_fresh(self, cached: CachedPage[_T]) -> bool:
        """Return whether the upstream allows to use it without asking."""
        return self._clock.seconds() < cached.until

    def current(self, key: str, url: str, read: Callable[[SentDocument], _T]) -> Deferred[_T]:
        """Return what the upstream has now: the document that it sends, or the cached one if that is still valid.

        :param read: parses a document. A large one is parsed in a thread.
        :raises reqpi.core.errors.NotFound: the upstream has no such document.
        :raises reqpi.core.errors.UpstreamTrouble: it cannot be obtained, or ``read`` raises this.
        """
        return self._in_flight.do(key, partial(self._revalidated, key, url, read))

    async def _revalidated(self, key: str, url: str, read: Callable[[SentDocument], _T]) -> _T:
        cached = self.cached(key)
        sent = await self._sent(url, {} if cached is None else cached.validators)
        if cached is not None and sent.unchanged:
            if sent.url == cached.url:
                self._cache.put(self._index, key, cached.again(sent.response, self._clock.seconds()))
                return cached.listing
            # The document has moved, and at its new place the validator may belong to another document.
            sent = await self._sent(url, {})
        listing = await INDEX_PAGE.run(sent.amount, read, sent)
        self._cache.put(self._index, key, CachedPage.of(listing, sent.url, sent.response, self._clock.seconds()))
        return listing

    async def _sent(self, url: str, validators: Mapping[str, str]) -> SentDocument:
        for pause in _PAUSES:
            try:
                return await self._sent_once(url, validators)
            except UpstreamTrouble as error:
                if error.final:
                    raise
                wanted = max(pause, error.pause) if isinstance(error, RetryAfter) else pause
            await deferLater(self._clock, wanted)
        return await self._sent_once(url, validators)

    async def _sent_once(self, url: str, validators: Mapping[str, str]) -> SentDocument:
        headers = {"Accept": self._accept, "Accept-Encoding": coding.ACCEPTED, **validators}
        final, response, body = await self._http.get(url, headers, permit=self._permit)
        data = await body.whole(_LARGEST_PAGE, _LONGEST_PAGE)
        sent = SentDocument(final, response, data)
        if body.unsure and not (sent.coding or sent.unchanged) and not _ENDED.search(data[-200:]):
            # What is missing from the document would stay invisible forever. Compressed data marks its own end.
            raise UpstreamTrouble("the page may be incomplete", "The upstream did not send the length of its page.")
        return sent
