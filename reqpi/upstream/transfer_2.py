"""Files at URLs: those that a project page lists, and archives that a lock names."""

from __future__ import annotations

from reqpi.core.errors import UpstreamTrouble
from reqpi.core.interfaces import Transfer
from reqpi.upstream.http.client import Check, HttpClient
from reqpi.upstream.transfer import range_header, transfer

__all__ = ["open_file"]


async def open_file(
    http: HttpClient,
    url: str,
    start: int = 0,
    stop: int | None = None,
    *,
    etag: str | None = None,
    check: Check | None = None,
) -> Transfer:
    """See :meth:`reqpi.core.interfaces.Upstream.open`.

    No coding is offered, and none is undone: some servers label a ``.tar.gz`` as coded with gzip, and to undo
    that would change the file. pip does the same.
    """
    headers = {"Accept-Encoding": "identity"} | range_header(start, stop, etag)
    _, response, body = await http.get(url, headers, check)
    try:
        return transfer(response, body, start, stop)
    except UpstreamTrouble:
        body.close()
        raise
