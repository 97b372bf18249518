"""The pages of a package index (:pep:`503`, :pep:`691`)."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import partial

from packaging.version import Version
from twisted.internet.interfaces import IReactorTime

from reqpi.core import simple
from reqpi.core.errors import WrongPage
from reqpi.core.model import Digest, Page, Project
from reqpi.core.simple import Packed
from reqpi.runtime.offload import INDEX_ENTRIES
from reqpi.upstream.allowed.permits import Permit
from reqpi.upstream.allowed.urls import host_of
from reqpi.upstream.documents import IndexDocuments, SentDocument
from reqpi.upstream.http.client import HttpClient, header
from reqpi.upstream.page_cache import PageCache

__all__ = ["UpstreamIndex"]

_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"

_HTML_TITLE = re.compile(rb"<title[^>]{0,200}>\s{0,200}([^<\s][^<]{0,200})", re.IGNORECASE)

_TITLE_WITHIN = 1 << 14
"""Bytes at the beginning of a page in which a title is looked for."""


class UpstreamIndex:
    """The index at one URL.

    :param url: as for pip's ``--index-url``, without a user and password.
    :param clock: for pauses and the age of cached pages.
    :param pages: the page cache, shared with other indexes.
    :param permit: what requests for its pages may use.
    """

    def __init__(
        self, url: str, http: HttpClient, clock: IReactorTime, pages: PageCache[Packed], permit: Permit
    ) -> None:
        self.name = url.rstrip("/")
        self._documents = IndexDocuments(self.name, http, clock, pages, permit, accept=_ACCEPT)

    async def page(
        self, project: Project, versions: Collection[Version] | None = None, digests: Collection[Digest] = ()
    ) -> Page:
        """See :meth:`reqpi.core.interfaces.Upstream.page`."""
        cached = self._documents.cached(project)
        known = None if cached is None else await _parsed(cached.listing, versions)
        if known is not None and not {file.version for file in known.files}.issuperset(versions or ()):
            # The version may just have been released. A cached page must not make it look missing, nor must an upstream
            # that, rightly or wrongly, answers that the cached page is still valid.
            self._documents.forget(project)
            known = None
        if cached is not None and known is not None and self._documents.is_fresh(cached) and _has(known, digests):
            return known
        read: list[Page] = []  # by this call; if another one is under way for the project, that one reads the page
        packed = partial(_packed, project, versions, read)
        listing = await self._documents.current(project, f"{self.name}/{project}/", packed)
        if cached is not None and known is not None and listing is cached.listing:
            return known
        return read[0] if read else await _parsed(listing, versions)


def _packed(project: Project, versions: Collection[Version] | None, read: list[Page], sent: SentDocument) -> Packed:
    """Return the listing of a document, and add its page with the files of these versions to ``read``."""
    data, kind = sent.decoded(), header(sent.response, "Content-Type")
    try:
        packed, page = Packed.with_page(simple.read_listing(data, kind, sent.url, project), versions)
    except WrongPage as wrong:
        raise WrongPage(wrong.title, f"{wrong.detail} {_description(sent.url, kind, data)}") from wrong
    read.append(page)
    return packed


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
