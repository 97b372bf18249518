"""A neighbour who uses the crates of runs for more than they are."""

from __future__ import annotations

from reqpi.core.errors import StoreTrouble
from tests.crates_registry import build_crate
from tests.rust_sdists import WORDS, maturin_sdist
from tests.web.in_memory import InMemory
from tests.web.test_crates_runs import CrateRunsCase

OTHER = build_crate("other-words", "1.0.0")


class RunCrateTests(CrateRunsCase):
    """Another lock has another crate."""

    async def setUp(self) -> None:
        await super().setUp()
        self.registries.add(OTHER)
        self.offer("other", maturin_sdist("other", crates=(OTHER,)))
        self.other = await self.committed("other==1.0")

    async def test_a_run_gives_no_crate_of_another_address(self) -> None:
        """The neighbour asks his run for a crate that another lock has."""
        path = f"dl/{OTHER.name}/{OTHER.version}/{OTHER.sha256}.crate"
        self.assertEqual((await InMemory(self.site).ask(f"/{self.other}/crates/{path}")).status, 200)
        for tried in (
            f"crates/{path}",
            f"crates/../../{self.other}/crates/{path}",
            f"crates/..%2f..%2f{self.other}%2fcrates%2f{path}",
            f"{self.other}/crates/{path}",
            "crates/ot/he/other-words",
        ):
            reply = await self.in_run(tried)
            self.assertIn(reply.status, (403, 404, 410), tried)
            self.assertNotEqual(reply.body, OTHER.content)

    async def test_a_token_is_no_address_and_an_address_is_no_token(self) -> None:
        """The neighbour has one of the two, and tries it as the other."""
        token = self.run_path.rpartition("/")[2]
        path = f"crates/dl/{WORDS.name}/{WORDS.version}/{WORDS.sha256}.crate"
        self.assertEqual((await InMemory(self.site).ask(f"/{token}/{path}")).status, 404)
        for wrong in (self.address, "0" * 32, token.upper(), token[:31]):
            reply = await InMemory(self.site).ask(f"/runs/{wrong}/{path}")
            self.assertEqual(reply.status, 410)
            self.assertIn(b"no such run", reply.body)

    async def test_no_crate_is_sent_that_the_receipt_does_not_have(self) -> None:
        """The store cannot be written any more when the neighbour takes a crate."""
        await self.take(WORDS)

        async def full(*_: object) -> None:
            raise StoreTrouble("the disk is full")

        self.patch(self.store, "create", full)
        reply = await self.take_in_run(WORDS)
        self.assertEqual(reply.status, 503, reply)
        self.assertNotEqual(reply.body, WORDS.content)

    async def test_a_crate_below_the_address_is_in_no_receipt(self) -> None:
        """The neighbour adds to a receipt whose token he does not have."""
        await self.take(WORDS)
        await self.ask("crates/se/rd/serde")
        receipt = await self.receipt()
        self.assertEqual((receipt.taken, receipt.refused), ((), ()))
