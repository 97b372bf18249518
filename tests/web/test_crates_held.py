"""Holds of locks whose sdists need crates."""

from __future__ import annotations

import json
from typing import Any

from attrs import evolve
from twisted.internet import reactor
from twisted.internet.task import deferLater

from tests.crates_case import CratesCase
from tests.fake_upstream import Distribution, build_wheel
from tests.rust_sdists import GREET, WORDS, cargo_lock, maturin_sdist
from tests.web.in_memory import InMemory


class HeldCratesTests(CratesCase):
    """The crates of sdists that have to be built belong to a hold."""

    def made_clock(self) -> Any:
        """A hold waits for threads: on a clock of the test's own, its patience would end while they work."""
        return reactor

    def pass_time(self) -> None:
        """Time passes by itself."""

    async def held(self, filters: str = "") -> dict[str, Any]:
        """Begin a hold, wait for its end, and return the verdict."""
        lock = (await self.ask("lock")).body
        reply = await InMemory(self.site).ask(f"/locks?hold=1{filters and '&' + filters}", "POST", lock)
        self.assertLess(reply.status, 300, reply)
        return await self.verdict(filters)

    async def verdict(self, filters: str = "") -> dict[str, Any]:
        while True:
            verdict: dict[str, Any] = json.loads((await self.ask(f"held?{filters}")).body)
            if not verdict["holding"]:
                return verdict
            await deferLater(reactor, 0.01)  # type: ignore[arg-type]

    async def test_a_hold_fetches_the_crates(self) -> None:
        verdict = await self.held()
        self.assertTrue(verdict["complete"], verdict)
        self.assertEqual((verdict["files"], verdict["held"]), (3, 3))
        self.assertIn({"platform": "crate", "files": 2, "held": 2}, verdict["platforms"])
        for crate in self.crates:
            self.assertIsNotNone(await self.store.size(crate.sha256))

    async def test_a_crate_that_is_missing_is_named_with_the_reason(self) -> None:
        del self.registries.contents["", "made-words", "1.0.2"]
        verdict = await self.held()
        self.assertFalse(verdict["complete"])
        (missing,) = verdict["missing"]
        self.assertEqual(missing["filename"], "made-words-1.0.2.crate")
        self.assertIn("made-words-1.0.2.crate", missing["reason"])

    async def test_crates_of_an_sdist_that_has_a_wheel_are_not_needed(self) -> None:
        """It blocks nothing; without the wheel it does."""
        wheel = Distribution("shout-1.0-py3-none-any.whl", build_wheel("shout", "1.0"))
        self.offer("shout", self.sdist, wheel)
        self.address = await self.committed("shout==1.0", "# with a wheel")
        verdict = await self.held()
        self.assertTrue(verdict["complete"], verdict)
        self.assertEqual(verdict["files"], 2)
        self.assertEqual(self.registries.asked, [])
        verdict = await self.held("no-binary=shout")
        self.assertEqual((verdict["complete"], verdict["files"]), (True, 3), verdict)

    async def test_an_sdist_without_a_cargo_lock_is_a_remark_and_a_warning_at_the_next_commit(self) -> None:
        self.offer("bare", maturin_sdist("bare", "1.0", lock=None))
        self.address = await self.committed("bare==1.0")
        verdict = await self.held()
        self.assertTrue(verdict["complete"], verdict)
        self.assertIn("bare-1.0.tar.gz: it needs Rust and has no Cargo.lock", verdict["remarks"][0])
        reply = await InMemory(self.site).ask("/locks", "POST", b"bare==1.0\n")
        warnings = [each["message"] for each in json.loads(reply.body)["warnings"]]
        self.assertTrue([each for each in warnings if "nothing pins its crates" in each], warnings)

    async def test_a_committed_cargo_lock_is_held(self) -> None:
        """Its crates belong to the lock, whatever the sdists are."""
        commitment, _ = await self.shelf.commit(cargo_lock("bare", "1.0.0").encode())
        self.address = commitment.address
        verdict = await self.held()
        self.assertEqual((verdict["complete"], verdict["held"]), (True, 2), verdict)

    async def test_a_line_that_differs_from_its_crate_is_a_remark(self) -> None:
        """The registry claims a dependency that the crate does not have."""
        deps = json.loads(GREET.line)["deps"]
        self.registries.indexes["", "made-words"] = evolve(WORDS, extra={"deps": deps}).line
        verdict = await self.held()
        self.assertTrue(verdict["complete"], verdict)
        self.assertTrue([each for each in verdict["remarks"] if each.startswith("made-words-1.0.2.crate: ")], verdict)
        self.assertTrue([each for each in self.logged if each.startswith("made-words-1.0.2.crate: ")], self.logged)

    async def test_a_client_that_builds_causes_the_comparison_too(self) -> None:
        deps = json.loads(GREET.line)["deps"]
        self.registries.indexes["", "made-words"] = evolve(WORDS, extra={"deps": deps}).line
        self.assertEqual((await self.take(WORDS)).status, 200)
        while not [each for each in self.logged if each.startswith("made-words-1.0.2.crate: ")]:
            await deferLater(reactor, 0.01)  # type: ignore[arg-type]
