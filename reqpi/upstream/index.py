"""The pages of a package index (:pep:`503`, :pep:`691`)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import partial

from attrs import frozen
from packaging.version import Version
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.web.iweb import IResponse

from reqpi.core import simple
from reqpi.core.errors import UpstreamTrouble, WrongPage
from reqpi.core.model import Digest, Page, Project
from reqpi.core.simple import Packed
from reqpi.runtime.offload import INDEX_ENTRIES, INDEX_PAGE
from reqpi.runtime.singleflight import SingleFlight
from reqpi.upstream.allowed.permits import Permit
from reqpi.upstream.allowed.urls import host_of
from reqpi.upstream.http import gzip as coding
from reqpi.upstream.http.client import HttpClient, RetryAfter, header
from reqpi.upstream.page_cache import CachedPage, PageCache

__all__ = ["UpstreamIndex"]

_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"

_ENDED = re.compile(rb"(?:</html>|</body>|\})\s*\Z", re.IGNORECASE)
"""The end of a whole page, for one that arrives without a length."""

_HTML_TITLE = re.compile(rb"<title[^>]{0,200}>\s{0,200}([^<\s][^<]{0,200})", re.IGNORECASE)

_TITLE_WITHIN = 1 << 14
"""Bytes at the beginning of a page in which a title is looked for."""

_LARGEST_PAGE = 64 << 20
"""The most bytes of a project page, both encoded and decoded. The largest on the public index has some 10 MiB."""

_LONGEST_PAGE = 300.0
"""The most seconds that a page may take to arrive."""

_PAUSES = (0.3, 1.0)
"""Seconds before each further attempt to get a page; longer if the upstream specifies it."""


class UpstreamIndex:
    """The index at one URL.

    :param url: as for pip's ``--index-url``, without a user and password.
    :param clock: for pauses and the age of cached pages.
    :param pages: the page cache, shared with other indexes.
    :param permit: what requests for its pages may use.
    """

    def __init__(self, url: str, http: HttpClient, clock: IReactorTime, pages: PageCache, permit: Permit) -> None:
        self.name = url.rstrip("/")
        self._http = http
        self._clock = clock
        self._pages = pages
        self._permit = permit
        self._in_flight: SingleFlight[Packed] = SingleFlight(cancel_unawaited=True)

    async def page(
        self, project: Project, versions: Collection[Version] | None = None, digests: Collection[Digest] = ()
    ) -> Page:
        """See :meth:`reqpi.core.interfaces.Upstream.page`."""
        cached = self._pages.get(self.name, project)
        known = None if cached is None else await _parsed(cached.listing, versions)
        if known is not None and not {file.version for file in known.files}.issuperset(versions or ()):
            # The version may just have been released. A cached page must not make it look missing, nor must an upstream
            # that, rightly or wrongly, answers that the cached page is still valid.
            self._pages.put(self.name, project, None)
            known = None
        if cached is not None and known is not None and self._clock.seconds() < cached.until and _has(known, digests):
            return known
        listing = await self._in_flight.do(project, partial(self._revalidated, project))
        if cached is not None and known is not None and listing is cached.listing:
            return known
        return await _parsed(listing, versions)

    async def _revalidated(self, project: Project) -> Packed:
        """Return what the upstream lists now: the page that it sends, or the cached page if that is still valid."""
        cached = self._pages.get(self.name, project)
        url = f"{self.name}/{project}/"
        sent = await self._sent(url, {} if cached is None else cached.validators)
        if cached is not None and sent.unchanged:
            if sent.url == cached.url:
                self._pages.put(self.name, project, cached.again(sent.response, self._clock.seconds()))
                return cached.listing
            # The page has moved, and at its new place the validator may belong to another page.
            sent = await self._sent(url, {})
        listing = await INDEX_PAGE.run(sent.amount, _packed, sent, project)
        self._pages.put(self.name, project, CachedPage.of(listing, sent.url, sent.response, self._clock.seconds()))
        return listing

    async def _sent(self, url: str, validators: Mapping[str, str]) -> _Sent:
        for pause in _PAUSES:
            try:
                return await self._sent_once(url, validators)
            except UpstreamTrouble as error:
                if error.final:
                    raise
                wanted = max(pause, error.pause) if isinstance(error, RetryAfter) else pause
            await deferLater(self._clock, wanted)
        return await self._sent_once(url, validators)

    async def _sent_once(self, url: str, validators: Mapping[str, str]) -> _Sent:
        headers = {"Accept": _ACCEPT, "Accept-Encoding": coding.ACCEPTED, **validators}
        final, response, body = await self._http.get(url, headers, permit=self._permit)
        data = await body.whole(_LARGEST_PAGE, _LONGEST_PAGE)
        sent = _Sent(final, response, data)
        if body.unsure and not (sent.coding or sent.unchanged) and not _ENDED.search(data[-200:]):
            # Files missing from the page would stay invisible forever. Compressed data marks its own end.
            raise UpstreamTrouble("the page may be incomplete", "The upstream did not send the length of its page.")
        return sent


@frozen
class _Sent:
    """A page as the upstream sent it.

    :param url: of the page, after redirects.
    """

    url: str
    response: IResponse
    data: bytes

    @property
    def unchanged(self) -> bool:
        """Whether the cached page is still valid."""
        return int(self.response.code) == 304

    @property
    def coding(self) -> str:
        return header(self.response, "Content-Encoding")

    @property
    def amount(self) -> int:
        """Bytes to parse. Encoded data always count as too many for the reactor's thread: any number may come out."""
        return max(len(self.data), INDEX_PAGE.inline + 1) if self.coding else len(self.data)


def _packed(sent: _Sent, project: Project) -> Packed:
    data, kind = coding.decode(sent.data, sent.coding, _LARGEST_PAGE), header(sent.response, "Content-Type")
    try:
        return Packed(simple.read_listing(data, kind, sent.url, project))
    except WrongPage as wrong:
        raise WrongPage(wrong.title, f"{wrong.detail} {_description(sent.url, kind, data)}") from wrong


def _description(url: str, kind: str, data: bytes) -> str:
    """Describe what an upstream sent instead of a page."""
    titled = _HTML_TITLE.search(data[:_TITLE_WITHIN])
    what = f"entitled {_plain(titled[1])}" if titled else f"that begin with {_plain(data[:40])}" if data else "of body"
    return f"{host_of(url)} sent {len(data)} bytes of {kind[:60] or 'no'!r} type, {what}."


def _plain(data: bytes) -> str:
    return ascii(data.decode("utf-8", "replace").strip()[:80])


def _has(page: Page, digests: Collection[Digest]) -> bool:
    """Return whether a page has all wanted files. A release may get more files for days, and a lock may pin those."""
    wanted = {digest for digest in digests if digest.algorithm == "sha256"}
    return not wanted or wanted <= {digest for file in page.files for digest in file.digests}


async def _parsed(listing: Packed, versions: Collection[Version] | None) -> Page:
    return await INDEX_ENTRIES.run(listing.work(versions), listing.page, versions)
