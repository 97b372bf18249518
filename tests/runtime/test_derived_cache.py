"""Values that are derived from others."""

from __future__ import annotations

import gc
from weakref import ref

from twisted.trial.unittest import SynchronousTestCase

from reqpi.runtime.derived_cache import DerivedCache


class Source:
    """Anything that can be referenced weakly."""


class DerivedCacheTests(SynchronousTestCase):
    """A value is found for its source, and for no other object under the same key."""

    def setUp(self) -> None:
        self.cache: DerivedCache[str] = DerivedCache(10)
        self.source = Source()

    def test_a_value_is_found_for_its_source_alone(self) -> None:
        self.cache.put(self.source, "key", "value", 1)
        self.assertEqual(self.cache.get(self.source, "key"), "value")
        self.assertIsNone(self.cache.get(self.source, "other"))
        self.assertIsNone(self.cache.get(Source(), "key"))

    def test_the_value_of_another_source_takes_its_place(self) -> None:
        later = Source()
        self.cache.put(self.source, "key", "value", 6)
        self.cache.put(later, "key", "later", 6)
        self.assertIsNone(self.cache.get(self.source, "key"))
        self.assertEqual(self.cache.get(later, "key"), "later")

    def test_it_keeps_no_source_in_memory(self) -> None:
        self.cache.put(self.source, "key", "value", 1)
        kept = ref(self.source)
        del self.source
        gc.collect()
        self.assertIsNone(kept())

    def test_the_weights_are_bounded(self) -> None:
        for key in ("one", "two"):
            self.cache.put(self.source, key, key, 6)
        self.assertEqual([self.cache.get(self.source, key) for key in ("one", "two")], [None, "two"])
