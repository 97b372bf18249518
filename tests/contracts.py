"""What :mod:`reqpi.core.interfaces` promises of a store, as tests that every store runs."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Coroutine
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from reqpi.core.interfaces import Incoming, Store

if TYPE_CHECKING:
    from twisted.trial.unittest import TestCase
else:
    TestCase = object

MEBIBYTE = 1024 * 1024


class SetClock:
    """A clock that stands where it is set."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        """The moment it was set to, in seconds since the epoch."""
        return self.now


async def gathered(things: AsyncIterator[Any]) -> list[Any]:
    """All that an asynchronous iterator yields."""
    return [thing async for thing in things]


async def incoming(store: Store, *pieces: bytes) -> Incoming:
    """A blob that is written, and not kept."""
    blob = await store.begin()
    for piece in pieces:
        await blob.write(piece)
    return blob


async def kept(store: Store, data: bytes) -> str:
    """The sha256 of a blob that is kept."""
    name = sha256(data).hexdigest()
    blob = await incoming(store, data)
    await blob.keep(name)
    await blob.discard()
    return name


class StoreCase(TestCase):
    """What the contracts have in common.

    A test of one store sets :attr:`store`, opened, with :attr:`clock` as its clock.
    """

    store: Store
    clock: SetClock

    async def refused(self, error: type[Exception], call: Coroutine[Any, Any, object]) -> None:
        """Fail unless the call raises this error."""
        try:
            await call
        except error:
            return
        self.fail(f"it did not raise {error.__name__}")


class IncomingContract(StoreCase):
    """What :class:`reqpi.core.interfaces.Incoming` promises."""

    async def test_written_pieces_are_appended(self) -> None:
        """The size counts the bytes, and they are in the order they were written."""
        blob = await self.store.begin()
        self.assertEqual(blob.size, 0)
        await blob.write(b"one")
        self.assertEqual(blob.size, 3)
        await blob.write(b"")
        await blob.write(b"two")
        self.assertEqual(blob.size, 6)
        self.assertEqual(await blob.read(0, 6), b"onetwo")
        await blob.discard()

    async def test_it_can_be_read_while_it_grows(self) -> None:
        """Any range that is written can be read, before more is written."""
        blob = await incoming(self.store, b"0123456789")
        self.assertEqual(await blob.read(2, 5), b"234")
        await blob.write(b"abc")
        self.assertEqual(await blob.read(9, 13), b"9abc")
        self.assertEqual(await blob.read(13, 13), b"")
        await blob.discard()

    async def test_bytes_that_are_not_written_cannot_be_read(self) -> None:
        """A range beyond what is written is the caller's mistake, never a short answer."""
        blob = await incoming(self.store, b"0123")
        for start, stop in ((0, 5), (-1, 2), (3, 2)):
            await self.refused(ValueError, blob.read(start, stop))
        await blob.discard()

    async def test_it_is_nothing_to_others_until_it_is_kept(self) -> None:
        """What is written, not kept, is not among the blobs."""
        name = sha256(b"bytes").hexdigest()
        blob = await incoming(self.store, b"bytes")
        self.assertIsNone(await self.store.size(name))
        self.assertEqual(await gathered(self.store.all()), [])
        await blob.keep(name)
        self.assertEqual(await self.store.size(name), 5)
        await blob.discard()

    async def test_it_can_be_read_after_it_is_kept(self) -> None:
        """The bytes stay readable from here until they are discarded, even if the blob is removed."""
        name = sha256(b"bytes").hexdigest()
        blob = await incoming(self.store, b"bytes")
        await blob.keep(name)
        self.assertEqual(await blob.read(1, 4), b"yte")
        await self.store.remove(name, self.clock.now)
        self.assertEqual(await blob.read(1, 4), b"yte")
        await blob.discard()

    async def test_keeping_what_is_there_already_is_no_error(self) -> None:
        """Two that bring the same blob both succeed, and it is there once."""
        name = sha256(b"bytes").hexdigest()
        first, second = [await incoming(self.store, b"bytes") for _ in range(2)]
        await first.keep(name)
        await second.keep(name)
        await first.discard()
        await second.discard()
        self.assertEqual(await gathered(self.store.all()), [name])
        self.assertEqual(await gathered(self.store.read(name)), [b"bytes"])

    async def test_only_a_sha256_names_a_blob(self) -> None:
        """Nothing else is ever made a path or a key of."""
        blob = await incoming(self.store, b"bytes")
        for name in ("", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 65, "a" * 64 + "\n", "é" * 64):
            await self.refused(ValueError, blob.keep(name))
            await self.refused(ValueError, self.store.size(name))
            await self.refused(ValueError, self.store.touch(name))
            await self.refused(ValueError, self.store.remove(name, 0))
            await self.refused(ValueError, gathered(self.store.read(name)))
        await blob.discard()

    async def test_discarding_forgets_it(self) -> None:
        """A discarded blob is gone; discarding again does nothing."""
        blob = await incoming(self.store, b"bytes")
        await blob.discard()
        await blob.discard()
        self.assertEqual(await gathered(self.store.all()), [])

    async def test_discarding_leaves_the_kept_blob(self) -> None:
        """After it is kept, to discard it frees what it holds and no more."""
        name = sha256(b"bytes").hexdigest()
        blob = await incoming(self.store, b"bytes")
        await blob.keep(name)
        await blob.discard()
        await blob.discard()
        self.assertEqual(await gathered(self.store.read(name)), [b"bytes"])


