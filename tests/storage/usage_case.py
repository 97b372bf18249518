"""Actors whose steps follow a script, for the tests of using and removing at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from reqpi.storage.objects.client import ObjectClient
from reqpi.storage.objects.connect import Connection
from reqpi.storage.objects.keys import record_key
from reqpi.storage.objects.records import ObjectRecords
from reqpi.storage.objects.usage import UsageMarks
from tests.contracts import SetClock
from tests.storage.inline import inline, run
from tests.storage.test_objects import in_memory

NAME = "locks/a"
KEY = record_key(NAME)
LONG_AGO, NOW = 1_000_000.0, 2_000_000.0
TIMEOUT = 240.0
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
