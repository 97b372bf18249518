"""Work in a process of its own, within a budget."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from uuid import uuid4

from twisted.internet.defer import CancelledError
from twisted.trial.unittest import TestCase

from reqpi.core.errors import Occupied
from reqpi.runtime.called import _GROWN
from reqpi.runtime.child_process import Budget, ChildProcess, OverBudget
from reqpi.runtime.offload import in_thread

MEMORY = 1 << 30


def numbers(end: int) -> Iterator[tuple[int, int]]:
    """Count, in pieces, and say in which process."""
    yield from ((os.getpid(), number) for number in range(end))


def endless() -> Iterator[int]:
    """Compute until it is ended."""
    while True:
        pass
    yield 1


def greedy() -> Iterator[int]:
    """Take more memory than there is."""
    yield len(bytearray(MEMORY))


def faulty() -> Iterator[int]:
    """Fail."""
    yield 1
    raise LookupError("it is not there")


def leaving() -> Iterator[int]:
    """End the process."""
    yield os._exit(1)


def signalled() -> Iterator[int]:
    """Send itself what a terminal and a service manager send to all processes of a server."""
    for each in (signal.SIGINT, signal.SIGTERM):
        os.kill(os.getpid(), each)
    yield os.getpid()


def held(gate: str) -> Iterator[str]:
    """Wait until a named pipe is written to and closed, and yield its text thousands of times."""
    text = Path(gate).read_text()
    for _ in range(5000):
        yield text


def noting(path: str) -> Iterator[int]:
    """Leave a file."""
    yield Path(path).write_bytes(b"")


class ChildProcessTests(TestCase):
    """The process, its answers and its end."""

    def setUp(self) -> None:
        self.child = ChildProcess(Budget(seconds=1, memory=MEMORY))
        self.addCleanup(self.child.close)

    def only_here(self, program: str) -> ModuleType:
        """Return a module in a folder that only the ``sys.path`` of this process names."""
        folder, name = Path(self.mktemp()).absolute(), f"only_here_{uuid4().hex}"
        folder.mkdir()
        (folder / f"{name}.py").write_text(program)
        self.patch(sys, "path", [*sys.path, str(folder)])
        importlib.invalidate_caches()
        return importlib.import_module(name)

    async def pid(self) -> int:
        return (await self.child.call(numbers, 1))[0][0]

    async def test_pieces_come_from_one_other_process(self) -> None:
        pieces = await self.child.call(numbers, 3)
        self.assertEqual([number for _, number in pieces], [0, 1, 2])
        self.assertEqual({pid for pid, _ in pieces}, {await self.pid()})
        self.assertNotIn(os.getpid(), dict(pieces))

    async def test_the_process_can_import_what_this_one_can(self) -> None:
        """A server may have been started with folders on ``sys.path`` that no environment variable names."""
        counted = self.only_here("def counted(end):\n    yield from range(end)\n").counted
        self.assertEqual(await self.child.call(counted, 3), [0, 1, 2])

    async def test_the_memory_of_this_process_is_not_that_of_the_other(self) -> None:
        """A child of a large server would otherwise end after each call: Linux counts in what its parent had."""
        large = bytearray(b"x") * (_GROWN + (64 << 20))
        before = await self.pid()
        self.assertEqual(await self.pid(), before)
        self.assertTrue(large)

    async def test_calls_wait_for_each_other(self) -> None:
        calls = [self.child.call(numbers, end) for end in range(3)]
        self.assertEqual([len(await call) for call in calls], [0, 1, 2])

    async def test_a_call_without_an_end_is_ended(self) -> None:
        with self.assertRaisesRegex(OverBudget, "more than 1 s of processor time"):
            await self.child.call(endless)
        self.assertEqual(len(await self.child.call(numbers, 2)), 2)

    async def test_a_call_that_takes_too_much_memory_fails_alone(self) -> None:
        with self.assertRaisesRegex(OverBudget, "1024 MiB of memory"):
            await self.child.call(greedy)
        self.assertEqual(len(await self.child.call(numbers, 2)), 2)

    async def test_a_fault_is_named(self) -> None:
        with self.assertRaisesRegex(RuntimeError, "LookupError: it is not there"):
            await self.child.call(faulty)

    async def test_another_process_is_started_after_one_that_ended(self) -> None:
        before = await self.pid()
        os.kill(before, signal.SIGKILL)
        self.assertNotEqual(await self.pid(), before)

    async def test_a_process_that_cannot_work_is_no_fault_of_the_bytes(self) -> None:
        with self.assertRaisesRegex(Occupied, "ended with status 1"):
            await self.child.call(leaving)

    async def test_it_works_on_while_the_server_drains(self) -> None:
        self.assertEqual(await self.child.call(signalled), [await self.pid()])

    async def test_nothing_is_started_after_the_end(self) -> None:
        pid = await self.pid()
        self.child.close()
        self.assertRaises(ProcessLookupError, os.kill, pid, 0)
        with self.assertRaises(Occupied):
            await self.child.call(numbers, 1)

    async def test_a_call_after_one_that_was_given_up_gets_its_own_pieces(self) -> None:
        gate = self.mktemp()
        os.mkfifo(gate)
        given_up = self.child.call(held, gate)
        writer = await in_thread(open, gate, "w")  # until the other process reads
        given_up.cancel()
        await self.assertFailure(given_up, CancelledError)
        following = [self.child.call(numbers, end) for end in range(3)]
        with writer:
            writer.write("of the call that was given up")
        counted = [[number for _, number in await call] for call in following]
        self.assertEqual(counted, [[], [0], [0, 1]])

    async def test_a_call_that_was_given_up_before_its_turn_is_not_made(self) -> None:
        gate, note = self.mktemp(), self.mktemp()
        os.mkfifo(gate)
        first, given_up = self.child.call(held, gate), self.child.call(noting, note)
        writer = await in_thread(open, gate, "w")
        given_up.cancel()
        await self.assertFailure(given_up, CancelledError)
        writer.close()
        await first
        await self.pid()
        self.assertEqual(await in_thread(os.listdir, os.path.dirname(note)), [])
