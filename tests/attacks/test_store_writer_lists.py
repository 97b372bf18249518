"""Someone who can write to the store writes a frozen list, to have a file served that the lock does not admit."""

from __future__ import annotations

import hashlib

from attrs import evolve

from reqpi.core import frozen_pages
from reqpi.core.errors import NotAdmitted, StoreTrouble
from reqpi.core.model import Digest
from reqpi.shelf.records import page_record
from tests.contracts import kept
from tests.distributions import a_file, a_page
from tests.shelf.case import ShelfCase

RIGHT, WRONG = b"the right sdist", b"the wrong sdist"
SHA512 = hashlib.sha512(RIGHT).hexdigest()


class ListTests(ShelfCase):
    """The lock has a sha512 alone."""

    async def forged(self, lock: str) -> str:
        """Commit a lock, and store a list that claims to have measured wrong bytes; return the lock's address."""
        commitment = await self.committed(lock)
        digests = frozenset({Digest("sha256", await kept(self.store, WRONG)), Digest("sha512", SHA512)})
        file = evolve(a_file("six-1.0.tar.gz", WRONG, size=len(WRONG)), digests=digests, measured=True)
        await self.store.replace(page_record(commitment.address, "six"), frozen_pages.dump(a_page(file)))
        return commitment.address

    async def test_a_list_that_claims_the_sha512_of_other_bytes_serves_nothing(self) -> None:
        """Pair the sha512 that a lock demands with the sha256 of stored bytes."""
        address = await self.forged(f"six==1.0 --hash=sha512:{SHA512}")
        shelf = self.another_shelf()
        commitment = await shelf.commitment(address)
        await self.assert_raises(StoreTrouble, shelf.file(commitment, "six", "six-1.0.tar.gz"))
        await self.assert_raises(StoreTrouble, shelf.hold(commitment, "six", "six-1.0.tar.gz"))

    async def test_a_list_with_another_sha256_serves_nothing(self) -> None:
        """Name the sha256 of stored bytes, and claim that they were measured."""
        address = await self.forged(f"six==1.0 --hash=sha256:{hashlib.sha256(RIGHT).hexdigest()}")
        shelf = self.another_shelf()
        await self.assert_raises(NotAdmitted, shelf.file(await shelf.commitment(address), "six", "six-1.0.tar.gz"))

    async def test_bytes_that_have_the_sha512_are_served_after_a_restart(self) -> None:
        """Nothing is refused that was measured rightly before."""
        self.upstream.offer(a_page(file := a_file("six-1.0.tar.gz", RIGHT, size=len(RIGHT))), RIGHT)
        commitment = await self.committed(f"six==1.0 --hash=sha512:{SHA512}")
        for shelf in (self.shelf, self.another_shelf()):
            self.assertEqual(await self.taken(shelf, commitment, file.filename), RIGHT)
