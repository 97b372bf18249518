"""The verbs on objects, each one request or a few, in the errors of :mod:`reqpi.core.errors`. All of them block."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from attrs import frozen

from reqpi.core.errors import StoreTrouble
from reqpi.storage.objects.circuit_breaker import StoreCircuitBreaker
from reqpi.storage.objects.connect import Connection
from reqpi.storage.objects.errors import ErrorKind, kind_of, said, trouble

__all__ = ["Object", "ObjectClient"]

_CHUNK = 128 * 1024
"""Bytes that are asked of a stream at a time. It gives what came meanwhile as well: up to 700 KB were seen."""

_PART = 8 << 20
_PARTS = 9000
"""S3 takes 10,000 parts."""

_AT_ONCE = 2
"""Parts of one blob on their way in: this many times :data:`_PART` is what it takes of memory."""

_PAGE = 1000


@frozen
class Object:
    """What is known of an object without reading it.

    :param modified: when it was written, on the store's own clock: seconds since the epoch.
    """

    key: str
    size: int
    modified: float


class ObjectClient:
    """What an object store can do, by key. Threads may share one.

    :param connect: gives the clients; called by :meth:`open`.
    """

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._connected: Connection | None = None
        self._obs: Any = None
        self._away = StoreCircuitBreaker()

    def open(self) -> None:
        """Make the clients. After any fork: one that was made before hangs in the child.

        :raises reqpi.core.errors.Misconfigured: they cannot be made.
        """
        self._connected = self._connect()
        self._obs = import_module("obstore")
        self._away = StoreCircuitBreaker()

    def close(self) -> None:
        """Forget the clients; their connections end with them."""
        self._connected = None

    @property
    def url(self) -> str:
        """How the operator calls the store, once it is open."""
        return self._clients.url

    @property
    def _clients(self) -> Connection:
        if self._connected is None:
            raise StoreTrouble("the store is not open")
        return self._connected

    def get(self, key: str) -> bytes | None:
        """All of it; ``None`` where it is not here."""
        with self._asking("read"):
            try:
                return bytes(self._obs.get(self._clients.quick, key).bytes())
            except FileNotFoundError as error:
                _refuse_other(error)
                return None

    def look(self, key: str) -> Object | None:
        """What it is; ``None`` where it is not here."""
        with self._asking("read"):
            try:
                return _object(self._obs.head(self._clients.quick, key))
            except FileNotFoundError as error:
                _refuse_other(error)
                return None

    def put(self, key: str, value: bytes) -> None:
        """Write it, over what was there."""
        with self._asking("written"):
            self._obs.put(self._clients.quick, key, value, use_multipart=False)

    def create(self, key: str, value: bytes) -> bool:
        """Write it unless it is there: whether it was not.

        Where the answer was lost and the client asked again, it may have been written although this says otherwise.
        """
        with self._asking("written"):
            try:
                self._obs.put(self._clients.quick, key, value, mode="create", use_multipart=False)
            except self._obs.exceptions.AlreadyExistsError:
                return False
            return True

    def upload(self, key: str, path: Path, size: int) -> None:
        """Write a file of any size, in parts. Nothing of it is there before all of it is."""
        with self._asking("written"):
            part = max(_PART, -(-size // _PARTS))
            self._obs.put(self._clients.upload, key, path, chunk_size=part, max_concurrency=_AT_ONCE)

    def delete(self, key: str) -> None:
        """Remove it. No error where it is not here."""
        with self._asking("written"):
            try:
                self._obs.delete(self._clients.quick, key)
            except FileNotFoundError as error:
                _refuse_other(error)

    def listed(self, folder: str) -> Generator[Object, None, None]:
        """What is below ``folder`` (which ends in no slash)."""
        with self._asking("read"):
            pages = iter(self._obs.list(self._clients.quick, folder, chunk_size=_PAGE))
        while True:
            with self._asking("read"):
                page = next(pages, None)
            if page is None:
                return
            yield from map(_object, page)

    def streamed(self, key: str, start: int, stop: int | None) -> tuple[int, Iterator[bytes]] | None:
        """Where the bytes asked for end, and themselves as they come; ``None`` where the key is not here.

        :param start: before the end of the object, unless it is 0 and ``stop`` is ``None``.
        """
        with self._asking("read"):
            wanted: Any = {"offset": start} if stop is None else (start, stop)
            whole = start == 0 and stop is None
            try:
                got = self._obs.get(self._clients.download, key, options=None if whole else {"range": wanted})
            except FileNotFoundError as error:
                _refuse_other(error)
                return None
            return got.range[1], got.stream(_CHUNK)

    def following(self, chunks: Iterator[bytes]) -> bytes:
        """The next chunk of a stream; empty at its end."""
        # That a stream breaks off says nothing of the store: it may have waited too long for whoever reads.
        with self._speaking("read"):
            return next(chunks, b"")

    def link(self, key: str, seconds: int) -> str | None:
        """A URL that anybody can get it from for a while; ``None`` where this store makes none."""
        stores = import_module("obstore.store")
        client = self._clients.quick
        if not isinstance(client, (stores.S3Store, stores.GCSStore, stores.AzureStore)):
            return None
        with self._asking("read"):
            return str(self._obs.sign(client, "GET", key, timedelta(seconds=seconds)))

    @contextmanager
    def _asking(self, doing: str) -> Iterator[None]:
        with self._speaking(doing), self._away.asking():
            yield

    @contextmanager
    def _speaking(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (self._obs.exceptions.BaseError, OSError, NotImplementedError) as error:
            what = said(error)
            raise trouble(doing, what) from what


def _refuse_other(error: FileNotFoundError) -> None:
    """It may be the bucket that is missing, and not the object."""
    if kind_of(error) is not ErrorKind.ABSENT:
        raise error


def _object(meta: Any) -> Object:
    return Object(meta["path"], meta["size"], meta["last_modified"].timestamp())
