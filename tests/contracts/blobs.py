"""What :mod:`reqpi.core.interfaces` promises of blobs."""

from __future__ import annotations

import os
from hashlib import sha256

from tests.contracts.case import MEBIBYTE, StoreCase, gathered, kept


class BlobsContract(StoreCase):
    """What :class:`reqpi.core.interfaces.Blobs` promises."""

    absent = sha256(b"absent").hexdigest()

    async def test_size_is_in_bytes(self) -> None:
        """The size of a blob that is here, 0 included, or None."""
        self.assertEqual(await self.store.size(await kept(self.store, b"four")), 4)
        self.assertEqual(await self.store.size(await kept(self.store, b"")), 0)
        self.assertIsNone(await self.store.size(self.absent))

    async def test_many_sizes_are_those_of_each(self) -> None:
        """The size of each blob that is here, and None for one that is not; no name is no error."""
        here, empty = await kept(self.store, b"four"), await kept(self.store, b"")
        self.assertEqual(await self.store.sizes(here, self.absent, empty, here), {here: 4, self.absent: None, empty: 0})
        self.assertEqual(await self.store.sizes(), {})
        await self.refused(ValueError, self.store.sizes(here, "../x"))

    async def test_a_blob_is_read_whole_in_pieces(self) -> None:
        """Pieces are at most 1 MiB, none is empty, and together they are the blob."""
        data = os.urandom(2 * MEBIBYTE + 17)
        pieces = await gathered(self.store.read(await kept(self.store, data)))
        self.assertEqual(b"".join(pieces), data)
        self.assertTrue(all(0 < len(piece) <= MEBIBYTE for piece in pieces))

    async def test_an_empty_blob_has_no_pieces(self) -> None:
        """To read nothing is no error."""
        self.assertEqual(await gathered(self.store.read(await kept(self.store, b""))), [])

    async def test_ranges_are_half_open(self) -> None:
        """From start, up to stop or the end; what is past the end is not there."""
        name = await kept(self.store, b"0123456789")
        for start, stop, expected in (
            (0, 4, b"0123"),
            (4, 5, b"4"),
            (7, None, b"789"),
            (7, 99, b"789"),
            (10, None, b""),
            (99, None, b""),
            (5, 5, b""),
            (5, 3, b""),
        ):
            self.assertEqual(b"".join(await gathered(self.store.read(name, start, stop))), expected, (start, stop))

    async def test_a_range_across_pieces_is_exact(self) -> None:
        """A range need not begin or end where a piece does."""
        data = os.urandom(3 * MEBIBYTE)
        name = await kept(self.store, data)
        pieces = await gathered(self.store.read(name, MEBIBYTE - 1, 2 * MEBIBYTE + 5))
        self.assertEqual(b"".join(pieces), data[MEBIBYTE - 1 : 2 * MEBIBYTE + 5])
        self.assertTrue(all(len(piece) <= MEBIBYTE for piece in pieces))

    async def test_ranges_count_from_the_beginning(self) -> None:
        """A negative number is the caller's mistake."""
        name = await kept(self.store, b"0123456789")
        await self.refused(ValueError, gathered(self.store.read(name, -3)))
        await self.refused(ValueError, gathered(self.store.read(name, 0, -3)))

    async def test_reading_what_is_not_here_is_a_key_error(self) -> None:
        """It is raised before the first piece, even for an empty range."""
        await self.refused(KeyError, gathered(self.store.read(self.absent)))
        await self.refused(KeyError, gathered(self.store.read(self.absent, 5, 5)))

    async def test_a_read_goes_on_while_the_blob_is_removed(self) -> None:
        """What is being read stays readable to its end."""
        data = os.urandom(2 * MEBIBYTE)
        name = await kept(self.store, data)
        pieces = self.store.read(name)
        first = await anext(pieces)
        self.assertTrue(await self.store.remove(name, self.clock.now))
        self.assertIsNone(await self.store.size(name))
        self.assertEqual(first + b"".join(await gathered(pieces)), data)

    async def test_many_read_and_write_at_the_same_time(self) -> None:
        """Interleaved reads and writes of different blobs do not mix."""
        writers = [await self.store.begin() for _ in range(5)]
        for piece in range(3):
            for number, writer in enumerate(writers):
                await writer.write(b"%d.%d " % (number, piece))
        names = []
        for number, writer in enumerate(writers):
            names.append(sha256(b"%d.0 %d.1 %d.2 " % ((number,) * 3)).hexdigest())
            await writer.keep(names[-1])
            await writer.discard()
        for number, name in enumerate(names):
            self.assertEqual(await gathered(self.store.read(name)), [b"%d.0 %d.1 %d.2 " % ((number,) * 3)])

    async def test_an_unused_blob_is_removed(self) -> None:
        """It was here and is gone now; the second time it was not here."""
        name = await kept(self.store, b"bytes")
        self.assertTrue(await self.store.remove(name, self.clock.now))
        self.assertIsNone(await self.store.size(name))
        self.assertEqual(await gathered(self.store.all()), [])
        self.assertFalse(await self.store.remove(name, self.clock.now))

    async def test_a_blob_kept_later_is_not_removed(self) -> None:
        """To keep it is to need it."""
        name = await kept(self.store, b"bytes")
        self.assertFalse(await self.store.remove(name, self.clock.now - 1))
        self.assertEqual(await self.store.size(name), 5)

    async def test_a_blob_touched_later_is_not_removed(self) -> None:
        """A touch holds off every sweep whose moment is before it."""
        name = await kept(self.store, b"bytes")
        self.clock.now += 100
        await self.store.touch(name)
        self.assertFalse(await self.store.remove(name, self.clock.now - 1))
        self.assertTrue(await self.store.remove(name, self.clock.now))

    async def test_several_blobs_are_touched_at_once(self) -> None:
        """Those that are here, whatever else is named; and none is no error."""
        names = [await kept(self.store, content) for content in (b"one", b"two")]
        self.clock.now += 100
        await self.store.touch(names[0], self.absent, names[1])
        await self.store.touch()
        for name in names:
            self.assertFalse(await self.store.remove(name, self.clock.now - 1))

    async def test_keeping_it_again_counts_as_a_touch(self) -> None:
        """Who brings a blob that is there already needs it as much."""
        name = await kept(self.store, b"bytes")
        self.clock.now += 100
        await kept(self.store, b"bytes")
        self.assertFalse(await self.store.remove(name, self.clock.now - 1))

    async def test_reading_is_not_touching(self) -> None:
        """Only who says so needs a blob."""
        name = await kept(self.store, b"bytes")
        self.clock.now += 100
        await gathered(self.store.read(name))
        await self.store.size(name)
        self.assertTrue(await self.store.remove(name, self.clock.now - 1))

    async def test_what_is_wrong_goes_though_it_is_needed(self) -> None:
        """To mend is to remove, whoever touched it a moment ago; until nothing is left, where there were copies."""
        name = await kept(self.store, b"bytes")
        self.clock.now += 100
        await self.store.touch(name)
        self.assertTrue(await self.store.repair(name))
        await self.store.repair(name)
        self.assertIsNone(await self.store.size(name))
        self.assertFalse(await self.store.repair(name))
        self.assertEqual(await kept(self.store, b"bytes"), name)

    async def test_a_blob_that_is_a_file_can_be_opened(self) -> None:
        """It stays readable to its end where it is removed meanwhile; and a store that has no files says so."""
        name = await kept(self.store, b"some bytes")
        file = await self.store.local(name)
        if file is not None:
            await self.store.repair(name)
            with file:
                self.assertEqual(file.read(), b"some bytes")
        self.assertIsNone(await self.store.local("0" * 64))
        await self.refused(ValueError, self.store.local("../etc/passwd"))

    async def test_the_identity_of_a_blob_stays_while_its_bytes_do(self) -> None:
        """It has the size, and reading the blob does not change it."""
        name = await kept(self.store, b"some bytes")
        identity = await self.store.identity(name)
        assert identity is not None
        self.assertEqual(identity.size, 10)
        self.assertEqual(await gathered(self.store.read(name, 5, None, identity)), [b"bytes"])
        self.assertEqual({identity, await self.store.identity(name)}, {identity})

    async def test_what_is_not_here_has_no_identity(self) -> None:
        """As it has no size."""
        self.assertIsNone(await self.store.identity(self.absent))
        await self.refused(ValueError, self.store.identity("../etc/passwd"))

    async def test_the_identity_of_a_blob_that_is_sent_next(self) -> None:
        """It is one with which the blob can be read, whatever size was expected, and none for what is not here."""
        name = await kept(self.store, b"some bytes")
        for size in (10, 5, 1 << 30, None):
            identity = await self.store.identity_to_send(name, size)
            assert identity is not None
            self.assertEqual(await gathered(self.store.read(name, identity=identity)), [b"some bytes"])
        for size in (10, None):
            self.assertIsNone(await self.store.identity_to_send(self.absent, size))
            await self.refused(ValueError, self.store.identity_to_send("../etc/passwd", size))

    async def test_a_blob_of_another_identity_is_not_read(self) -> None:
        """It is as if it were not here; that is known before the first piece."""
        name = await kept(self.store, b"some bytes")
        other = await self.store.identity(await kept(self.store, b"other bytes"))
        await self.refused(KeyError, gathered(self.store.read(name, identity=other)))
        await self.refused(KeyError, gathered(self.store.read(name, 2, 3, other)))
        self.assertIsNone(await self.store.local(name, other))

    async def test_a_link_is_of_a_sha256(self) -> None:
        """And is a URL, where there are links at all."""
        link = await self.store.link(await kept(self.store, b"bytes"), 60)
        self.assertTrue(link is None or link.startswith(("http://", "https://")))
        await self.refused(ValueError, self.store.link("../etc/passwd", 60))
        await self.refused(ValueError, self.store.repair("../etc/passwd"))

    async def test_touching_what_is_not_here_does_nothing(self) -> None:
        """It is no error, and makes no blob."""
        await self.store.touch(self.absent)
        self.assertIsNone(await self.store.size(self.absent))

    async def test_a_removed_blob_can_come_back(self) -> None:
        """After a removal the same bytes are kept anew."""
        name = await kept(self.store, b"bytes")
        await self.store.remove(name, self.clock.now)
        self.assertEqual(await kept(self.store, b"bytes"), name)
        self.assertEqual(await gathered(self.store.read(name)), [b"bytes"])

    async def test_all_names_every_blob_once(self) -> None:
        """In any order; records are not among them."""
        names = {await kept(self.store, b"%d" % number) for number in range(20)}
        await self.store.create("locks/" + self.absent, b"record")
        found = await gathered(self.store.all())
        self.assertEqual(sorted(found), sorted(names))

    async def test_the_sizes_are_those_of_everything_in_the_store(self) -> None:
        """At least its bytes; a store may need some more for each thing."""
        before = [size async for size in self.store.occupied()]
        await kept(self.store, b"blob" * 1000)
        await self.store.create("locks/a", b"record" * 100)
        sizes = [size async for size in self.store.occupied()]
        self.assertEqual(len(sizes), len(before) + 2)
        self.assertTrue(4600 <= sum(sizes) - sum(before) <= 1 << 20, sizes)
