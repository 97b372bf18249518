"""The cyclic garbage collector does not traverse large structures without cycles."""

from __future__ import annotations

import gc
import weakref

from twisted.trial.unittest import SynchronousTestCase

from reqpi.runtime import gc_pause


class PausedTests(SynchronousTestCase):
    """While values are made, and afterwards."""

    def setUp(self) -> None:
        self.addCleanup(gc.unfreeze)
        self.addCleanup(gc.enable)

    def test_nothing_is_collected_meanwhile_and_again_afterwards(self) -> None:
        with gc_pause.paused():
            self.assertFalse(gc.isenabled())
            with gc_pause.paused():
                pass
            self.assertFalse(gc.isenabled())
        self.assertTrue(gc.isenabled())

    def test_so_it_is_after_a_failure(self) -> None:
        with self.assertRaises(ZeroDivisionError), gc_pause.paused():
            raise ZeroDivisionError
        self.assertTrue(gc.isenabled())

    def test_what_was_made_is_left_out_of_later_rounds(self) -> None:
        gc.unfreeze()
        with gc_pause.paused():
            made = [[] for _ in range(10_000)]
        self.assertGreaterEqual(gc.get_freeze_count(), len(made))

    def test_cycles_do_not_stay_forever(self) -> None:
        """However often the collector is paused. Otherwise excluded objects would never be collected."""
        left: set[int] = set()
        for number in range(2500):
            cycle = _Cycle()
            left.add(number)
            weakref.finalize(cycle, left.discard, number)
            del cycle
            with gc_pause.paused():
                pass
        self.assertLessEqual(len(left), 1001)


class _Cycle:
    def __init__(self) -> None:
        self.itself = self
