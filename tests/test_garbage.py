"""The collector of cycles does not go through what is large and has none."""

from __future__ import annotations

import gc

from twisted.trial.unittest import SynchronousTestCase

from reqpi import garbage


class UnwatchedTests(SynchronousTestCase):
    """While values are made, and afterwards."""

    def setUp(self) -> None:
        self.addCleanup(gc.unfreeze)
        self.addCleanup(gc.enable)

    def test_nothing_is_collected_meanwhile_and_again_afterwards(self) -> None:
        with garbage.unwatched():
            self.assertFalse(gc.isenabled())
            with garbage.unwatched():
                pass
            self.assertFalse(gc.isenabled())
        self.assertTrue(gc.isenabled())

    def test_so_it_is_after_a_failure(self) -> None:
        with self.assertRaises(ZeroDivisionError), garbage.unwatched():
            raise ZeroDivisionError
        self.assertTrue(gc.isenabled())

    def test_what_was_made_is_left_out_of_later_rounds(self) -> None:
        gc.unfreeze()
        with garbage.unwatched():
            made = [[] for _ in range(10_000)]
        self.assertGreaterEqual(gc.get_freeze_count(), len(made))

    def test_all_is_gone_through_once_in_a_while(self) -> None:
        """What has become a circle by then is found."""
        counts = []
        for _ in range(1002):
            with garbage.unwatched():
                pass
            counts.append(gc.get_freeze_count())
        self.assertIn(0, counts)
