"""What :mod:`reqpi.core.interfaces` promises of a blob that is written, and of a claim to write it."""

from __future__ import annotations

from hashlib import sha256

from reqpi.core.interfaces import Incoming
from tests.contracts.case import StoreCase, gathered, incoming


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
