"""The transfer of a file, or of a part of it, from an upstream (:rfc:`9110`, section 14)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from attrs import frozen
from twisted.web.iweb import UNKNOWN_LENGTH, IResponse

from reqpi.core.errors import UpstreamTrouble
from reqpi.core.interfaces import Transfer
from reqpi.upstream.allowed.permits import NO_PERMIT, Permit
from reqpi.upstream.http.body import Body
from reqpi.upstream.http.client import Check, HttpClient, header

__all__ = ["open_file", "range_header", "transfer"]


_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)", re.IGNORECASE)
_STRONG = re.compile(r'"[\x21\x23-\x7e]{1,200}"')


@frozen
class _Transfer:
    """See :class:`reqpi.core.interfaces.Transfer`."""

    size: int | None
    start: int
    etag: str | None
    _body: Body

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._body

    def close(self) -> None:
        self._body.close()


def range_header(start: int, stop: int | None, etag: str | None = None) -> dict[str, str]:
    """Return the headers that request the bytes from ``start`` up to ``stop``; none for the whole file.

    :param start: negative for that many bytes at the end.
    :param etag: of the file that the bytes must belong to (:rfc:`9110`, section 13.1.5).
    """
    if start == 0 and stop is None:
        return {}
    condition = {} if etag is None else {"If-Range": etag}
    if start < 0:
        return {"Range": f"bytes={start}"} | condition
    return {"Range": f"bytes={start}-{'' if stop is None else stop - 1}"} | condition


def transfer(response: IResponse, body: Body, start: int, stop: int | None) -> Transfer:
    """Return the transfer of a response to a request for the bytes from ``start`` up to ``stop``.

    :raises reqpi.core.errors.UpstreamTrouble: it contains other bytes.
    """
    length = None if response.length is UNKNOWN_LENGTH else int(response.length)
    if response.code == 200:
        return _Transfer(length, 0, _etag(response), body)
    value = header(response, "Content-Range")
    match = _CONTENT_RANGE.fullmatch(value)
    if match is None:
        raise _unexpected(value)
    first, last, size = int(match[1]), int(match[2]), None if match[3] == "*" else int(match[3])
    whole = first <= last and (size is None or last < size) and length in (None, last - first + 1)
    if not whole or not _as_requested(first, last, size, start, stop):
        raise _unexpected(value)
    return _Transfer(size, first, _etag(response), body)


def _etag(response: IResponse) -> str | None:
    """Return a strong ETag. A weak one means that two files are equivalent, not that they have the same bytes."""
    value = header(response, "ETag")
    return value if _STRONG.fullmatch(value) else None


def _as_requested(first: int, last: int, size: int | None, start: int, stop: int | None) -> bool:
    """Return whether these bytes were requested. A server may send fewer of them, but not from another place."""
    if start < 0:
        return size is None or (first == max(size + start, 0) and last == size - 1)
    return first == start and (stop is None or last < stop)


def _unexpected(value: str) -> UpstreamTrouble:
    return UpstreamTrouble("the upstream sent an unexpected range", f"Content-Range: {value[:100]!r}")


async def open_file(
    http: HttpClient,
    url: str,
    start: int = 0,
    stop: int | None = None,
    *,
    etag: str | None = None,
    check: Check | None = None,
    permit: Permit = NO_PERMIT,
) -> Transfer:
    """See :meth:`reqpi.core.interfaces.Upstream.open`.

    No content coding is accepted, and none is decoded: some servers label a ``.tar.gz`` as encoded with gzip, and
    decoding it would change the file. pip does the same.
    """
    headers = {"Accept-Encoding": "identity"} | range_header(start, stop, etag)
    _, response, body = await http.get(url, headers, check, permit)
    try:
        return transfer(response, body, start, stop)
    except UpstreamTrouble:
        body.close()
        raise
