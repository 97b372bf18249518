"""The marks of use over an object store: many users, slow and dead removers, and what a mark costs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from reqpi.core.errors import StoreTrouble
from reqpi.storage.objects.client import ObjectClient
from reqpi.storage.objects.keys import record_key, removing_folder, used_key
from reqpi.storage.objects.usage import PATIENCE, VOID, UsageMarks
from tests.storage.usage_case import (
    KEY,
    LONG_AGO,
    NOW,
    TIMEOUT,
    PresenceCase,
)


class CrowdTests(PresenceCase):
    """Many at once, in no order at all."""

    def test_what_is_said_to_be_here_is_here(self) -> None:
        """A remover whose limit is before the use never removes the object."""
        for number in range(100):
            key = record_key(f"crowd/{number}")
            self.objects.put(key, b"")
            self.objects.put(used_key(key), repr(LONG_AGO).encode())
            self.assertEqual(self.crowd(key), self.objects.get(key) is not None)

    def crowd(self, key: str) -> bool:
        """Return the result of a use that meets two removers."""
        together = threading.Barrier(3)

        def remove() -> None:
            together.wait(TIMEOUT)
            UsageMarks(self.objects, self.clock, 0).remove(key, NOW - 1)

        def wait(seconds: float) -> None:
            for remover in removers:
                remover.join(TIMEOUT)

        removers = [threading.Thread(target=remove) for _ in range(2)]
        for remover in removers:
            remover.start()
        together.wait(TIMEOUT)
        here = UsageMarks(self.objects, self.clock, 0, wait).use(key)
        wait(0)
        return here


class RemoverTests(PresenceCase):
    """Removers that do not come to their end."""

    def setUp(self) -> None:
        super().setUp()
        self.word = f"{removing_folder(KEY)}/{NOW:.0f}.01234567"

    def test_who_uses_it_waits_for_a_remover_for_some_seconds(self) -> None:
        """And not longer: it may have died, or be slow."""
        self.objects.put(self.word, b"")
        trouble = self.assertRaises(StoreTrouble, self.presence.use, KEY)
        self.assertEqual(str(trouble), "another process is removing this: Try again.")
        self.assertEqual(sum(self.slept), 10)
        self.assertEqual(self.words(), [self.word])

    def test_the_word_of_a_dead_remover_is_void(self) -> None:
        """The process that finds it deletes it."""
        self.objects.put(self.word, b"")
        self.clock.now += VOID + 1
        self.assertTrue(self.presence.use(KEY))
        self.assertEqual((self.slept, self.words()), ([], []))

    def test_a_word_from_a_wrong_clock_is_void(self) -> None:
        """No one waits for a claim from the future or without a timestamp."""
        for word in (f"{NOW + VOID + 1:.0f}.01234567", "rubbish", "-1.01234567"):
            self.objects.put(f"{removing_folder(KEY)}/{word}", b"")
        self.assertTrue(self.presence.use(KEY))
        self.assertEqual((self.slept, self.words()), ([], []))

    def test_a_remover_that_was_slow_gives_up(self) -> None:
        """Others may take its word for void soon."""
        put = ObjectClient.put

        def slow(objects: ObjectClient, key: str, value: bytes) -> None:
            put(objects, key, value)
            self.clock.now += PATIENCE + 1

        self.patch(ObjectClient, "put", slow)
        self.assertFalse(self.presence.remove(KEY, NOW - 1))
        self.assertEqual((self.objects.get(KEY), self.words()), (b"first", []))

    def test_a_deletion_whose_answer_is_lost_keeps_users_away(self) -> None:
        """It may be carried out later: its word stays until that is out of the question."""
        delete = ObjectClient.delete

        def lost(objects: ObjectClient, key: str) -> None:
            if key == KEY:
                raise StoreTrouble("no answer")
            delete(objects, key)

        self.patch(ObjectClient, "delete", lost)
        self.assertRaises(StoreTrouble, self.presence.remove, KEY, NOW - 1)
        self.assertEqual(len(self.words()), 1)
        self.assertRaises(StoreTrouble, self.presence.use, KEY)

    def test_a_remover_that_cannot_look_takes_its_word_back(self) -> None:
        """It deletes nothing, so no one has to wait."""
        look, looks = ObjectClient.look, [True, False]

        def failing(objects: ObjectClient, key: str) -> Any:
            if looks.pop(0):
                return look(objects, key)
            raise StoreTrouble("no answer")

        self.patch(ObjectClient, "look", failing)
        self.assertRaises(StoreTrouble, self.presence.remove, KEY, NOW - 1)
        self.patch(ObjectClient, "look", look)
        self.assertEqual((self.objects.get(KEY), self.words()), (b"first", []))

    def test_what_is_in_use_costs_a_remover_two_requests(self) -> None:
        """A sweep asks of everything; most of it is in use."""
        self.presence.use(KEY)
        self.patch(ObjectClient, "put", lambda *_: self.fail("it said that it removes"))
        self.assertFalse(self.presence.remove(KEY, NOW - 1))


class MarkerTests(PresenceCase):
    """When an object was used last."""

    def test_without_a_marker_the_moment_it_was_written_counts(self) -> None:
        """Whoever put it there may have died before it could say more."""
        found = self.objects.look(KEY)
        assert found is not None
        for marker in (None, b"", b"rubbish", b"\xff"):
            self.objects.delete(used_key(KEY))
            if marker is not None:
                self.objects.put(used_key(KEY), marker)
            self.assertEqual(self.presence.last_used(KEY), found.modified)

    def test_a_marker_alone_is_nothing(self) -> None:
        """An object that does not exist has no last use."""
        self.objects.delete(KEY)
        self.assertIsNone(self.presence.last_used(KEY))
        self.assertFalse(self.presence.remove(KEY, NOW))

    def test_moments_are_kept_to_the_last_digit(self) -> None:
        """A time is read as it was written."""
        self.clock.now = 1_700_000_000.123457
        self.presence.use(KEY)
        self.assertEqual(self.presence.last_used(KEY), 1_700_000_000.123457)


class CoarseTests(PresenceCase):
    """A use that was recorded recently is not recorded again."""

    def setUp(self) -> None:
        super().setUp()
        self.presence = UsageMarks(self.objects, self.clock, 60, self.slept.append)
        self.presence.use(KEY)
        self.asked: list[str] = []
        for verb in ("look", "get", "put", "delete", "listed"):
            self.patch(ObjectClient, verb, partial(self.counted, verb, getattr(ObjectClient, verb)))

    def counted(self, verb: str, call: Callable[..., Any], *args: Any) -> Any:
        self.asked.append(verb)
        return call(self.objects, *args)

    def test_a_touch_asks_nothing_for_half_an_hour(self) -> None:
        """For thirty times as long as a use: a sweep spares what was used in the hour before it."""
        self.clock.now += 1799
        self.presence.touch(KEY)
        self.assertEqual(self.asked, [])
        self.clock.now += 1
        self.presence.touch(KEY)
        self.assertEqual(self.asked, ["look", "put", "listed", "look"])

    def test_a_use_asks_whether_it_is_here(self) -> None:
        """Another process may have removed it, whatever is remembered."""
        self.assertTrue(self.presence.use(KEY))
        self.assertEqual(self.asked, ["look"])
        UsageMarks(self.objects, self.clock, 0).remove(KEY, NOW)
        self.assertFalse(self.presence.use(KEY))

    def test_what_went_and_came_back_is_noted(self) -> None:
        """That it was noted before is forgotten with it."""
        self.presence.remove(KEY, NOW)
        self.objects.put(KEY, b"again")
        self.presence.touch(KEY)
        self.assertEqual(self.presence.last_used(KEY), NOW)
