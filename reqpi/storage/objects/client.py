"""The operations on objects: each makes one or a few requests and raises the errors of :mod:`reqpi.core.errors`.

All of them block.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from attrs import frozen

from reqpi.core.errors import StoreTrouble
from reqpi.core.interfaces import BlobIdentity
from reqpi.storage.objects.circuit_breaker import StoreCircuitBreaker
from reqpi.storage.objects.connect import Connection
from reqpi.storage.objects.errors import ErrorKind, kind_of, said, trouble

__all__ = ["Object", "ObjectClient"]

_CHUNK = 128 * 1024
"""Bytes to request from a stream at a time. It also returns what has arrived meanwhile: up to 700 KB were observed."""

_PART = 8 << 20
_PARTS = 9000
"""The most parts of one upload; S3 allows 10,000."""

_AT_ONCE = 2
"""Parts of one blob that are uploaded at the same time: an upload takes this many times :data:`_PART` of memory."""

_PAGE = 1000


@frozen
class Object:
    """The metadata of an object.

    :param size: bytes.
    :param modified: when it was written, by the store's own clock: seconds since the epoch.
    :param etag: the store's own mark of this version of the object, if it gives one.
    """

    key: str
    size: int
    modified: float
    etag: str | None = None

    @property
    def identity(self) -> BlobIdentity:
        """The identity of the object: no one who writes to the store can choose when the store says it was written."""
        return BlobIdentity(self.size, (self.etag, self.modified))


class ObjectClient:
    """The operations of an object store, by key. Threads may share one.

    Every operation raises :exc:`reqpi.core.errors.StoreTrouble` if it fails.

    :param connect: returns the clients; called by :meth:`open`.
    """

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._connected: Connection | None = None
        self._obs: Any = None
        self._breaker = StoreCircuitBreaker()

    def open(self) -> None:
        """Create the clients. Call it after any fork: a client that was created before hangs in the child.

        :raises reqpi.core.errors.Misconfigured: they cannot be created.
        """
        self._connected = self._connect()
        self._obs = import_module("obstore")
        self._breaker = StoreCircuitBreaker()

    def close(self) -> None:
        """Drop the clients; their connections close with them."""
        self._connected = None

    @property
    def url(self) -> str:
        """The store's URL as the operator wrote it; available once the store is open."""
        return self._clients.url

    @property
    def _clients(self) -> Connection:
        if self._connected is None:
            raise StoreTrouble("the store is not open")
        return self._connected

    def get(self, key: str) -> bytes | None:
        """Return an object's content; ``None`` if it does not exist."""
        with self._asking("read"):
            try:
                return bytes(self._obs.get(self._clients.quick, key).bytes())
            except FileNotFoundError as error:
                _refuse_other(error)
                return None

    def look(self, key: str) -> Object | None:
        """Return an object's metadata; ``None`` if it does not exist."""
        with self._asking("read"):
            try:
                return _object(self._obs.head(self._clients.quick, key))
            except FileNotFoundError as error:
                _refuse_other(error)
                return None

    def put(self, key: str, value: bytes) -> None:
        """Write an object, replacing any that exists."""
        with self._asking("written"):
            self._obs.put(self._clients.quick, key, value, use_multipart=False)

    def create(self, key: str, value: bytes) -> bool:
        """Write an object unless it exists, and return whether it was written.

        If a response is lost and the client retries, the object may have been written although this returns false.
        """
        with self._asking("written"):
            try:
                self._obs.put(self._clients.quick, key, value, mode="create", use_multipart=False)
            except self._obs.exceptions.AlreadyExistsError:
                return False
            return True

    def upload(self, key: str, path: Path, size: int) -> None:
        """Upload a file of any size, in parts. The object only becomes visible when it is complete.

        :param size: of the file, in bytes.
        """
        with self._asking("written"):
            part = max(_PART, -(-size // _PARTS))
            self._obs.put(self._clients.upload, key, path, chunk_size=part, max_concurrency=_AT_ONCE)

    def delete(self, key: str) -> None:
        """Remove an object. It is not an error if it does not exist."""
        with self._asking("written"):
            try:
                self._obs.delete(self._clients.quick, key)
            except FileNotFoundError as error:
                _refuse_other(error)

    def listed(self, folder: str) -> Generator[Object, None, None]:
        """Yield the objects below ``folder`` (without a slash at the end)."""
        with self._asking("read"):
            pages = iter(self._obs.list(self._clients.quick, folder, chunk_size=_PAGE))
        while True:
            with self._asking("read"):
                page = next(pages, None)
            if page is None:
                return
            yield from map(_object, page)

    def streamed(
        self, key: str, start: int, stop: int | None, identity: BlobIdentity | None = None
    ) -> tuple[int, Iterator[bytes]] | None:
        """Request a range of an object; return where it ends and its chunks; ``None`` if the object does not exist.

        :param identity: the one that the object must have; one with another does not count as existing.
        :param start: before the end of the object, unless it is 0 and ``stop`` is ``None``.
        :param stop: ``None`` for the end of the object.
        """
        with self._asking("read"):
            wanted: Any = {"offset": start} if stop is None else (start, stop)
            whole = start == 0 and stop is None
            try:
                got = self._obs.get(self._clients.download, key, options=None if whole else {"range": wanted})
            except FileNotFoundError as error:
                _refuse_other(error)
                return None
            if identity not in (None, _object(got.meta).identity):
                return None
            return got.range[1], got.stream(_CHUNK)

    def following(self, chunks: Iterator[bytes]) -> bytes:
        """Return the next chunk of a stream; empty at its end."""
        # A stream that breaks off does not count for the circuit breaker: it may have waited too long for its reader.
        with self._speaking("read"):
            return next(chunks, b"")

    def link(self, key: str, seconds: int) -> str | None:
        """Return a URL from which anyone can download the object; ``None`` if this kind of store has no such URLs.

        :param seconds: how long the URL is valid.
        """
        stores = import_module("obstore.store")
        client = self._clients.quick
        if not isinstance(client, (stores.S3Store, stores.GCSStore, stores.AzureStore)):
            return None
        with self._asking("read"):
            return str(self._obs.sign(client, "GET", key, timedelta(seconds=seconds)))

    @contextmanager
    def _asking(self, doing: str) -> Iterator[None]:
        with self._speaking(doing), self._breaker.asking():
            yield

    @contextmanager
    def _speaking(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (self._obs.exceptions.BaseError, OSError, NotImplementedError) as error:
            what = said(error)
            raise trouble(doing, what) from what


def _refuse_other(error: FileNotFoundError) -> None:
    """Raise ``error`` unless the object is missing: it may be the bucket that is missing.

    :raises FileNotFoundError: ``error``.
    """
    if kind_of(error) is not ErrorKind.ABSENT:
        raise error


def _object(meta: Any) -> Object:
    return Object(meta["path"], meta["size"], meta["last_modified"].timestamp(), meta["e_tag"])
