"""An LRU cache of values that were computed from other values, and are valid for these very objects alone."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar
from weakref import ref

from reqpi.runtime.lru import LruCache

__all__ = ["DerivedCache"]

_V = TypeVar("_V")


class DerivedCache(Generic[_V]):
    """Recently computed values, each derived from a source: a commitment, or one of its pages.

    A value is valid for the very object that it was computed from: a lock that was swept and committed again is read
    again, and is another object. Sources are referenced weakly: the cache that they come from decides how many of them
    stay in memory.

    :param bound: the greatest sum of the weights of the values, in the unit of the weights.
    """

    def __init__(self, bound: int) -> None:
        self._values: LruCache[Hashable, tuple[ref[object], _V]] = LruCache(bound)

    def get(self, source: object, key: Hashable) -> _V | None:
        """Return the value for ``key`` if it was derived from ``source``; otherwise ``None``.

        :param key: names the value among those of all sources, so it contains an address.
        """
        found = self._values.get(key)
        return found[1] if found is not None and found[0]() is source else None

    def put(self, source: object, key: Hashable, value: _V, weight: int) -> None:
        """Keep a value; see :meth:`reqpi.runtime.lru.LruCache.put`."""
        self._values.put(key, (ref(source), value), weight)
