"""The URLs of this server itself: tools write the index that they used into the lock that they make."""

from __future__ import annotations

import re
import socket
from urllib.parse import urlsplit

from reqpi.upstream.allowed.hosts import host_and_port

__all__ = ["Here", "base_of"]

_INDEX = re.compile(r"(.*)/(?:[0-9a-f]{64}|learn/[A-Za-z0-9_-]{1,128})/simple/*")
"""The path of an index of ReqPI: of an address, or of a learning session."""

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104

_Place = tuple[str, str, int, str]
"""Scheme, host, port and the path before an address."""


class Here:
    """The URLs at which this server is known.

    The ``Host`` of a request is ignored: the client chooses it, and could make another server's index pass for this
    one.

    :param url: the canonical URL, if the operator gave one.
    :param loopback: whether every port of this machine counts: ``reqpi run`` uses another one for each lock.
    """

    def __init__(self, url: str | None = None, *, loopback: bool = False) -> None:
        self._loopback = loopback
        self._places: set[_Place] = set()
        place = None if url is None else _place(url)
        if place is not None:
            self._places.add(place)

    def listen(self, host: str, port: int, *, secure: bool) -> None:
        """Note that the server listens on this host and port."""
        names = {host}
        if host in _LOOPBACK or host in _EVERYWHERE:
            names.update(_LOOPBACK)
        if host in _EVERYWHERE:
            names.add(socket.gethostname().lower())
        scheme = "https" if secure else "http"
        self._places.update((scheme, name, port, "") for name in names if name not in _EVERYWHERE)

    def has(self, index: str) -> bool:
        """Return whether an index is one of this server's own."""
        base = base_of(index)
        place = None if base is None else _place(base)
        if place is None:
            return False
        return place in self._places or (self._loopback and place[1] in _LOOPBACK)


def base_of(index: str) -> str | None:
    """Return the URL of the server of an index that looks like one of a ReqPI; ``None`` for any other index."""
    try:
        parts = urlsplit(index)
    except ValueError:
        return None
    matched = _INDEX.fullmatch(parts.path)
    if matched is None or parts.query or parts.fragment:
        return None
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{matched[1]}"


def _place(base: str) -> _Place | None:
    try:
        host, port = host_and_port(base)
    except ValueError:
        return None
    parts = urlsplit(base)
    return parts.scheme, host, port, parts.path.rstrip("/")
