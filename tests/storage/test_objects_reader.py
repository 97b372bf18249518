"""Reading continues where a connection broke off."""

from __future__ import annotations

import os

from reqpi.core.errors import StoreTrouble
from reqpi.runtime.fair_share import FairShare
from reqpi.storage.objects.reader import PIECE, ObjectReader
from tests.storage.test_objects_opening import ROOT, FakeS3Case

DATA = os.urandom(3_000_000)


def read(reading: ObjectReader) -> bytes:
    """All that it gives."""
    pieces = []
    while piece := reading.piece():
        assert len(piece) <= PIECE
        pieces.append(piece)
    return b"".join(pieces)


class ReadingTests(FakeS3Case):
    """A reader gets every byte, once and in order, or an error."""

    def setUp(self) -> None:
        super().setUp()
        self.server.held[f"{ROOT}key"] = DATA, 0.0

    def test_one_request_is_enough(self) -> None:
        """For all of an object."""
        self.assertEqual(read(ObjectReader(self.objects(), "key")), DATA)
        self.assertEqual(self.server.asked, ["GET"])

    def test_a_range_takes_a_look_at_the_size(self) -> None:
        """Bytes past the end are not requested."""
        self.assertEqual(read(ObjectReader(self.objects(), "key", 100, 5_000_000)), DATA[100:])
        self.assertEqual(self.server.asked, ["HEAD", "GET bytes=100-2999999"])

    def test_streams_that_break_off_are_resumed(self) -> None:
        """However often, as long as some bytes come each time."""
        self.server.breaks_after = 170_000
        self.assertEqual(read(ObjectReader(self.objects(), "key")), DATA)
        self.assertGreater(len(self.server.asked), 16)

    def test_ranges_that_break_off_are_resumed(self) -> None:
        """To where they end, and no further."""
        self.server.breaks_after = 170_000
        self.assertEqual(read(ObjectReader(self.objects(), "key", 5, 2_000_000)), DATA[5:2_000_000])

    def test_many_readers_ask_for_a_bite_each(self) -> None:
        """A stream holds what came and was not read: of a crowd, none has one that goes to the end."""
        bites = FairShare(1 << 17, 1 << 22, 1 << 21)
        with bites.reader(), bites.reader():
            self.assertEqual(read(ObjectReader(self.objects(), "key", bites=bites)), DATA)
        self.assertEqual(
            self.server.asked,
            ["HEAD", "GET bytes=0-1048575", "GET bytes=1048576-2097151", "GET bytes=2097152-2999999"],
        )

    def test_without_any_progress_it_is_trouble(self) -> None:
        """The number of attempts is bounded."""
        objects = self.objects()
        reading = ObjectReader(objects, "key")
        reading.piece()
        self.server.breaks_after = 0
        reading.close()
        self.assertRaises(StoreTrouble, read, reading)
        # That one stream breaks off does not keep others from asking.
        self.assertIsNotNone(objects.look("key"))

    def test_what_is_gone_when_it_is_resumed_is_trouble(self) -> None:
        """A cut file would be worse than none."""
        reading = ObjectReader(self.objects(), "key")
        reading.piece()
        del self.server.held[f"{ROOT}key"]
        reading.close()
        trouble = self.assertRaises(StoreTrouble, read, reading)
        self.assertEqual(trouble.title, "a file in the store is gone")

    def test_what_is_not_there_is_a_key_error(self) -> None:
        """For ranges too, empty ones among them."""
        for start, stop in ((0, None), (5, None), (5, 5), (0, 0)):
            self.assertRaises(KeyError, ObjectReader, self.objects(), "absent", start, stop)
