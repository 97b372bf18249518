"""The list of the files of a lock, as a server sends it."""

from __future__ import annotations

from functools import partial

from reqpi.client.answers import trouble_of
from reqpi.client.exchange import ask
from reqpi.client.polling import Patience, poll, unavailable
from reqpi.client.target import target_of

__all__ = ["pages"]

_LONGEST_LIST = 256 << 20
"""Bytes of a list of files: some hundreds a file, and a large project has hundreds of files a release."""

_LOOKED_UP = Patience(pending=60, otherwise=7)
"""Bounds for waiting until the server has looked up every project."""


def pages(base_url: str, address: str) -> bytes:
    """Return the frozen pages of a lock, as JSON that :func:`reqpi.core.frozen_pages.load_all` reads.

    Wait until the server has looked up every project.

    :raises ServerTrouble: the server does not list them.
    """
    target, path = target_of(base_url), f"/{address}/files.json"
    answer = poll(partial(ask, target, "GET", path, longest=_LONGEST_LIST), unavailable(target, path), _LOOKED_UP)
    if answer.status != 200:
        raise trouble_of(target, path, answer)
    return answer.body
