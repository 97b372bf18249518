"""The pages of a package index (:pep:`503`, :pep:`691`)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import partial

from attrs import frozen
from packaging.version import Version
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.web.iweb import IResponse

from reqpi.core import simple
from reqpi.core.errors import UpstreamTrouble, WrongPage
from reqpi.core.model import Digest, Page, Project
from reqpi.core.simple import Packed
from reqpi.runtime.gc_pause import paused
from reqpi.runtime.singleflight import SingleFlight
from reqpi.upstream.allowed.urls import host_of
from reqpi.upstream.http import gzip as coding
from reqpi.upstream.http.client import HttpClient, RetryAfter, header
from reqpi.upstream.page_cache import CachedPage, PageCache

__all__ = ["UpstreamIndex"]

_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"

_ENDED = re.compile(rb"(?:</html>|</body>|\})\s*\Z", re.IGNORECASE)
"""How a page ends that came without its length and is whole."""

_HTML_TITLE = re.compile(rb"<title[^>]{0,200}>\s{0,200}([^<\s][^<]{0,200})", re.IGNORECASE)

_LARGEST_PAGE = 64 << 20
"""Bytes of a project page, as it is sent and decoded. The largest on the public index has some 10 MiB."""

_LONGEST_PAGE = 300.0
"""Seconds that a page may take to come."""

_LARGE_PAGE = 1 << 14
"""Bytes from which a page is parsed in a thread: 16 KiB take less than 2 ms."""

_HUGE_PAGE = 1 << 18
"""Bytes, coded or not, from which a page has thousands of files."""

_MUCH = 1 << 17
"""Bytes from which what is kept of a page is unpacked in a thread. Those of one version are mostly less: 0.3 ms."""

_PAUSES = (0.3, 1.0)
"""Seconds before a page is asked for again; more where upstream says so."""


class UpstreamIndex:
    """The index at one URL.

    :param url: as pip takes it for ``--index-url``; without a user and password.
    :param http: what asks.
    :param clock: where time passes.
    :param pages: what is kept of it, and of others.
    """

    def __init__(self, url: str, http: HttpClient, clock: IReactorTime, pages: PageCache) -> None:
        self.name = url.rstrip("/")
        self._http = http
        self._clock = clock
        self._pages = pages
        self._asking: SingleFlight[Packed] = SingleFlight(cancel_unawaited=True)

    async def page(
        self, project: Project, versions: Collection[Version] | None = None, digests: Collection[Digest] = ()
    ) -> Page:
        """See :meth:`reqpi.core.interfaces.Upstream.page`."""
        kept = self._pages.get(self.name, project)
        known = None if kept is None else await _judged(kept.listing, versions)
        if known is not None and not {file.version for file in known.files}.issuperset(versions or ()):
            # It may just have been released: nobody is told that it is missing by a page that was there before, nor by
            # an upstream that says of such a page, rightly or wrongly, that it still stands.
            self._pages.put(self.name, project, None)
            known = None
        if kept is not None and known is not None and self._clock.seconds() < kept.until and _has(known, digests):
            return known
        listing = await self._asking.do(project, partial(self._asked, project))
        if kept is not None and known is not None and listing is kept.listing:
            return known
        return await _judged(listing, versions)

    async def _asked(self, project: Project) -> Packed:
        """What upstream lists now: what it sends, or what is kept and still stands."""
        kept = self._pages.get(self.name, project)
        url = f"{self.name}/{project}/"
        sent = await self._sent(url, {} if kept is None else kept.validators)
        if kept is not None and sent.unchanged:
            if sent.url == kept.url:
                self._pages.put(self.name, project, kept.again(sent.response, self._clock.seconds()))
                return kept.listing
            # It has moved, and there that validator may mean another page.
            sent = await self._sent(url, {})
        # Of coded data nobody knows how large it is.
        large = sent.coding or len(sent.data) >= _LARGE_PAGE
        listing = await deferToThread(_packed_apart, sent, project) if large else _packed(sent, project)
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
        final, response, body = await self._http.get(url, headers)
        data = await body.whole(_LARGEST_PAGE, _LONGEST_PAGE)
        sent = _Sent(final, response, data)
        if body.unsure and not (sent.coding or sent.unchanged) and not _ENDED.search(data[-200:]):
            # What is missing of a page would stay invisible for ever. What is packed has an end of its own.
            raise UpstreamTrouble("the upstream may have broken off", "It did not say how long its page is.")
        return sent


@frozen
class _Sent:
    """A page as it is sent.

    :param url: of it, after redirects.
    """

    url: str
    response: IResponse
    data: bytes

    @property
    def unchanged(self) -> bool:
        """What is known of it still stands."""
        return int(self.response.code) == 304

    @property
    def coding(self) -> str:
        return header(self.response, "Content-Encoding")


def _packed(sent: _Sent, project: Project) -> Packed:
    data, kind = coding.decode(sent.data, sent.coding, _LARGEST_PAGE), header(sent.response, "Content-Type")
    try:
        return Packed(simple.read_listing(data, kind, sent.url, project))
    except WrongPage as wrong:
        raise WrongPage(wrong.title, f"{wrong.detail} {_what_came(sent.url, kind, data)}") from wrong


def _what_came(url: str, kind: str, data: bytes) -> str:
    """What an upstream sent in place of a page, for people."""
    titled = _HTML_TITLE.search(data[:_LARGE_PAGE])
    what = f"entitled {_plain(titled[1])}" if titled else f"that begin with {_plain(data[:40])}" if data else "of body"
    return f"{host_of(url)} sent {len(data)} bytes of {kind[:60] or 'no'!r} type, {what}."


def _plain(data: bytes) -> str:
    return ascii(data.decode("utf-8", "replace").strip()[:80])


def _packed_apart(sent: _Sent, project: Project) -> Packed:
    if len(sent.data) < _HUGE_PAGE:
        return _packed(sent, project)
    with paused():
        return _packed(sent, project)


def _has(page: Page, digests: Collection[Digest]) -> bool:
    """Whether a page may have all that is wanted. A release may get more files for days, which its lock has seen."""
    wanted = {digest for digest in digests if digest.algorithm == "sha256"}
    return not wanted or wanted <= {digest for file in page.files for digest in file.digests}


async def _judged(listing: Packed, versions: Collection[Version] | None) -> Page:
    if listing.work(versions) >= _MUCH:
        return await deferToThread(listing.page, versions)
    return listing.page(versions)
