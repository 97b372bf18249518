"""An LRU cache with a bound on the total weight of its entries."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

__all__ = ["LruCache"]

_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")


class LruCache(Generic[_K, _V]):
    """A mapping that drops the entries not used for longest, so that the weights add up to at most ``bound``.

    :param bound: in the unit of the weights, which is mostly bytes.
    """

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._weight = 0
        self._entries: OrderedDict[_K, tuple[_V, int]] = OrderedDict()

    @property
    def weight(self) -> int:
        """Total weight of all entries."""
        return self._weight

    def get(self, key: _K) -> _V | None:
        """Return the value, which is now the one used last; ``None`` if it is not, or no longer, in the cache."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def put(self, key: _K, value: _V, weight: int) -> None:
        """Keep ``value``, which weighs ``weight``. A value that is heavier than the bound is not kept."""
        self.drop(key)
        if weight > self._bound:
            return
        self._entries[key] = (value, weight)
        self._weight += weight
        while self._weight > self._bound:
            _, (_, oldest) = self._entries.popitem(last=False)
            self._weight -= oldest

    def drop(self, key: _K) -> None:
        """Drop the entry of this key, if there is one."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._weight -= entry[1]

    def keys(self) -> Iterable[_K]:
        """Return the keys, the one not used for longest first."""
        return self._entries.keys()

    def change(self, changed: Callable[[_V], _V]) -> None:
        """Replace each value by the result of ``changed``, which weighs as much."""
        for key, (value, weight) in self._entries.items():
            self._entries[key] = (changed(value), weight)

    def clear(self) -> None:
        """Drop all entries."""
        self._entries.clear()
        self._weight = 0
