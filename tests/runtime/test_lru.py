"""The LRU cache keeps what was used last, within a bound."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.runtime.lru import LruCache


class LruCacheTests(SynchronousTestCase):
    """The weights add up to no more than the bound, and what was used last stays."""

    def setUp(self) -> None:
        self.cache: LruCache[str, int] = LruCache(10)

    def test_what_was_not_used_for_longest_is_forgotten_first(self) -> None:
        self.cache.put("a", 1, 4)
        self.cache.put("b", 2, 4)
        self.cache.get("a")
        self.cache.put("c", 3, 4)
        self.assertEqual([self.cache.get(key) for key in "abc"], [1, None, 3])

    def test_what_is_heavier_than_the_bound_is_not_kept_and_drives_nothing_out(self) -> None:
        self.cache.put("a", 1, 4)
        self.cache.put("b", 2, 11)
        self.assertEqual([self.cache.get(key) for key in "ab"], [1, None])

    def test_a_new_value_takes_the_place_and_the_weight_of_the_old(self) -> None:
        for value in range(10):
            self.cache.put("a", value, 6)
        self.cache.put("b", 1, 4)
        self.assertEqual([self.cache.get(key) for key in "ab"], [9, 1])

    def test_a_dropped_one_makes_room(self) -> None:
        self.cache.put("a", 1, 10)
        self.cache.drop("a")
        self.cache.drop("a")
        self.cache.put("b", 2, 10)
        self.assertEqual([self.cache.get(key) for key in "ab"], [None, 2])
