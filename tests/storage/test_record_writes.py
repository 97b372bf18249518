"""Records that are written together: they wait for the disk together, and fail one by one."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import StoreFull, StoreTrouble
from reqpi.storage.directory.store import DirectoryStore
from tests.storage.child import called_apart
from tests.storage.inline import inline, run
from tests.storage.noting import note
from tests.storage.scratch import scratch


class TogetherCase(SynchronousTestCase):
    """A store whose writes wait in a thread until the test says so."""

    def setUp(self) -> None:
        self.path = scratch(self) / "store"
        self.threads: list[Deferred[None]] = []
        self.store = DirectoryStore(self.path, in_thread=self.in_thread)
        self.store.open()
        self.steps: list[str] = []

    async def in_thread(self, f: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self.threads.append(Deferred())
        await self.threads[-1]
        return f(*args, **kwargs)

    def together(self, *records: tuple[str, bytes], over: bool = False) -> list[Deferred[Any]]:
        """Write records together: behind one that is under way when they arrive."""
        write = self.store.replace if over else self.store.create
        first = Deferred.fromCoroutine(self.store.replace("first", b""))
        calls: list[Deferred[Any]] = [Deferred.fromCoroutine(write(*record)) for record in records]
        self.threads.pop(0).callback(None)
        self.successResultOf(first)
        self.assertEqual(len(self.threads), 1)
        self.steps.clear()
        self.threads.pop(0).callback(None)
        return calls

    def fail(self, name: str, number: int, when: Callable[..., bool]) -> None:
        """Make a function of the operating system fail for some arguments."""
        call = getattr(os, name)

        def failing(*args: Any, **kwargs: Any) -> Any:
            if when(*args):
                raise OSError(number, os.strerror(number))
            return call(*args, **kwargs)

        self.patch(os, name, failing)

    def stored(self, name: str) -> bytes | None:
        return run(DirectoryStore(self.path, in_thread=inline).get(name))

    def assert_no_temporaries(self) -> None:
        self.assertEqual(list((self.path / "incoming").iterdir()), [])


def bytes_of(descriptor: int) -> bytes:
    """The content of an open file; that of a folder is empty."""
    state = os.fstat(descriptor)
    return b"" if stat.S_ISDIR(state.st_mode) else os.pread(descriptor, state.st_size, 0)


class OrderTests(TogetherCase):
    """First all bytes are on the disk, then the files get their names, and then the names are on the disk."""

    def test_names_in_one_folder_are_flushed_once_for_all(self) -> None:
        run(DirectoryStore(self.path, in_thread=inline).create("locks/old", b"old"))
        note(self, self.steps, "fsync", lambda descriptor: f"sync {bytes_of(descriptor).decode() or 'folder'}")
        note(self, self.steps, "link", lambda _, target: f"name {Path(target).name}")
        calls = self.together(("locks/a", b"one"), ("locks/b", b"two"), ("locks/c", b"three"))
        self.assertEqual([self.successResultOf(call) for call in calls], [b"one", b"two", b"three"])
        flushed = ["sync one", "sync two", "sync three"]
        self.assertEqual(self.steps, [*flushed, "name a_", "name b_", "name c_", "sync folder"])
        self.assert_no_temporaries()

    def test_of_two_with_one_name_the_first_stands(self) -> None:
        calls = self.together(("locks/a", b"one"), ("locks/a", b"two"))
        self.assertEqual([self.successResultOf(call) for call in calls], [b"one", b"one"])
        self.assertEqual(self.stored("locks/a"), b"one")
        self.assert_no_temporaries()

    def test_of_two_that_replace_one_record_the_last_stands(self) -> None:
        calls = self.together(("locks/a", b"one"), ("locks/a", b"two"), over=True)
        for call in calls:
            self.successResultOf(call)
        self.assertEqual(self.stored("locks/a"), b"two")

    def test_a_record_that_stands_is_flushed_too(self) -> None:
        """It may be as new: another process may have had no time to flush its name."""
        run(DirectoryStore(self.path, in_thread=inline).create("locks/a", b"old"))
        note(self, self.steps, "fsync", lambda descriptor: f"sync {bytes_of(descriptor).decode() or 'folder'}")
        calls = self.together(("locks/a", b"one"), ("locks/b", b"two"))
        self.assertEqual([self.successResultOf(call) for call in calls], [b"old", b"two"])
        self.assertEqual(self.steps, ["sync two", "sync folder"])

    def test_where_the_system_takes_no_hints(self) -> None:
        """macOS has no posix_fadvise, and a file system may refuse it."""
        self.fail("posix_fadvise", errno.EINVAL, lambda *_: True)
        calls = self.together(("locks/a", b"one"), ("locks/b", b"two"))
        self.assertEqual([self.successResultOf(call) for call in calls], [b"one", b"two"])


class FaultTests(TogetherCase):
    """A fault fails the writes that it concerns, and no others."""

    def test_bytes_that_cannot_be_written_fail_one_record(self) -> None:
        for step, number, kind in (
            ("pwrite", errno.ENOSPC, StoreFull),
            ("pwrite", errno.EIO, StoreTrouble),
            ("fsync", errno.EIO, StoreTrouble),
            ("fsync", errno.ENOSPC, StoreFull),
        ):
            with self.subTest(step=step, number=number):
                folder = f"{step}-{number}"
                wrong = f"wrong {folder}".encode()
                if step == "pwrite":
                    self.fail(step, number, lambda _, data, *__, wrong=wrong: bytes(data) == wrong)
                else:
                    self.fail(step, number, lambda descriptor, wrong=wrong: bytes_of(descriptor) == wrong)
                calls = self.together((f"{folder}/a", b"one"), (f"{folder}/b", wrong), (f"{folder}/c", b"three"))
                self.assertEqual(self.successResultOf(calls[0]), b"one")
                self.assertIs(type(self.failureResultOf(calls[1]).value), kind)
                self.assertEqual(self.successResultOf(calls[2]), b"three")
                stored = [self.stored(f"{folder}/{name}") for name in "abc"]
                self.assertEqual(stored, [b"one", None, b"three"])
                self.assert_no_temporaries()

    def test_a_name_that_cannot_be_given_fails_one_record(self) -> None:
        self.fail("link", errno.EDQUOT, lambda _, target: Path(target).name == "b_")
        calls = self.together(("locks/a", b"one"), ("locks/b", b"two"))
        self.assertEqual(self.successResultOf(calls[0]), b"one")
        self.failureResultOf(calls[1], StoreFull)
        self.assertIsNone(self.stored("locks/b"))
        self.assert_no_temporaries()

    def test_names_that_cannot_be_flushed_fail_all_in_their_folder(self) -> None:
        """None of them may be relied on. Those in another folder are on the disk."""
        earlier = DirectoryStore(self.path, in_thread=inline)
        for name in ("broken/old", "sound/old"):
            run(earlier.create(name, b"old"))
        broken = (self.path / "records" / "broken").stat().st_ino
        self.fail("fsync", errno.EIO, lambda descriptor: os.fstat(descriptor).st_ino == broken)
        calls = self.together(("broken/a", b"one"), ("sound/b", b"two"), ("broken/old", b"new"), ("broken/c", b"three"))
        self.assertEqual(self.successResultOf(calls[1]), b"two")
        errors = [self.failureResultOf(calls[number], StoreTrouble).value for number in (0, 2, 3)]
        self.assertEqual(len(set(map(id, errors))), 3)  # each has frames of its own
        self.assert_no_temporaries()

    def test_a_record_that_cannot_be_read_fails_alone(self) -> None:
        (self.path / "records" / "a_").mkdir()
        calls = self.together(("a", b"one"), ("b", b"two"))
        self.failureResultOf(calls[0], StoreTrouble)
        self.assertEqual(self.successResultOf(calls[1]), b"two")


class CrashTests(SynchronousTestCase):
    """Whatever step SIGKILL comes before, each record is there whole or not at all."""

    def test_killed_while_three_records_are_written_together(self) -> None:
        output = called_apart("tests.storage.killing:killed_at_each_step", "create_together", scratch(self))
        states = json.loads(output)
        self.assertGreater(len(states), 20)
        self.assertTrue(states[-1]["finished"])
        for state in states:
            self.assertEqual((state["broken"], state["temporaries"]), ([], 0))
            self.assertNotIn("broken", state["records"].values())
        names = {f"locks/a/{number}" for number in range(3)}
        self.assertEqual(set(states[0]["records"]), {"locks/old"})
        self.assertEqual(set(states[-1]["records"]), {"locks/old", *names})
