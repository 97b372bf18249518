"""What never changes, as it goes over the wire: one function decides the answer, whoever sends it.

:func:`answer` is asked by the ordinary stack, which sets what it says on a request of Twisted's, and by
:mod:`reqpi.web.http.ready_answers`, which keeps what it says as bytes. So the two cannot disagree.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from functools import cached_property

from attrs import frozen
from twisted.web.http import NOT_MODIFIED, OK

from reqpi import __version__
from reqpi.core import simple

__all__ = [
    "COMMON",
    "IMMUTABLE",
    "SERVER",
    "Representation",
    "RepresentationRequest",
    "RepresentationResponse",
    "answer",
    "constant",
    "etag_of",
    "has",
    "is_named",
    "takes_gzip",
]

IMMUTABLE = "public, max-age=31536000, immutable"
"""A year, which is as long as HTTP has a word for (:rfc:`8246`)."""

SERVER = f"reqpi/{__version__}"

COMMON = (("X-Content-Type-Options", "nosniff"),)
"""What every answer has, after ``Server`` and ``Date``."""

_SMALLEST_GZIP = 512
"""Bytes. Less than this does not repay the header."""

_ETAG = re.compile(r'(W/)?("[^"]{0,200}")')

Headers = tuple[tuple[str, str], ...]


@frozen(slots=False)
class Representation:
    """Bytes that never change: rendered once, sent often.

    :param page: it has several forms, and goes out in gzip to those who take it.
    :param ranges: parts of it can be had.
    :param digest: of the body, in hex, where that is known already.
    """

    body: bytes
    content_type: str
    page: bool = False
    ranges: bool = False
    digest: str | None = None

    @cached_property
    def etag(self) -> str:
        """Strong: equal only for equal bytes (:rfc:`9110`, section 8.8.3)."""
        return f'"{self.digest or hashlib.sha256(self.body).hexdigest()[:32]}"'

    @cached_property
    def gzipped(self) -> bytes | None:
        """The body in gzip, the same bytes each time; ``None`` where it would not be smaller."""
        if not self.page or len(self.body) < _SMALLEST_GZIP:
            return None
        packed = gzip.compress(self.body, 6, mtime=0)
        return packed if len(packed) < len(self.body) else None

    def prepare(self) -> None:
        """Work out all of it now."""
        _ = self.etag, self.gzipped

    @property
    def weight(self) -> int:
        """Bytes that it takes in memory."""
        return len(self.body) * (2 if self.page else 1) + 1024


@frozen(cache_hash=True)
class RepresentationRequest:
    """What of the head of a request decides the form of such an answer.

    :param form: the content type of a page that it wants, see :func:`reqpi.core.simple.choose`.
    :param gzip: it takes gzip.
    :param etags: what it has already, ``If-None-Match`` as it was sent.
    """

    form: str
    gzip: bool = False
    etags: str = ""


@frozen
class RepresentationResponse:
    """An answer, but for ``Server``, ``Date`` and :data:`COMMON`.

    :param body: is not sent to who asks with HEAD.
    """

    status: int
    headers: Headers
    body: bytes


def answer(shown: Representation, asked: RepresentationRequest) -> RepresentationResponse:
    """What somebody who asks so is answered."""
    packed = shown.gzipped if asked.gzip else None
    etag = etag_of(shown, asked)
    headers = constant(etag, page=shown.page, ranges=shown.ranges)
    if has(asked.etags, etag):
        return RepresentationResponse(NOT_MODIFIED, headers, b"")
    body = shown.body if packed is None else packed
    coding = () if packed is None else (("Content-Encoding", "gzip"),)
    described = (*coding, ("Content-Type", shown.content_type), ("Content-Length", str(len(body))))
    return RepresentationResponse(OK, (*headers, *described), body)


def etag_of(shown: Representation, asked: RepresentationRequest) -> str:
    """The tag of the bytes that a client who asks so is sent: with gzip, they are others."""
    packed = asked.gzip and shown.gzipped is not None
    return f'{shown.etag[:-1]}-gzip"' if packed else shown.etag


def constant(etag: str, *, page: bool = False, ranges: bool = False) -> Headers:
    """What is said of something that never changes, also to who has it already."""
    vary = (("Vary", "Accept, Accept-Encoding"),) if page else ()
    accepted = (("Accept-Ranges", "bytes"),) if ranges else ()
    return (*vary, *accepted, ("Cache-Control", IMMUTABLE), ("ETag", etag))


def has(etags: str, etag: str) -> bool:
    """Whether an ``If-None-Match`` names it (:rfc:`9110`, section 13.1.2: compared weakly)."""
    return bool(etags) and (etags.strip() == "*" or any(tag == etag for _, tag in _ETAG.findall(etags)))


def is_named(etags: str, etag: str) -> bool:
    """Whether an ``If-Match`` names it (:rfc:`9110`, section 13.1.1: compared strongly)."""
    return etags.strip() == "*" or ("", etag) in _ETAG.findall(etags)


def takes_gzip(accept_encoding: str) -> bool:
    """Whether an ``Accept-Encoding`` wants gzip at least as much as the plain bytes (:rfc:`9110`, section 12.5.3).

    A client that names gzip, and says nothing of ``identity``, wants gzip.
    """
    wanted = simple.weights(accept_encoding)
    others = wanted.get("*", 0.0)
    packed = wanted.get("gzip", others)
    return packed > 0 and packed >= wanted.get("identity", others)
