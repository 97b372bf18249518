"""A server with ``--require-hashes``: a lock that leaves bytes open is not committed."""

from __future__ import annotations

from pathlib import Path

from twisted.internet import reactor
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core import locks
from reqpi.server.server import assemble
from reqpi.server.settings import Settings
from reqpi.upstream.allowed.operator import AllowedUpstreams
from tests.distributions import digest_of
from tests.web.case import CONTENTS, WHEEL, WebCase


class RequireHashesTests(WebCase):
    """The operator requires digests, and has a lock from before."""

    async def setUp(self) -> None:
        await super().setUp()
        self.upstream.policy = AllowedUpstreams("https://upstream.example.org/simple", require_hashes=True).policy

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

    async def test_an_index_that_is_not_allowed_is_reported_too(self) -> None:
        reply = await self.ask("/locks", "POST", b"--index-url https://other.example.org/simple\nsix==1.0\n")
        rules = [defect["rule"] for defect in self.assert_problem(reply, 422)["defects"]]
        self.assertEqual(rules, ["unknown-upstream", "required-digest"])

    async def test_a_lock_that_is_in_the_store_is_still_served(self) -> None:
        self.assertEqual((await self.ask(f"/{self.address}/simple/six/")).status, 200)
        self.assertEqual((await self.ask("/locks", "POST", b"six==1.0\n")).status, 422)


class OptionTests(SynchronousTestCase):
    """The option reaches the policy, with an upstream and without one."""

    def test_the_setting_is_part_of_the_policy(self) -> None:
        lock = locks.read(b"six==1.0\n")
        for required in (False, True):
            for offline in (False, True):
                settings = Settings(
                    store=Path(self.mktemp()), upstream="http://127.0.0.1:9/", offline=offline, require_hashes=required
                )
                defects = assemble(settings, reactor)._services.upstream.denies(lock)
                self.assertEqual([defect.rule for defect in defects], ["required-digest"] * required)
