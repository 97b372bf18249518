"""Little work is done at once, and much in a thread."""

from __future__ import annotations

import gc
from contextlib import suppress as suppressed  # trial takes a name `suppress` of a module for its own
from threading import current_thread, main_thread

from twisted.trial.unittest import TestCase

from reqpi.runtime.offload import Threshold, in_thread


def here() -> bool:
    """Return whether the caller runs in the reactor's thread."""
    return current_thread() is main_thread()


def scaled(number: int, *, by: int) -> int:
    """Divide."""
    return number // by


class ThresholdTests(TestCase):
    """What the reactor's thread does itself, and what is done without the collector."""

    threshold = Threshold(10, collecting=20)

    async def test_work_up_to_the_threshold_is_done_at_once(self) -> None:
        self.assertTrue(self.successResultOf(self.threshold.run(10, here)))

    async def test_work_above_the_threshold_is_done_in_a_thread(self) -> None:
        self.assertFalse(await self.threshold.run(11, here))

    async def test_arguments_and_results_are_passed_on_both_ways(self) -> None:
        self.assertEqual([await self.threshold.run(amount, scaled, 6, by=3) for amount in (1, 100)], [2, 2])

    async def test_an_error_is_that_of_the_awaited_work_both_ways(self) -> None:
        for amount in (1, 100):
            working = self.threshold.run(amount, scaled, 6, by=0)
            with self.assertRaises(ZeroDivisionError):
                await working

    async def test_the_collector_is_paused_for_much_work_alone(self) -> None:
        self.assertEqual(
            [await self.threshold.run(amount, gc.isenabled) for amount in (1, 20, 21)], [True, True, False]
        )
        self.assertTrue(gc.isenabled())

    async def test_the_collector_runs_if_no_pause_is_asked_for(self) -> None:
        self.assertTrue(await Threshold(10).run(1 << 40, gc.isenabled))

    async def test_a_call_in_a_thread_leaves_nothing_to_the_collector(self) -> None:
        """A server makes thousands of them, and a round of the collector stops it."""
        await in_thread(here)
        gc.collect()
        gc.disable()
        self.addCleanup(gc.enable)
        for _ in range(50):
            await in_thread(here)
            with suppressed(ZeroDivisionError):
                await in_thread(scaled, 1, by=0)
        self.assertLess(gc.collect(), 50)

    async def test_what_blocks_always_runs_in_a_thread(self) -> None:
        self.assertFalse(await in_thread(here))
