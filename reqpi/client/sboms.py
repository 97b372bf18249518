"""Download of a lock's SBOM, which may have to wait until the server has read all core metadata."""

from __future__ import annotations

import http.client
from contextlib import closing
from functools import partial
from typing import NamedTuple

from reqpi.client.answers import trouble_of
from reqpi.client.errors import ServerTrouble
from reqpi.client.exchange import ServerResponse, begun
from reqpi.client.pace import pieces
from reqpi.client.polling import poll, unavailable
from reqpi.client.target import ServerTarget, target_of

__all__ = ["TakenSbom", "take_sbom"]

_LONGEST = 256 << 20
"""Bytes. 1,500 projects with 40 wheels each come to some 40 MB."""


class TakenSbom(NamedTuple):
    """An SBOM as it was received.

    :param complete: the server has read all core metadata, so that the SBOM never changes.
    """

    body: bytes
    complete: bool


def take_sbom(base_url: str, path: str) -> TakenSbom:
    """Return the SBOM at ``path``.

    :raises ServerTrouble: the server does not send it.
    :raises reqpi.client.errors.BadUsage: the URL, or a file that an environment variable names, cannot be used.
    """
    target = target_of(base_url)
    trouble_with = unavailable(target, path)
    answer, caching = poll(partial(_asked, target, path), lambda outcome: trouble_with(outcome[0]))
    if answer.status != 200:
        raise trouble_of(target, path, answer)
    return TakenSbom(answer.body, "no-store" not in caching)


def _asked(target: ServerTarget, path: str) -> tuple[ServerResponse, str]:
    """Return the response, and its ``Cache-Control``."""
    try:
        with closing(begun(target, path, {})) as response:
            body = _body(response, target)
            answer = ServerResponse(response.status, response.reason, response.headers.get_content_type(), None, body)
            caching = response.getheader("Cache-Control") or ""
    except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
        raise ServerTrouble(f"{target.url} closed the connection too early", f"{type(error).__name__}.") from error
    if len(body) > _LONGEST:
        raise ServerTrouble(f"{target.url} sent an SBOM without end", f"More than {_LONGEST} bytes arrived.")
    return answer, caching


def _body(response: http.client.HTTPResponse, target: ServerTarget) -> bytes:
    """Return the body, or a little more than the most bytes of an SBOM."""
    body = bytearray()
    for data in pieces(response, target.url):
        body += data
        if len(body) > _LONGEST:
            break
    return bytes(body)
