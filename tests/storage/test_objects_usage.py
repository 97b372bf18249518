"""Using and removing at the same time, each step of both in every order that matters."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import StoreTrouble
from reqpi.storage.objects import usage as presences
from reqpi.storage.objects.blobs import ObjectBlobs
from reqpi.storage.objects.client import ObjectClient
from reqpi.storage.objects.connect import Connection
from reqpi.storage.objects.keys import record_key, removing_folder, used_key
from reqpi.storage.objects.records import ObjectRecords
from reqpi.storage.objects.usage import PATIENCE, VOID, UsageMarks
from tests.contracts import SetClock, kept
from tests.storage.inline import inline, run
from tests.storage.scratch import scratch
from tests.storage.test_objects import in_memory

NAME = "locks/a"
KEY = record_key(NAME)
LONG_AGO, NOW = 1_000_000.0, 2_000_000.0
TIMEOUT = 20.0
"""Seconds after which a step that is not taken fails the test."""

SAYS_SO = ["remover gets the marker", "remover puts the word"]
LOOKS = "remover gets the marker"
REMOVES = [*SAYS_SO, LOOKS]
"""The steps of a remover up to its decision: it looks, writes its claim, and looks again."""
DELETES = ["remover deletes the object", "remover deletes the marker", "remover deletes the word"]


class Script:
    """Steps that are taken in this order, by any actor. Other steps are taken at once."""

    def __init__(self, steps: list[str]) -> None:
        self.left = list(steps)
        self._turn = threading.Condition()

    def take(self, step: str, act: Callable[[], Any]) -> Any:
        """Wait for the turn of this step, take it, and let the next one come."""
        with self._turn:
            if step not in self.left:
                return act()
            if not self._turn.wait_for(lambda: self.left[0] == step, TIMEOUT):
                raise AssertionError(f"{step}: it is never its turn, {self.left} are left")
        try:
            return act()
        finally:
            with self._turn:
                self.left.pop(0)
                self._turn.notify_all()


class Acting(ObjectClient):
    """An ObjectClient for one named actor, whose steps follow a script."""

    def __init__(self, connect: Callable[[], Connection], name: str, script: Script) -> None:
        super().__init__(connect)
        self._name = name
        self._script = script
        self.open()

    def _step(self, verb: str, key: str, act: Callable[[], Any]) -> Any:
        whats = {"used": "marker", "removing": "word"}
        return self._script.take(f"{self._name} {verb} the {whats.get(key.partition('/')[0], 'object')}", act)

    def get(self, key: str) -> Any:
        return self._step("gets", key, partial(super().get, key))

    def look(self, key: str) -> Any:
        return self._step("looks for", key, partial(super().look, key))

    def put(self, key: str, value: bytes) -> Any:
        return self._step("puts", key, partial(super().put, key, value))

    def create(self, key: str, value: bytes) -> Any:
        return self._step("creates", key, partial(super().create, key, value))

    def upload(self, key: str, path: Path, size: int) -> Any:
        return self._step("uploads", key, partial(super().upload, key, path, size))

    def delete(self, key: str) -> Any:
        return self._step("deletes", key, partial(super().delete, key))

    def listed(self, folder: str) -> Any:
        listed = super().listed
        return iter(self._step("lists", folder, lambda: list(listed(folder))))


class PresenceCase(SynchronousTestCase):
    """A record that was used long ago."""

    def setUp(self) -> None:
        self.connect = in_memory()
        self.clock = SetClock(LONG_AGO)
        self.objects = ObjectClient(self.connect)
        self.objects.open()
        self.slept: list[float] = []
        self.presence = UsageMarks(self.objects, self.clock, 0, self.slept.append)
        self.records = ObjectRecords(self.objects, self.presence, inline)
        run(self.records.create(NAME, b"first"))
        self.clock.now = NOW

    def words(self) -> list[str]:
        return [each.key for each in self.objects.listed("removing")]


class RaceCase(PresenceCase):
    """Two that do the contrary, each in its thread, step by step."""

    def race(self, steps: list[str], **acts: Callable[[Acting, UsageMarks], Any]) -> dict[str, Any]:
        """Return the results of the acts, by actor, when they take these steps in this order."""
        script, gave = Script(steps), {}

        def act(name: str) -> None:
            objects = Acting(self.connect, name, script)
            sleep = partial(script.take, f"{name} waits", lambda: None)
            presence = UsageMarks(objects, self.clock, 0, lambda _: sleep())
            try:
                gave[name] = acts[name](objects, presence)
            except Exception as error:
                gave[name] = error

        threads = [threading.Thread(target=act, args=(name,), name=name) for name in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(TIMEOUT)
        self.assertEqual(script.left, [])
        self.assertEqual(self.words(), [])
        return gave


def remove(objects: Acting, presence: UsageMarks) -> bool:
    return presence.remove(KEY, NOW - 1)


def use(objects: Acting, presence: UsageMarks) -> bool:
    return presence.use(KEY)


def create(objects: Acting, presence: UsageMarks) -> bytes:
    return run(ObjectRecords(objects, presence, inline).create(NAME, b"second"))


def replace(objects: Acting, presence: UsageMarks) -> None:
    run(ObjectRecords(objects, presence, inline).replace(NAME, b"second"))


class RacesTests(RaceCase):
    """At least one of a remover and a user sees the other."""

    def test_a_use_before_the_remover_looks_is_seen_by_it(self) -> None:
        """The remover lets it be; the user waits until that is done."""
        steps = ["user looks for the object", *SAYS_SO, "user puts the marker", "user lists the word", LOOKS]
        gave = self.race([*steps, "remover deletes the word", "user waits"], remover=remove, user=use)
        self.assertEqual(gave, {"remover": False, "user": True})
        self.assertEqual(self.objects.get(KEY), b"first")
        self.assertEqual(self.presence.last_used(KEY), NOW)

    def test_a_use_after_the_remover_looked_sees_the_remover(self) -> None:
        """The user waits, and learns that the object is gone; its marker is removed too."""
        steps = ["user looks for the object", *REMOVES, "user puts the marker", "user lists the word"]
        gave = self.race([*steps, *DELETES, "user waits"], remover=remove, user=use)
        self.assertEqual(gave, {"remover": True, "user": False})
        self.assertIsNone(self.objects.get(used_key(KEY)))

    def test_a_use_between_the_deletions_leaves_no_marker(self) -> None:
        """It was written after the remover took the old one away."""
        steps = ["user looks for the object", *REMOVES, *DELETES[:2], "user puts the marker", DELETES[2]]
        gave = self.race([*steps, "user lists the word"], remover=remove, user=use)
        self.assertEqual(gave, {"remover": True, "user": False})
        self.assertIsNone(self.objects.get(used_key(KEY)))

    def test_a_use_that_ends_before_the_remover_says_so_is_seen(self) -> None:
        """The remover found it unused before, and looks again."""
        steps = [SAYS_SO[0], "user puts the marker", "user lists the word", SAYS_SO[1], LOOKS]
        gave = self.race(steps, remover=remove, user=use)
        self.assertEqual(gave, {"remover": False, "user": True})

    def test_what_is_replaced_meanwhile_is_written_again(self) -> None:
        """The remover removes the new value with the old one, and the writer checks for that."""
        steps = [
            *REMOVES,
            "user puts the object",
            "user puts the marker",
            "user lists the word",
            *DELETES,
            "user waits",
        ]
        gave = self.race(steps, remover=remove, user=replace)
        self.assertEqual(gave, {"remover": True, "user": None})
        self.assertEqual(self.objects.get(KEY), b"second")

    def test_what_is_created_while_it_is_removed_stays(self) -> None:
        """Whoever created it waits for the remover, and looks."""
        steps = [*REMOVES, DELETES[0], "user gets the object", "user creates the object", "user puts the marker"]
        steps += ["user lists the word", *DELETES[1:], "user waits"]
        gave = self.race(steps, remover=remove, user=create)
        self.assertEqual(gave, {"remover": True, "user": b"second"})
        self.assertEqual(self.objects.get(KEY), b"second")

    def test_of_two_removers_the_later_waits_for_one_that_has_looked(self) -> None:
        """Its word sorts first, but the other cannot know: what is gone by then it does not report."""
        self.patch(presences, "token_hex", lambda _: threading.current_thread().name)
        steps = ["slow gets the marker", "slow puts the word", "slow lists the word", "slow gets the marker"]
        steps += [*SAYS_SO, "remover lists the word"]
        steps += ["slow deletes the object", "slow deletes the marker", "slow deletes the word", "remover waits"]
        gave = self.race(steps, remover=remove, slow=remove)
        self.assertEqual(gave, {"remover": False, "slow": True})

    def test_of_two_removers_the_one_whose_word_sorts_later_gives_way(self) -> None:
        """It waits for nothing."""
        self.patch(presences, "token_hex", lambda _: threading.current_thread().name)
        steps = [*SAYS_SO, "slow gets the marker", "slow puts the word", "slow lists the word", "slow deletes the word"]
        gave = self.race([*steps, "remover lists the word", LOOKS, *DELETES], remover=remove, slow=remove)
        self.assertEqual(gave, {"remover": True, "slow": False})
        self.assertIsNone(self.objects.get(KEY))


class BlobRacesTests(RaceCase):
    """The same, of a blob."""

    def test_a_blob_that_is_removed_while_it_is_kept_is_uploaded_again(self) -> None:
        """A process that found the object, and so did not upload it, checks again when the remover is done."""
        spool = scratch(self)
        self.clock.now = LONG_AGO
        sha256 = run(kept(ObjectBlobs(self.objects, self.presence, spool, inline), b"bytes"))
        self.clock.now = NOW

        def keep(objects: Acting, presence: UsageMarks) -> str:
            return run(kept(ObjectBlobs(objects, presence, spool, inline), b"bytes"))

        def remove(objects: Acting, presence: UsageMarks) -> bool:
            return run(ObjectBlobs(objects, presence, spool, inline).remove(sha256, NOW - 1))

        steps = ["user looks for the object", *REMOVES, "user puts the marker", "user lists the word", *DELETES]
        gave = self.race([*steps, "user waits", "user uploads the object"], remover=remove, user=keep)
        self.assertEqual(gave, {"remover": True, "user": sha256})
        blobs = ObjectBlobs(self.objects, self.presence, spool, inline)
        self.assertEqual(run(blobs.size(sha256)), 5)
        self.assertFalse(run(blobs.remove(sha256, NOW - 1)))


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

    def test_a_touch_asks_nothing(self) -> None:
        """For as long as was said, and not longer."""
        self.clock.now += 59
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
