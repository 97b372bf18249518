"""A server with ``--require-hashes``: a lock that leaves bytes open is not committed."""

from __future__ import annotations

from reqpi.shelf.shelf import Shelf
from tests.distributions import digest_of
from tests.web.case import CONTENTS, WHEEL, WebCase


class RequireHashesTests(WebCase):
    """Two servers on one store; the one that is asked requires digests."""

    async def setUp(self) -> None:
        await super().setUp()
        self.shelf.commitments = Shelf(self.store, self.upstream, self.clock, "strict", require_hashes=True).commitments

    async def test_each_pin_without_a_digest_is_a_defect(self) -> None:
        reply = await self.ask("/locks", "POST", b"six==1.0\nattrs==25.1.0\n")
        problem = self.assert_problem(reply, 422, "the lock has 2 defects")
        self.assertEqual(problem["type"], "urn:reqpi:lock-defects")
        rows = [(defect["line"], defect["text"], defect["rule"]) for defect in problem["defects"]]
        self.assertEqual(rows, [(1, "six==1.0", "required-digest"), (2, "attrs==25.1.0", "required-digest")])
        self.assertEqual(len([name async for name in self.store.names("locks/")]), 1)

    async def test_a_lock_with_digests_is_committed(self) -> None:
        lock = f"six==1.0 --hash={digest_of(CONTENTS[WHEEL])}\n".encode()
        self.assertEqual((await self.ask("/locks", "POST", lock)).status, 201)

    async def test_a_lock_that_is_in_the_store_is_still_served(self) -> None:
        self.assertEqual((await self.ask(f"/{self.address}/simple/six/")).status, 200)
        self.assertEqual((await self.ask("/locks", "POST", b"six==1.0\n")).status, 422)
