"""How far something is, in words."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.cli.progress import Pace, shown

MIB = 1 << 20


class ShownTests(SynchronousTestCase):
    """Files, bytes, speed, time left."""

    def test_all_of_it_where_all_is_known(self) -> None:
        self.assertEqual(
            shown((12, 61), 3 * MIB, 20 * MIB, 1.5 * MIB), "12 of 61 files, 3.0 MiB of 20.0 MiB, 1.5 MiB/s, 11 s left"
        )

    def test_what_is_not_known_is_left_out(self) -> None:
        self.assertEqual(shown((0, 0), 3 * MIB, 0, 0.0), "3.0 MiB")
        self.assertEqual(shown((1, 1), 3 * MIB, 3 * MIB, 2.0 * MIB), "1 of 1 file, 3.0 MiB, 2.0 MiB/s")

    def test_a_long_time_is_in_minutes_or_hours(self) -> None:
        self.assertTrue(shown((0, 1), 0, 600 * MIB, 5.0 * MIB).endswith(" 2 min left"))
        self.assertTrue(shown((0, 1), 0, 7200 * MIB, 1.0 * MIB).endswith(" 2 h 0 min left"))

    def test_the_pace_is_that_of_the_last_seconds(self) -> None:
        """What was there before says nothing about how fast the rest comes."""
        pace = Pace()
        self.assertEqual(pace.of(0.0, 500 * MIB), 0.0)
        self.assertEqual(pace.of(2.0, 502 * MIB), MIB)
        for second in range(3, 30):
            last = pace.of(float(second), (502 + 4 * (second - 2)) * MIB)
        self.assertEqual(last, 4 * MIB)
        self.assertEqual(pace.of(31.0, 0), 0.0)
