"""The memory that many readers hold together is bounded."""

from __future__ import annotations

from contextlib import ExitStack

from twisted.trial.unittest import SynchronousTestCase

from reqpi.runtime.fair_share import FairShare


class FairShareTests(SynchronousTestCase):
    """The more readers, the smaller the pieces."""

    def setUp(self) -> None:
        self.pieces = FairShare()

    def test_few_readers_have_large_pieces(self) -> None:
        """The same holds for one whose others have gone."""
        with self.pieces.reader():
            self.assertEqual(self.pieces.size, 1 << 17)
        with ExitStack() as many:
            for _ in range(2000):
                many.enter_context(self.pieces.reader())
        self.assertEqual(self.pieces.size, 1 << 17)

    def test_all_together_hold_32_mib(self) -> None:
        """Up to 2,000 readers; past that each has 16 KiB."""
        with ExitStack() as many:
            for count in range(1, 2001):
                many.enter_context(self.pieces.reader())
                self.assertLessEqual(self.pieces.size * count, 32 << 20)
            for _ in range(2000):
                many.enter_context(self.pieces.reader())
            self.assertEqual(self.pieces.size, 16 << 10)
