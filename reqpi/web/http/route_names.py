"""The names of routes, for the metrics: a path leads to one of a few, and no part of the path is in it."""

from __future__ import annotations

import re

from reqpi.runtime.counts import OTHER

__all__ = ["route_of"]

_ADDRESS = re.compile(rb"[0-9A-Fa-f]{64}")

_TOP = frozenset(b"locks learn livez readyz version status denials metrics login logout operator".split())
"""First segments that are routes."""

_FILES = (b"static", b"favicon.ico", b"robots.txt")
"""First segments of the files that pages for people need."""

_BELOW = frozenset(
    b"runs lock requirements.txt pylock.toml uv.lock pdm.lock files files.json env refused held wheelhouse.tar "
    b"sbom.cdx.json sbom.spdx.json build-requirements closed osv crates cargo frozen refreeze forget drift pins "
    b"diff graph hold deny revoke".split()
)
"""Segments below an address that are routes, except for the index."""

_WITH_TOKEN = (b"learn", b"runs")


def route_of(path: bytes) -> str:
    """Return the name of the route that a path leads to: ``page`` for ``/<address>/simple/<project>/``.

    :param path: as it was sent, with or without a query. It may be anything.
    """
    segments = [segment for segment in path.partition(b"?")[0].split(b"/") if segment]
    if not segments:
        return "front"
    first, below = segments[0], segments[1:]
    if first in _WITH_TOKEN and below:
        return _below_token(first.decode("ascii"), below[1:])
    if first in _TOP and not below:
        return first.decode("ascii")
    if first in _FILES:
        return "static"
    return _below_address(below) if _ADDRESS.fullmatch(first) else OTHER


def _below_token(first: str, below: list[bytes]) -> str:
    if below[:1] == [b"simple"]:
        return f"{first}-{_index(below[1:])}"
    return f"{first}-session"


def _below_address(below: list[bytes]) -> str:
    if not below:
        return "overview"
    if below[0] == b"simple":
        return _index(below[1:])
    return below[0].decode("ascii") if below[0] in _BELOW else OTHER


def _index(below: list[bytes]) -> str:
    """Return the route of a path below ``simple/``."""
    if len(below) < 2:
        return "page" if below else "index"
    return "file-metadata" if below[-1].endswith(b".metadata") else "file"
