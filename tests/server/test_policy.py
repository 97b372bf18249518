"""The policy of a server: its options, the file that is followed, and the gate of its shelf."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import evolve
from twisted.internet import reactor
from twisted.internet.task import Clock, deferLater
from twisted.logger import capturedLogs
from twisted.trial.unittest import TestCase

from reqpi.core.drift.finding import Finding
from reqpi.core.drift.report import DriftReport, UnknownDrift
from reqpi.core.errors import Misconfigured
from reqpi.core.policy.model import PolicyAction
from reqpi.server.advisories import FollowedAdvisories
from reqpi.server.policy import FollowedPolicy, policy_of
from reqpi.server.settings import Settings, settings_of
from reqpi.server.workers.handed import dumped, loaded
from reqpi.shelf.gate import OpenGate
from reqpi.shelf.shelf import Shelf
from reqpi.storage.memory import MemoryStore
from reqpi.web.http.only_client import OnlyClient
from tests.advisories import a_document, a_package, an_export
from tests.distributions import a_file, a_page
from tests.fake_index import PlainUpstream


class FollowedPolicyTests(TestCase):
    def setUp(self) -> None:
        self.path = Path(self.mktemp())
        self.exports = Path(self.mktemp())
        self.clock = Clock()
        self.shelf = Shelf(MemoryStore(self.clock.seconds), PlainUpstream(), self.clock, "tests")

    def write(self, text: str) -> None:
        new = self.path.with_name(f"{self.path.name}.new")
        new.write_text(text)
        os.replace(new, self.path)

    def followed(self, **settings: Any) -> FollowedPolicy:
        self.advisories = FollowedAdvisories(settings.get("advisories"))
        policy = policy_of(Settings(**settings), self.clock, self.shelf, PlainUpstream(), self.advisories)
        assert policy is not None
        return policy

    def action(self, followed: FollowedPolicy, rule: str = "yanked") -> PolicyAction:
        return followed.enforcement.policy.action(rule)

    async def test_a_changed_file_is_read_and_a_broken_one_changes_nothing(self) -> None:
        self.write('[refuse]\nyanked = "warn"\n')
        followed = self.followed(policy=self.path)
        self.assertEqual(self.action(followed), PolicyAction.WARN)
        self.write('[refuse]\nyanked = "deny"\n')
        await followed.refresh()
        self.assertEqual(self.action(followed), PolicyAction.DENY)
        self.write("[refuse]\nyanked = 1\nvirus = 2\n")
        with capturedLogs() as events:
            for _ in range(3):
                await followed.refresh()
        [event] = events
        self.assertIn("line 2: yanked: 1 is not an action: write off, warn or deny", str(event["error"]))
        self.assertIn("line 3: there is no 'virus'", str(event["error"]))
        self.assertEqual(self.action(followed), PolicyAction.DENY)
        self.path.unlink()
        with capturedLogs() as events:
            await followed.refresh()
        self.assertIn("cannot be read", str(events[0]["error"]))
        self.assertEqual(self.action(followed), PolicyAction.DENY)

    async def test_an_option_counts_more_than_the_file(self) -> None:
        self.write('[refuse]\nyanked = "deny"\ngone = "deny"\n[min-age]\nage = "7d"\n')
        values = {"refuse": ["yanked=warn", "malware"], "min-age": "12h=warn"}
        options = loaded(dumped(settings_of(values)))  # as a worker gets them
        followed = self.followed(policy=self.path, refuse=options.refuse, min_age=options.min_age)
        actions = [self.action(followed, rule) for rule in ("yanked", "gone", "malware", "vulnerable")]
        self.assertEqual(actions, ["warn", "deny", "deny", "off"])
        min_age = followed.enforcement.policy.min_age
        self.assertEqual(None if min_age is None else (min_age.text, min_age.action), ("12h", "warn"))

    def test_a_policy_that_cannot_be_used_stops_the_start(self) -> None:
        self.assertIn("cannot be read", str(self.assertRaises(Misconfigured, self.followed, policy=self.path)))
        self.write("[refuse]\nmalware = 1\n")
        self.assertIn("line 2", str(self.assertRaises(Misconfigured, self.followed, policy=self.path)))
        for values in ({"refuse": ["virus"]}, {"refuse": ["gone=maybe"]}, {"min-age": "soon"}):
            self.assertIn("write", str(self.assertRaises(Misconfigured, settings_of, values)))

    def test_a_server_inside_a_command_has_no_policy(self) -> None:
        settings = evolve(Settings(), only=OnlyClient("secret", None))  # type: ignore[arg-type]
        self.assertIsNone(policy_of(settings, self.clock, self.shelf, PlainUpstream(), FollowedAdvisories()))
        self.assertIsInstance(self.shelf.denials.gate, OpenGate)

    async def test_advisories_that_change_are_judged_by_at_once(self) -> None:
        self.exports.write_bytes(an_export([a_document("MAL-2026-2", a_package("other", versions=["1.0"]))]))
        followed = self.followed(advisories=self.exports, refuse=settings_of({"refuse": ["malware"]}).refuse)
        commitment, _ = await self.shelf.commit(b"six==1.0\n")
        document = a_document("MAL-2026-1", a_package("six", versions=["1.0"]))
        new = self.exports.with_name(f"{self.exports.name}.new")
        new.write_bytes(an_export([document]))
        os.replace(new, self.exports)
        await self.advisories.refresh()
        found = await followed.enforcement.check_lock(commitment.lock)
        self.assertIn("MAL-2026-1: The summary", found.defects[0].problem)

    async def test_what_a_round_finds_is_denied(self) -> None:
        """Also a release that no one has requested since the advisories know it."""
        page = a_page(a_file("six-1.0.tar.gz", b"six"))
        upstream = PlainUpstream()
        upstream.offer(page, b"six")
        self.shelf = Shelf(MemoryStore(self.clock.seconds), upstream, self.clock, "tests")
        followed = self.followed(refuse=settings_of({"refuse": ["yanked"]}).refuse)
        commitment, _ = await self.shelf.commit(b"six==1.0\n")
        await self.shelf.page(commitment, "six")
        found = Finding("yanked", "six", "1.0", "six-1.0.tar.gz", "wrong licence", "", "", "")
        for findings, denied in (((found,), 1), ((found,), 1), ((), 0)):
            followed.look(commitment, DriftReport(findings))
            await self.until(lambda denied=denied: len(self.shelf.denials.known) == denied)  # type: ignore[misc]
        unknown = UnknownDrift(commitment.lock.pins[0].project, "", "it does not answer")
        followed.look(commitment, DriftReport((found,)))
        await self.until(lambda: len(self.shelf.denials.known) == 1)
        await followed._look(commitment, DriftReport((), (unknown,)))
        self.assertEqual(len(self.shelf.denials.known), 1)

    async def until(self, done: Callable[[], bool]) -> None:
        while not done():
            await deferLater(reactor, 0.001)  # type: ignore[arg-type]
