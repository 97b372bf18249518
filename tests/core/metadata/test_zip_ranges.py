"""Zip archives by ranges: sparse files. The plans are tested with wheels and with sdists."""

from __future__ import annotations

import io
import random

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.metadata.zip_ranges import MissingRange, SparseFile


class SparseFiles(SynchronousTestCase):
    """A sparse file gives what it has, and says what it lacks."""

    def test_what_was_filled_in_can_be_read(self) -> None:
        file = SparseFile(10)
        file.fill(2, b"cde")
        file.seek(3)
        self.assertEqual((file.read(2), file.tell()), (b"de", 5))

    def test_what_is_missing_is_named_and_the_position_stays(self) -> None:
        file = SparseFile(10)
        file.fill(4, b"ef")
        for start, size, missing in (
            (0, 2, (0, 2)),
            (0, 5, (0, 4)),
            (5, 3, (6, 8)),
            (5, -1, (6, 10)),
            (0, 10, (0, 10)),
        ):
            file.seek(start)
            error = self.assertRaises(MissingRange, file.read, size)
            self.assertEqual((error.start, error.stop, file.tell()), (*missing, start))

    def test_pieces_in_any_order_make_one(self) -> None:
        """Against a model: whatever was filled in, in whatever pieces, reads as it was."""
        content = random.Random(64).randbytes(64)
        for seed in range(50):
            dice = random.Random(seed)
            file, known = SparseFile(64), set[int]()
            for _ in range(8):
                start, stop = sorted(dice.choices(range(65), k=2))
                file.fill(start, content[start:stop])
                known |= set(range(start, stop))
                self.assertEqual(file.held, len(known))
                begin, end = sorted(dice.choices(range(65), k=2))
                file.seek(begin)
                if known >= set(range(begin, end)):
                    self.assertEqual(file.read(end - begin), content[begin:end])
                else:
                    error = self.assertRaises(MissingRange, file.read, end - begin)
                    lacking = set(range(begin, end)) - known
                    self.assertEqual((error.start, error.stop), (min(lacking), max(lacking) + 1))

    def test_the_end_is_the_end(self) -> None:
        file = SparseFile(3)
        file.fill(0, b"abc")
        self.assertEqual((file.seek(-1, io.SEEK_END), file.read(9), file.read()), (2, b"c", b""))
        self.assertEqual((file.seek(-3, io.SEEK_CUR), file.read()), (0, b"abc"))
        self.assertEqual((file.seek(7), file.read()), (7, b""))
        self.assertRaises(ValueError, file.seek, -1)
        self.assertRaises(ValueError, file.fill, 1, b"bcd")
        self.assertRaises(ValueError, file.fill, -1, b"b")
