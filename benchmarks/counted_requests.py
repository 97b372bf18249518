"""The requests that an object store gets, counted by a proxy in front of it."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Self
from urllib.parse import unquote, urlsplit

from attrs import frozen

from benchmarks.passing import Passing

__all__ = ["CountedRequests", "Requests", "kind_of_request"]


@frozen
class Requests:
    """How many requests an object store got.

    :param counted: by method, which is ``LIST`` for a listing, and by the folder of the key.
    """

    counted: Mapping[tuple[str, str], int]

    @property
    def writes(self) -> int:
        """The requests that stores bill as writes: PUT, POST and LIST."""
        return sum(count for (method, _), count in self.counted.items() if method in ("PUT", "POST", "LIST"))

    @property
    def reads(self) -> int:
        """The requests that stores bill as reads: GET and HEAD."""
        return sum(count for (method, _), count in self.counted.items() if method in ("GET", "HEAD"))

    @property
    def all(self) -> int:
        """All of them, deletions included, which cost nothing."""
        return sum(self.counted.values())

    def __sub__(self, other: Requests) -> Requests:
        return Requests(Counter(self.counted) - Counter(other.counted))


class CountedRequests:
    """A context manager: a proxy that counts.

    :param port: of the object store, on loopback.
    :ivar url: the endpoint that a client uses instead of the store's own.
    """

    def __init__(self, port: int) -> None:
        self._counted: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self._passing = Passing(port, self._count)
        self.url = self._passing.url

    def __enter__(self) -> Self:
        self._passing.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._passing.__exit__()

    def read(self) -> Requests:
        """Return what was counted so far."""
        with self._lock:
            return Requests(dict(self._counted))

    def _count(self, _: int, head: bytes) -> None:
        method, target = head.split(b" ", 2)[:2]
        with self._lock:
            self._counted[kind_of_request(method.decode(), target.decode())] += 1


def kind_of_request(method: str, target: str) -> tuple[str, str]:
    """Return the method, ``LIST`` for a listing, and the folder of the key, such as ``records/frozen``.

    The bucket and a prefix of two parts come before the folder.
    """
    url = urlsplit(target)
    is_listing = method == "GET" and "list-type=2" in url.query
    prefix = re.search(r"(?:^|&)prefix=([^&]*)", url.query)
    key = unquote(prefix[1]) if is_listing and prefix else "/".join(unquote(url.path).split("/")[2:])
    parts = key.split("/")[2:]
    kept = 3 if parts and parts[0] in ("used", "removing") else 2
    return "LIST" if is_listing else method, "/".join(part for part in parts[:kept] if len(part) < 64)
