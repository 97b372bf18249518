"""The bodies of requests that are received or processed: how many bytes of them there may be, and where they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, cast

from attrs import define

from reqpi.core.limits.limit import Limit
from reqpi.web.http.problems import BUSY, Problem

__all__ = ["IN_MEMORY", "Uploads", "too_many_bytes"]

IN_MEMORY = 1 << 20
"""Bytes of a body that are kept in memory; a larger one is in a file without a name, which ends with the process."""

_LOADED = 32 << 20
"""Bytes of large bodies that are processed at a time. A larger one is processed alone."""


@define(eq=False)
class _Waiting:
    client: str
    size: int
    go: Callable[[], None]


class Uploads:
    """The bodies of all requests that are not answered yet.

    One client may have half of the bytes, so that it cannot keep others from sending theirs.

    :param most: bytes in total; 0 for any number.
    :param folder: for large bodies; ``None``, or while it does not exist: the system's folder for temporary files.
    """

    def __init__(self, most: int = 0, folder: Path | None = None) -> None:
        self.most = most
        self._folder = folder
        self._in_flight = 0
        self._of_clients: dict[str, int] = {}
        self._waiting: dict[object, _Waiting] = {}
        self._loaded: dict[object, _Waiting] = {}

    @property
    def in_flight(self) -> int:
        """Bytes that were received for requests that are not answered yet."""
        return self._in_flight

    def file(self) -> IO[bytes]:
        """Return a file for one body."""
        folder = str(self._folder) if self._folder is not None and self._folder.is_dir() else None
        return cast("IO[bytes]", SpooledTemporaryFile(IN_MEMORY, dir=folder))

    def take(self, client: str, size: int) -> Limit | None:
        """Count bytes; return the limit that they would exceed, and then they are not counted."""
        own = self._of_clients.get(client, 0) + size
        if self.most and self._in_flight + size > self.most:
            return Limit.UPLOADS
        if self.most and own > self.most // 2:
            return Limit.CLIENT_UPLOADS
        self._in_flight += size
        self._of_clients[client] = own
        return None

    def release(self, client: str, size: int) -> None:
        """Count bytes no longer."""
        self._in_flight -= size
        own = self._of_clients.pop(client, 0) - size
        if own > 0:
            self._of_clients[client] = own

    def load(self, request: object, client: str, size: int, go: Callable[[], None]) -> None:
        """Call ``go`` when a body may be read into memory: at once if it is small, otherwise in its turn."""
        if size <= IN_MEMORY:
            go()
            return
        self._waiting[request] = _Waiting(client, size, go)
        self._next()

    def unload(self, request: object) -> None:
        """Forget a body whose request was answered, or whose client is gone. Doing this again does nothing."""
        if self._waiting.pop(request, None) or self._loaded.pop(request, None):
            self._next()

    def _next(self) -> None:
        while self._waiting:
            request = min(self._waiting, key=self._bytes_before)
            size = sum(each.size for each in self._loaded.values())
            if self._loaded and size + self._waiting[request].size > _LOADED:
                return
            self._loaded[request] = waiting = self._waiting.pop(request)
            waiting.go()

    def _bytes_before(self, request: object) -> int:
        """Return the bytes that the client of a request has in memory: those with the fewest come first."""
        client = self._waiting[request].client
        return sum(each.size for each in self._loaded.values() if each.client == client)


def too_many_bytes(limit: Limit) -> Problem:
    """Return the problem of a body for which there is no room."""
    whose = "this client is" if limit is Limit.CLIENT_UPLOADS else "clients are"
    detail = "Try again. The operator can allow more with --max-uploads."
    title = f"{whose} sending too many bytes at the same time"
    return Problem(BUSY, title, detail, {"limit": str(limit)}, {"Retry-After": "2"})
