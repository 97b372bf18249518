"""Representations that never change, and the one function that decides the response to a request for them.

:func:`answer` is called for twisted.web, where its result is set on a request, and by
:mod:`reqpi.web.http.ready_answers`, which keeps its result as bytes. So the two cannot disagree.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import cached_property

from attrs import frozen
from twisted.web.http import NOT_MODIFIED, OK

from reqpi import __version__
from reqpi.core import simple
from reqpi.core.caching import DERIVED, IMMUTABLE
from reqpi.core.gzipped import gzipped

__all__ = [
    "COMMON",
    "DERIVED",
    "IMMUTABLE",
    "PAGE_POLICY",
    "SERVER",
    "STRICT_TRANSPORT",
    "WITHHELD",
    "Representation",
    "RepresentationRequest",
    "RepresentationResponse",
    "answer",
    "constant",
    "etag_of",
    "for_one_client",
    "has",
    "is_named",
    "prepared",
    "takes_gzip",
]

WITHHELD = "public, no-cache"
"""Revalidated each time: the operator denies a file that belongs here, and may revoke that."""

SERVER = f"reqpi/{__version__}"

COMMON = (("X-Content-Type-Options", "nosniff"),)
"""The headers of every response, after ``Server`` and ``Date``."""

STRICT_TRANSPORT = ("Strict-Transport-Security", "max-age=31536000")
"""The header of every response over our own TLS, after ``Date``: a browser then uses no plain http (:rfc:`6797`)."""

PAGE_POLICY = ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
"""The header of every HTML page of an index: it has links, and nothing that a browser would load or run."""

_ETAG = re.compile(r'(W/)?("[^"]{0,200}")')

Headers = tuple[tuple[str, str], ...]


@frozen(slots=False)
class Representation:
    """Bytes that never change: rendered for the first request, and sent to many.

    :param page: it is one of several representations, and is sent in gzip to clients that accept it.
    :param ranges: ranges of it can be requested.
    :param digest: sha256 of the body in hex, if known already.
    :param caching: the ``Cache-Control``.
    """

    body: bytes
    content_type: str
    page: bool = False
    ranges: bool = False
    digest: str | None = None
    caching: str = IMMUTABLE

    @cached_property
    def etag(self) -> str:
        """The ETag; strong, which means equal only for equal bytes (:rfc:`9110`, section 8.8.3)."""
        return f'"{self.digest or hashlib.sha256(self.body).hexdigest()[:32]}"'

    @cached_property
    def gzipped(self) -> bytes | None:
        """The body in gzip, with the same bytes in every process; ``None`` if it would not be smaller."""
        return gzipped(self.body) if self.page else None

    def prepare(self) -> None:
        """Compute the ETag and the compressed body now, so that no request has to wait for them."""
        _ = self.etag, self.gzipped

    @property
    def weight(self) -> int:
        """Bytes of memory that it needs."""
        return len(self.body) * (2 if self.page else 1) + 1024


def prepared(write: Callable[[], bytes], content_type: str, caching: str = IMMUTABLE) -> Representation:
    """Return what ``write`` returns, with its ETag, which takes 3 ms for 4 MiB: this is for a thread."""
    shown = Representation(write(), content_type, caching=caching)
    shown.prepare()
    return shown


@frozen(cache_hash=True)
class RepresentationRequest:
    """The part of a request's head that decides which representation is sent.

    :param content_type: of a page, chosen by ``Accept``; see :func:`reqpi.core.simple.choose`.
    :param gzip: the client accepts gzip.
    :param etags: ``If-None-Match``, as it was sent.
    """

    content_type: str
    gzip: bool = False
    etags: str = ""


@frozen
class RepresentationResponse:
    """A response, without ``Server``, ``Date`` and :data:`COMMON`.

    :param body: is not sent in response to HEAD.
    """

    status: int
    headers: Headers
    body: bytes


def answer(shown: Representation, asked: RepresentationRequest) -> RepresentationResponse:
    """Return the response to this request."""
    packed = shown.gzipped if asked.gzip else None
    etag = etag_of(shown, asked)
    headers = constant(etag, page=shown.page, ranges=shown.ranges, caching=shown.caching)
    if has(asked.etags, etag):
        return RepresentationResponse(NOT_MODIFIED, headers, b"")
    body = shown.body if packed is None else packed
    coding = () if packed is None else (("Content-Encoding", "gzip"),)
    policy = (PAGE_POLICY,) if shown.content_type.startswith("text/html") else ()
    described = (*policy, *coding, ("Content-Type", shown.content_type), ("Content-Length", str(len(body))))
    return RepresentationResponse(OK, (*headers, *described), body)


def etag_of(shown: Representation, asked: RepresentationRequest) -> str:
    """Return the ETag of the bytes that are sent in response to this request; gzip has another one."""
    packed = asked.gzip and shown.gzipped is not None
    return f'{shown.etag[:-1]}-gzip"' if packed else shown.etag


def constant(etag: str, *, page: bool = False, ranges: bool = False, caching: str = IMMUTABLE) -> Headers:
    """Return the headers of a representation that never changes, including those of a 304."""
    vary = (("Vary", "Accept, Accept-Encoding"),) if page else ()
    accepted = (("Accept-Ranges", "bytes"),) if ranges else ()
    return (*vary, *accepted, ("Cache-Control", caching), ("ETag", etag))


def for_one_client(caching: str) -> str:
    """Return a ``Cache-Control`` that keeps a response out of shared caches."""
    is_closed = "private" in caching or "no-store" in caching
    return caching if is_closed else f"private, {caching.removeprefix('public, ')}"


def has(etags: str, etag: str) -> bool:
    """Return whether an ``If-None-Match`` names the ETag (:rfc:`9110`, section 13.1.2: compared weakly)."""
    return bool(etags) and (etags.strip() == "*" or any(tag == etag for _, tag in _ETAG.findall(etags)))


def is_named(etags: str, etag: str) -> bool:
    """Return whether an ``If-Match`` names the ETag (:rfc:`9110`, section 13.1.1: compared strongly)."""
    return etags.strip() == "*" or ("", etag) in _ETAG.findall(etags)


def takes_gzip(accept_encoding: str) -> bool:
    """Return whether an ``Accept-Encoding`` prefers gzip, or has no preference (:rfc:`9110`, section 12.5.3).

    A client that names gzip and not ``identity`` prefers gzip.
    """
    wanted = simple.weights(accept_encoding)
    others = wanted.get("*", 0.0)
    packed = wanted.get("gzip", others)
    return packed > 0 and packed >= wanted.get("identity", others)
