"""The cache of upstream pages for the next lock that pins the same project: how long, and how to revalidate them.

It is a private cache (:rfc:`9111`) of one user, this server, and in memory only. In the store it would have to be swept
and counted among what a store is trusted with, and a restart costs no more than the pages of one lock. A page whose
upstream forbids caching is not kept. A page that is no longer fresh is never used before the upstream has confirmed it:
a frozen page stays forever, and must not be outdated by accident.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Generic, Protocol, TypeVar

from attrs import evolve, frozen
from twisted.web.iweb import IResponse

from reqpi.runtime.lru import LruCache
from reqpi.upstream.http.client import header

__all__ = ["CachedPage", "PageCache", "Weighed"]

_LONGEST = 600
"""The most seconds for which a page is fresh. The public index specifies as many; a year would be a mistake."""

_DIRECTIVE = re.compile(r'([a-z-]+)(?:="?([0-9]{1,9})"?)?')

_SURE = 60
"""Seconds without a change after which a page's date is a strong validator (:rfc:`9110`, section 8.8.2.2)."""


class Weighed(Protocol):
    """A value that can be cached."""

    @property
    def weight(self) -> int:
        """Bytes of memory that it takes."""


_T = TypeVar("_T", bound=Weighed)


@frozen
class CachedPage(Generic[_T]):
    """A page as it was received last.

    :param url: of the page, after redirects.
    :param validators: headers for a request that the upstream may answer with 304.
    :param lifetime: seconds for which the upstream allows it to be used.
    :param until: when these end, in seconds of the clock.
    """

    listing: _T
    url: str
    validators: Mapping[str, str]
    lifetime: float
    until: float

    @classmethod
    def of(cls, listing: _T, url: str, response: IResponse, now: float) -> CachedPage[_T] | None:
        """Return the cache entry for a response; ``None`` if it may not be cached, or could never be used."""
        lifetime, validators = _lifetime(response), _validators(response)
        if lifetime is None or not (lifetime or validators):
            return None
        return cls(listing, url, validators, lifetime, now + lifetime)

    def again(self, response: IResponse, now: float) -> CachedPage[_T]:
        """Return the same page, which the upstream has just confirmed."""
        said = _lifetime(response) if header(response, "Cache-Control") else self.lifetime
        return evolve(self, lifetime=said or 0, until=now + (said or 0))


class PageCache(Generic[_T]):
    """The cached pages of all indexes.

    :param size: the most bytes of memory.
    """

    def __init__(self, size: int) -> None:
        self._pages: LruCache[tuple[str, str], CachedPage[_T]] = LruCache(size)

    def get(self, index: str, project: str) -> CachedPage[_T] | None:
        """Return the page that an index sent last, fresh or not.

        :param index: the URL of the index: each has pages of its own.
        """
        return self._pages.get((index, project))

    def put(self, index: str, project: str, cached: CachedPage[_T] | None) -> None:
        """Replace the cached page of a project.

        :param cached: ``None`` to remove it.
        """
        if cached is None:
            self._pages.drop((index, project))
        else:
            self._pages.put((index, project), cached, cached.listing.weight)


def _lifetime(response: IResponse) -> float | None:
    """Return the seconds for which a response is fresh.

    :returns: 0 if it has to be revalidated each time; ``None`` if it may not be cached.
    """
    said = dict(_DIRECTIVE.findall(header(response, "Cache-Control").lower()))
    if "no-store" in said or header(response, "Vary").strip() == "*":
        return None
    if "no-cache" in said:
        return 0
    age = header(response, "Age")
    spent = int(age) if age.isascii() and age.isdigit() and len(age) < 10 else 0
    return max(0, min(int(said.get("max-age") or 0), _LONGEST) - spent)


def _validators(response: IResponse) -> dict[str, str]:
    etag, changed = header(response, "ETag"), header(response, "Last-Modified")
    if etag:
        return {"If-None-Match": etag} if etag.isascii() and etag.isprintable() else {}
    try:
        still = parsedate_to_datetime(header(response, "Date")) - parsedate_to_datetime(changed)
        return {"If-Modified-Since": changed} if still.total_seconds() >= _SURE else {}
    except (ValueError, TypeError):  # a date is missing or invalid, or only one of them has a time zone
        return {}