class ClaimContract(StoreCase):
    """What :meth:`reqpi.core.interfaces.Blobs.claim` and ``follow`` promise."""

    name = sha256(b"what says which blob it is").hexdigest()

    async def claimed(self) -> Incoming:
        claimed = await self.store.claim(self.name)
        assert claimed is not None
        return claimed

    async def test_a_claim_is_of_one(self) -> None:
        """Until it is discarded."""
        first = await self.claimed()
        self.assertIsNone(await self.store.claim(self.name))
        await first.discard()
        second = await self.claimed()
        await first.discard()
        self.assertIsNone(await self.store.claim(self.name))
        await second.discard()

    async def test_what_is_kept_is_claimed_no_more(self) -> None:
        """Though its bytes may still be read from there."""
        first = await self.claimed()
        await first.expect(5)
        await first.write(b"bytes")
        await first.keep(sha256(b"bytes").hexdigest())
        second = await self.claimed()
        self.assertEqual(await first.read(0, 5), b"bytes")
        await first.discard()
        self.assertIsNone(await self.store.claim(self.name))
        await second.discard()
        self.assertEqual(await gathered(self.store.read(sha256(b"bytes").hexdigest())), [b"bytes"])

    async def test_nobody_follows_what_nobody_claimed(self) -> None:
        """Or claims no more."""
        self.assertIsNone(await self.store.follow(self.name))
        await (await self.claimed()).discard()
        self.assertIsNone(await self.store.follow(self.name))

    async def test_only_a_sha256_names_a_claim(self) -> None:
        """It becomes a path."""
        for name in ("", "../x", "A" * 64):
            await self.refused(ValueError, self.store.claim(name))
            await self.refused(ValueError, self.store.follow(name))


class BlobsContract(StoreCase):
    """What :class:`reqpi.core.interfaces.Blobs` promises."""

    absent = sha256(b"absent").hexdigest()

    async def test_size_is_in_bytes(self) -> None:
        """The size of a blob that is here, 0 included, or None."""
        self.assertEqual(await self.store.size(await kept(self.store, b"four")), 4)
        self.assertEqual(await self.store.size(await kept(self.store, b"")), 0)
        self.assertIsNone(await self.store.size(self.absent))

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


