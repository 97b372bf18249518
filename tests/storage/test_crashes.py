"""A process may be killed at any time; the store stays intact."""

from __future__ import annotations

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.storage.child import called_apart
from tests.storage.scratch import scratch


class CrashTests(SynchronousTestCase):
    """Whatever step SIGKILL comes before, what is in place is whole, and nothing is left over."""

    def killed(self, work: str, least: int) -> list[dict[str, Any]]:
        """The states after each kill, which are at least so many; the last is the one that was not killed."""
        states = json.loads(called_apart("tests.storage.killing:killed_at_each_step", work, scratch(self)))
        self.assertGreater(len(states), least)
        self.assertTrue(states[-1]["finished"])
        for state in states:
            self.assertEqual((state["broken"], state["temporaries"]), ([], 0))
            self.assertNotIn("broken", state["records"].values())
        return states

    def test_a_blob_is_there_whole_or_not_at_all(self) -> None:
        """Killed while it is written and kept."""
        states = self.killed("keep", 8)
        self.assertEqual(states[0]["blobs"], ["old"])
        self.assertEqual(sorted(states[-1]["blobs"]), ["new", "old"])

    def test_a_record_is_created_whole_or_not_at_all(self) -> None:
        """Killed while it is created."""
        states = self.killed("create", 8)
        self.assertEqual(states[0]["records"], {"locks/old": "old"})
        self.assertEqual(states[-1]["records"], {"locks/old": "old", "locks/a/new": "new"})

    def test_a_record_is_the_old_or_the_new_while_it_is_replaced(self) -> None:
        """Killed while it is replaced: there is a record at any time."""
        states = self.killed("replace", 6)
        found = [state["records"]["locks/old"] for state in states]
        self.assertEqual((found[0], found[-1]), ("old", "new"))

    def test_a_record_is_there_or_not_while_it_is_deleted(self) -> None:
        """Killed while it is deleted."""
        states = self.killed("delete", 1)
        self.assertEqual((states[0]["records"], states[-1]["records"]), ({"locks/old": "old"}, {}))

    def test_a_blob_is_there_or_not_while_it_is_removed(self) -> None:
        """Killed while it is removed."""
        states = self.killed("remove", 1)
        self.assertEqual((states[0]["blobs"], states[-1]["blobs"]), (["old"], []))

    def test_a_store_that_was_half_made_is_made_whole(self) -> None:
        """Killed while the directory becomes a store: the next to open it goes on."""
        states = self.killed("found", 10)
        self.assertEqual(states[-1]["blobs"], [])
