"""A neighbour with a token that is limited or cannot commit, who uses a run of an address."""

from __future__ import annotations

import json

from reqpi.shelf.runs import Runs
from reqpi.web.routes import Root
from tests.attacks.test_neighbour_token_limits import LimitsCase
from tests.web.case import WHEEL


class RunLimitsTests(LimitsCase):
    """The upstreams have a login, and the pages of the lock are not frozen."""

    def made_root(self) -> Root:
        super().made_root()
        runs = Runs(self.store, self.clock, "tests")
        return Root(self.services(), self.base, self.ready_answers, access=self.access, runs=runs)

    async def begun(self, name: str) -> str:
        reply = await self.as_client(name, f"/{self.address}/runs", "POST", b"")
        self.assertEqual(reply.status, 201, reply)
        return f"/runs/{json.loads(reply.body)['token']}"

    async def test_a_client_that_may_not_commit_begins_and_ends_no_run(self) -> None:
        """The neighbour writes to the store."""
        run = await self.begun("free")
        for path, method in ((f"/{self.address}/runs", "POST"), (run, "DELETE")):
            self.assertIn((await self.as_client("reader", path, method, b"")).status, (401, 403))
            self.assertIn((await self.ask(path, method, b"")).status, (401, 403))

    async def test_no_request_has_the_upstream_asked(self) -> None:
        """The neighbour has the server use its login by way of a run: its own one, or one that it was given."""
        runs = [await self.begun("corp-only"), await self.begun("free")]
        for run in runs:
            for name in ("", "reader", "corp-only"):
                for path in ("/simple/six/", "//simple///SIX", f"/simple/six/{WHEEL}", f"/simple/six/{WHEEL}.metadata"):
                    reply = await (self.as_client(name, f"{run}{path}") if name else self.ask(f"{run}{path}"))
                    self.assertEqual(reply.status, 503, (name, path, reply.body))
                    self.assertIn("not frozen yet", reply.body.decode())
        self.assertEqual(self.upstream.asked, [])

    async def test_a_frozen_page_is_for_readers_of_a_run_too(self) -> None:
        """After a client that may commit the lock has asked for it."""
        run = await self.begun("free")
        self.assertEqual((await self.as_client("six-only", f"{run}/simple/six/")).status, 200)
        self.assertEqual((await self.as_client("reader", f"{run}/simple/six/")).status, 200)