class RecordsContract(StoreCase):
    """What :class:`reqpi.core.interfaces.Records` promises."""

    async def test_a_record_that_is_not_there_is_none(self) -> None:
        """Absent is None, empty is empty."""
        self.assertIsNone(await self.store.get("locks/absent"))
        await self.store.create("locks/empty", b"")
        self.assertEqual(await self.store.get("locks/empty"), b"")

    async def test_the_first_to_create_wins(self) -> None:
        """Each is told what stands, and that never changes."""
        self.assertEqual(await self.store.create("frozen/a", b"first"), b"first")
        self.assertEqual(await self.store.create("frozen/a", b"second"), b"first")
        self.assertEqual(await self.store.get("frozen/a"), b"first")

    async def test_replacing_goes_over_what_was_there(self) -> None:
        """Whether or not there was something; shorter and longer."""
        for value in (b"first", b"a longer second", b"3"):
            await self.store.replace("state/a", value)
            self.assertEqual(await self.store.get("state/a"), value)

    async def test_records_of_some_mebibytes_are_whole(self) -> None:
        """Every byte value, many of them."""
        value = bytes(range(256)) * 4096 * 5
        self.assertEqual(await self.store.create("locks/large", value), value)
        self.assertEqual(await self.store.get("locks/large"), value)

    async def test_deleting_removes(self) -> None:
        """It is gone, may be deleted again, and be created anew."""
        await self.store.create("locks/a", b"first")
        await self.store.delete("locks/a")
        self.assertIsNone(await self.store.get("locks/a"))
        self.assertEqual(await gathered(self.store.names("locks/")), [])
        await self.store.delete("locks/a")
        self.assertEqual(await self.store.create("locks/a", b"second"), b"second")

    async def test_deleting_leaves_the_neighbours(self) -> None:
        """Neither what is beside it nor what is below its name goes with it."""
        for name in ("a", "a/b", "a/b/c", "a/d"):
            await self.store.create(name, name.encode())
        await self.store.delete("a/b")
        self.assertEqual([await self.store.get(name) for name in ("a", "a/b/c", "a/d")], [b"a", b"a/b/c", b"a/d"])

    async def test_a_name_may_begin_with_another(self) -> None:
        """A record and records below its name stand side by side, whichever came first."""
        for name in ("a", "a/b", "c/d", "c"):
            self.assertEqual(await self.store.create(name, name.encode()), name.encode())
        self.assertEqual(
            [await self.store.get(name) for name in ("a", "a/b", "c/d", "c")], [b"a", b"a/b", b"c/d", b"c"]
        )

    async def test_names_may_be_long(self) -> None:
        """A project's name may have more characters than a file's, and names that begin alike stay apart."""
        names = ["frozen/" + "a" * length for length in (199, 200, 201, 255, 256, 400, 401, 800)]
        names += ["frozen/" + "a" * 400 + "/b", "frozen/" + "a" * 200 + "/" + "a" * 200]
        for name in names:
            await self.store.create(name, name.encode())
        self.assertEqual([await self.store.get(name) for name in names], [name.encode() for name in names])
        self.assertEqual(sorted(await gathered(self.store.names("frozen/"))), sorted(names))
        self.assertEqual(await gathered(self.store.names("frozen/" + "a" * 400 + "/")), ["frozen/" + "a" * 400 + "/b"])

    async def test_names_with_dots_and_dashes_stay_apart(self) -> None:
        """What file systems or URLs might take for the same is not."""
        names = ["p/a", "p/a.", "p/a..", "p/a-", "p/-a", "p/-", "p/a.b", "p/a-b", "p/con", "p/0"]
        for name in names:
            await self.store.create(name, name.encode())
        self.assertEqual([await self.store.get(name) for name in names], [name.encode() for name in names])
        self.assertEqual(sorted(await gathered(self.store.names("p/"))), sorted(names))

    async def test_other_names_are_refused(self) -> None:
        """By every verb, before anything is read or written."""
        bad = ["", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/./b", ".a", "a/.b", "A", "a_b", "a b", "a\n"]
        bad += ["a\0b", "a\\b", "é", "a/../../b", "a:b", "a%2fb", "a" * 901]
        for name in bad:
            await self.refused(ValueError, self.store.get(name))
            await self.refused(ValueError, self.store.create(name, b""))
            await self.refused(ValueError, self.store.replace(name, b""))
            await self.refused(ValueError, self.store.delete(name))
            await self.refused(ValueError, self.store.use(name))
            await self.refused(ValueError, self.store.last_used(name))

    async def test_names_below_a_prefix_are_whole(self) -> None:
        """At any depth, each once; not the prefix itself, nor names that only begin alike."""
        for name in ("a", "a/b", "a/c/d", "a/c/e/f", "ab", "ab/c", "b/a/c"):
            await self.store.create(name, b"")
        self.assertEqual(sorted(await gathered(self.store.names("a/"))), ["a/b", "a/c/d", "a/c/e/f"])
        self.assertEqual(sorted(await gathered(self.store.names("a/c/"))), ["a/c/d", "a/c/e/f"])
        self.assertEqual(await gathered(self.store.names("nothing/here/")), [])

    async def test_a_prefix_ends_in_a_slash(self) -> None:
        """Anything else is the caller's mistake."""
        for prefix in ("", "a", "/", "../", "a//"):
            await self.refused(ValueError, gathered(self.store.names(prefix)))

    async def test_records_may_go_while_their_names_are_listed(self) -> None:
        """A sweep deletes as it walks, and still sees every name that stays."""
        names = [f"locks/{number}/lock" for number in range(50)]
        for name in names:
            await self.store.create(name, b"")
        seen = []
        async for name in self.store.names("locks/"):
            seen.append(name)
            await self.store.delete(name)
        self.assertEqual(sorted(seen), sorted(names))
        self.assertEqual(await gathered(self.store.names("locks/")), [])

    async def test_last_used_is_when_it_was_written(self) -> None:
        """Creating and replacing count as use; a creation that came too late does not."""
        await self.store.create("locks/a", b"first")
        self.assertEqual(await self.store.last_used("locks/a"), self.clock.now)
        self.clock.now += 100
        await self.store.create("locks/a", b"second")
        self.assertEqual(await self.store.last_used("locks/a"), self.clock.now - 100)
        await self.store.replace("locks/a", b"third")
        self.assertEqual(await self.store.last_used("locks/a"), self.clock.now)

    async def test_use_is_noted_and_changes_nothing_else(self) -> None:
        """To get is not to use."""
        await self.store.create("locks/a", b"value")
        self.clock.now += 100
        await self.store.get("locks/a")
        self.assertEqual(await self.store.last_used("locks/a"), self.clock.now - 100)
        await self.store.use("locks/a")
        self.assertEqual(await self.store.last_used("locks/a"), self.clock.now)
        self.assertEqual(await self.store.get("locks/a"), b"value")

    async def test_what_is_not_there_was_never_used(self) -> None:
        """To use it is no error, and makes no record; after a deletion it was never used either."""
        await self.store.use("locks/a")
        self.assertIsNone(await self.store.last_used("locks/a"))
        self.assertIsNone(await self.store.get("locks/a"))
        await self.store.create("locks/a", b"")
        await self.store.delete("locks/a")
        self.assertIsNone(await self.store.last_used("locks/a"))


class StoreContract(IncomingContract, ClaimContract, BlobsContract, RecordsContract):
    """What :class:`reqpi.core.interfaces.Store` promises."""

    async def test_closed_and_opened_it_holds_what_it_held(self) -> None:
        """Blobs and records are at rest between openings; what was not kept is gone."""
        name = await kept(self.store, b"bytes")
        await self.store.create("locks/a", b"value")
        await (await incoming(self.store, b"unkept")).discard()
        await self.store.close()
        self.store.open()
        self.assertEqual(await gathered(self.store.read(name)), [b"bytes"])
        self.assertEqual(await self.store.get("locks/a"), b"value")
        self.assertEqual(await gathered(self.store.all()), [name])
