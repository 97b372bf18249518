"""Pages of upstreams, kept for the next lock that pins the same project; how long, and how to ask for them again.

What is kept is a private cache of one user, this server (:rfc:`9111`), and it is in memory alone. In the store it would
have to be swept, and be held against what a store is trusted with; and a restart costs no more than one lock's pages. A
page that upstream lets nobody keep is not kept. A page that is no longer fresh is never used without upstream saying
that it still stands: what is frozen stays for ever, and must not be old by accident.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from attrs import evolve, frozen
from twisted.web.iweb import IResponse

from reqpi.core.model import Project
from reqpi.core.simple import Packed
from reqpi.runtime.lru import LruCache
from reqpi.upstream.http.client import header

__all__ = ["CachedPage", "PageCache"]

_LONGEST = 600
"""Seconds for which a page is fresh, at most. That is what the public index says; a year would be a mistake."""

_DIRECTIVE = re.compile(r'([a-z-]+)(?:="?([0-9]{1,9})"?)?')

_SURE = 60
"""Seconds that a page must not have changed for, for its date to tell it from another (:rfc:`9110`, 8.8.2.2)."""


@frozen
class CachedPage:
    """A page as it came last.

    :param url: where it was, after redirects.
    :param validators: the headers of a request for it that upstream may answer with 304.
    :param lifetime: seconds that upstream lets it be used for.
    :param until: when they are over.
    """

    listing: Packed
    url: str
    validators: Mapping[str, str]
    lifetime: float
    until: float

    @classmethod
    def of(cls, listing: Packed, url: str, response: IResponse, now: float) -> CachedPage | None:
        """What is kept of a response; ``None`` where nothing may be, or nothing would come of it."""
        lifetime, validators = _lifetime(response), _validators(response)
        if lifetime is None or not (lifetime or validators):
            return None
        return cls(listing, url, validators, lifetime, now + lifetime)

    def again(self, response: IResponse, now: float) -> CachedPage:
        """The same, which upstream has just said still stands."""
        said = _lifetime(response) if header(response, "Cache-Control") else self.lifetime
        return evolve(self, lifetime=said or 0, until=now + (said or 0))


class PageCache:
    """The pages that are kept, of all indexes.

    :param size: bytes of memory, at most.
    """

    def __init__(self, size: int) -> None:
        self._kept: LruCache[tuple[str, Project], CachedPage] = LruCache(size)

    def get(self, index: str, project: Project) -> CachedPage | None:
        """What an index had last, fresh or not.

        :param index: its URL: what one says of a project is none of another's business.
        """
        return self._kept.get((index, project))

    def put(self, index: str, project: Project, kept: CachedPage | None) -> None:
        """Keep it in the place of what is kept."""
        if kept is None:
            self._kept.drop((index, project))
        else:
            self._kept.put((index, project), kept, kept.listing.weight)


def _lifetime(response: IResponse) -> float | None:
    """Seconds for which a response is fresh; 0 where upstream has to be asked each time; ``None``: not to be kept."""
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
    except (ValueError, TypeError):  # there is no such date, or only one of them has a zone
        return {}
