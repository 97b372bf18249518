"""Holds of locks whose sdists need crates."""

from __future__ import annotations

import json
from typing import Any

from attrs import evolve
from twisted.internet import reactor
from twisted.internet.task import deferLater

from tests.crates_case import CratesCase
from tests.crates_registry import MadeCrate, crate_of_members
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

    async def test_a_crate_that_would_leave_its_folder_is_a_remark(self) -> None:
        """Its bytes are those that the Cargo.lock pins, so it is served; cargo and `fetch` refuse to unpack it."""
        crate = MadeCrate("made-words", "1.0.2", crate_of_members(("../evil", b"x"), ("made-words-1.0.2/x", b"")))
        self.registries.indexes["", "made-words"] = crate.line
        self.registries.contents["", "made-words", "1.0.2"] = crate.content
        self.offer("bad", maturin_sdist("bad", "1.0", crates=(crate,)))
        self.address = await self.committed("bad==1.0")
        verdict = await self.held()
        self.assertTrue(verdict["complete"], verdict)
        self.assertTrue([each for each in verdict["remarks"] if "cannot be unpacked" in each], verdict)

    async def test_a_client_that_builds_causes_the_comparison_too(self) -> None:
        deps = json.loads(GREET.line)["deps"]
        self.registries.indexes["", "made-words"] = evolve(WORDS, extra={"deps": deps}).line
        self.assertEqual((await self.take(WORDS)).status, 200)
        while not [each for each in self.logged if each.startswith("made-words-1.0.2.crate: ")]:
            await deferLater(reactor, 0.01)  # type: ignore[arg-type]


class WarningTests(CratesCase):
    """A commit looks for what nothing pins, as it looks for build requirements: in the background, and not for long."""

    def made_clock(self) -> Any:
        return reactor

    def pass_time(self) -> None:
        """Time passes by itself."""

    async def warnings(self, *lines: str, filters: str = "") -> list[str]:
        """Commit a lock, and return the warnings of the report on its build requirements."""
        self.address = await self.committed(*lines)
        reply = await self.ask(f"build-requirements?{filters}", Prefer="wait=20")
        return [each["message"] for each in json.loads(reply.body)["warnings"]]

    async def test_an_sdist_whose_crates_nothing_pins_is_a_warning(self) -> None:
        """The next commit has it at once."""
        self.offer("bare", maturin_sdist("bare", "1.0", lock=None))
        said = "only an sdist of it is admitted: it needs Rust and has no Cargo.lock"
        self.assertTrue([each for each in await self.warnings("bare==1.0") if each.startswith(said)])
        reply = await InMemory(self.site).ask("/locks", "POST", b"bare==1.0\n")
        notes = [each for each in json.loads(reply.body)["warnings"] if each["message"].startswith(said)]
        self.assertEqual([(each["line"], each["text"]) for each in notes], [(1, "bare==1.0")])

    async def test_an_sdist_with_a_lock_or_a_wheel_is_none(self) -> None:
        """Nor is one beside a committed Cargo.lock."""
        wheel = Distribution("bare-1.0-py3-none-any.whl", build_wheel("bare", "1.0"))
        self.offer("bare", maturin_sdist("bare", "1.0", lock=None), wheel)
        for lines in (("shout==1.0",), ("bare==1.0",)):
            self.assertEqual([each for each in await self.warnings(*lines) if "Rust" in each], [])
        self.assertIn("needs Rust", str(await self.warnings("bare==1.0", filters="no-binary=bare")))
        self.address = await self.committed_together("bare==1.0\n", cargo_lock("bare", "1.0.0"))
        reply = await self.ask("build-requirements?no-binary=bare", Prefer="wait=20")
        self.assertNotIn(b"needs Rust", reply.body)
