"""A neighbour who commits documents that take long to read."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, current_thread, main_thread
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase, TestCase

from reqpi.core import locks
from reqpi.core.errors import BrokenLock
from reqpi.core.locks.tools.toml_document import VALUES
from reqpi.core.report import Document
from reqpi.runtime.child_process import Budget, ChildProcess
from reqpi.runtime.offload import in_thread
from reqpi.shelf.commitments import Commitments
from reqpi.shelf.files.build_systems import BuildSystems
from reqpi.shelf.files.downloads import Downloads
from reqpi.shelf.lock_reading import LARGE, LockReading
from reqpi.storage.memory import MemoryStore
from tests.bounded_work import bounded_work
from tests.core.metadata.test_pkg_info import a_tar
from tests.shelf.test_build_systems import ADDRESS, BuildSystemsCase

PROJECTS = Path(__file__).parent.parent / "data" / "locks" / "projects"

SIZE = 8 << 20


def of_values(unit: str, size: int = SIZE) -> bytes:
    """A uv.lock of an array that is as long as a document may be."""
    return f"version = 1\nx = [{unit * (size // len(unit))}]\n".encode()


class QueueTests(TestCase):
    """Clients of known addresses are served while documents are read."""

    def setUp(self) -> None:
        self.reading = LockReading(processes=True)
        self.addCleanup(self.reading.close)
        self.store = MemoryStore()

    def commitments(self) -> Commitments:
        """As after a restart: no lock is in memory."""
        return Commitments(self.store, Clock(), reading=self.reading)

    async def test_four_large_documents_before_a_known_address(self) -> None:
        """Each of them takes a second and more, one after the other."""
        known, _ = await self.commitments().commit(b"six==1.0\n")
        commitments = self.commitments()
        ended: list[object] = []
        hostile = [of_values("1,", 400_000) + b"\n" * number for number in range(4)]
        commits = [Deferred.fromCoroutine(commitments.commit(document)) for document in hostile]
        for commit in commits:
            commit.addBoth(ended.append)
        self.assertEqual((await commitments.get(known.address)).lock, known.lock)
        self.assertEqual(ended, [])
        for commit in commits:
            await commit


class LeavingTests(TestCase):
    """A client that disconnects while its document is read; the work on it goes on until it ends."""

    timeout = 120

    def setUp(self) -> None:
        self.reading = LockReading(processes=True)
        self.addCleanup(self.reading.close)

    async def test_the_next_client_gets_its_own_lock(self) -> None:
        """The attacker leaves, and hopes that the next one is told what its own document pins."""
        hostile, own = (b"# x\n" * LARGE + b"%s==1.0\n" % project for project in (b"evil", b"six"))
        for known in (False, True):
            left = Deferred.fromCoroutine(self.reading.read(hostile, known=known))
            left.cancel()
            await self.assertFailure(left, CancelledError)
            lock = await self.reading.read(own, known=known)
            self.assertEqual([pin.project for pin in lock.pins], ["six"])

    async def test_small_documents_are_still_read_one_at_a_time(self) -> None:
        """The attacker leaves again and again, so that many threads parse at once."""
        held, others = HeldDocuments(b"evil==1.0\n"), [HeldDocuments(b"six==1.0\n") for _ in range(5)]
        self.addCleanup(held.go_on.set)
        for documents in others:
            documents.go_on.set()
        left = Deferred.fromCoroutine(self.reading.read(held, known=False))
        await in_thread(held.begun.wait, 60)
        left.cancel()
        await self.assertFailure(left, CancelledError)
        reads = [Deferred.fromCoroutine(self.reading.read(documents, known=False)) for documents in others]
        for _ in range(20):
            await in_thread(list)  # turns of the threads and of the reactor
        self.assertEqual([documents.begun.is_set() for documents in others], [False] * 5)
        held.go_on.set()
        for read in reads:
            self.assertEqual([pin.project for pin in (await read).pins], ["six"])


class HeldDocuments(Sequence[Document]):
    """A document that a thread can read once the test says so."""

    def __init__(self, data: bytes) -> None:
        self._documents = [Document("a.txt", data)]
        self.begun, self.go_on = Event(), Event()

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: Any) -> Any:
        if current_thread() is not main_thread():
            self.begun.set()
            self.go_on.wait(60)
        return self._documents[index]


class CostTests(SynchronousTestCase):
    """A document whose size says little about its cost is a defect before it is parsed."""

    def test_millions_of_values(self) -> None:
        """The document is as large as a document may be, and has millions of values, tables or keys."""
        for document in (
            of_values("1,"),
            of_values("{},"),
            b"version = 1\n" + b"[[package]]\n" * 600_000,
            b"version = 1\n" + b"".join(b"k%d=1\n" % number for number in range(600_000)),
            b'{"_meta": {"x": [' + b"1," * 600_000 + b"1]}}",
        ):
            with bounded_work():
                defects = self.assertRaises(BrokenLock, locks.read, document).defects
            self.assertEqual([(defect.rule, defect.line) for defect in defects], [("too-many", 0)])
            self.assertIn("500000 keys, values and tables", defects[0].problem)

    def test_a_real_lock_of_the_largest_size_has_far_fewer(self) -> None:
        """The bound keeps out no lock that a tool has written: the densest ones, as large as a document may be."""
        for path in sorted(PROJECTS.iterdir()):
            data = path.read_bytes()
            if path.suffix in (".lock", ".toml"):
                self.assertLess(sum(map(data.count, b"=,[{")) / len(data) * SIZE, VALUES, path.name)


class SetupTests(BuildSystemsCase):
    """Python's parser holds the interpreter, so that it would stop the server while it parses a setup.py."""

    def setUp(self) -> None:
        super().setUp()
        self.parsing = ChildProcess(Budget(seconds=5, memory=1 << 30))
        self.addCleanup(self.parsing.close)

    def fresh(self) -> BuildSystems:
        return BuildSystems(self.store, self.upstream, Downloads(self.store, self.upstream, Clock()), self.parsing)

    async def test_large_programs_are_not_parsed_in_the_server(self) -> None:
        """The sdists have a setup.py that is as large as is parsed, and made for that."""
        nested = f"""f{"'"}{{f"{"{1}" * 20_000}"}}{"'"}\n"""
        program = f"setup(setup_requires=['a'])\nx = {nested}".encode()
        for number in range(3):
            name = f"six-{number}.0"
            sdist = a_tar((f"{name}/setup.py", program), (f"{name}/PKG-INFO", b"Metadata-Version: 2.1\n"))
            with compiled() as programs:
                system = await self.fresh().of(self.offer(sdist, f"{name}.tar.gz"), ADDRESS)
            self.assertEqual((system.setup_requires, system.unread, programs), (("a",), (), []))

    async def test_small_programs_need_no_other_process(self) -> None:
        """An ordinary sdist costs no start of a process."""
        sdist = a_tar(("six-1.0/setup.py", b"setup(setup_requires=['a'])"))
        with compiled() as programs:
            self.assertEqual((await self.fresh().of(self.offer(sdist), ADDRESS)).setup_requires, ("a",))
        self.assertEqual(len(programs), 1)


class DocumentTests(TestCase):
    """Large documents are read elsewhere, with the same result."""

    async def test_a_large_lock_is_the_same_from_another_process(self) -> None:
        """Its pins come in pieces."""
        reading = LockReading(processes=True)
        self.addCleanup(reading.close)
        document = (PROJECTS / "mitmproxy.uv.lock").read_bytes()
        self.assertGreater(len(document), LARGE)
        for known in (False, True):
            lock = await reading.read(document, known=known)
            self.assertEqual(lock, locks.read(document))
            self.assertEqual(lock.weight, locks.read(document).weight)

    async def test_defects_of_a_large_document_are_listed(self) -> None:
        """They come from the other process, too."""
        reading = LockReading(processes=True)
        self.addCleanup(reading.close)
        document = b"# x\n" * LARGE + b"six\n"
        with self.assertRaises(BrokenLock) as caught:
            await reading.read([Document("a.txt", document)], known=False)
        defects = self.assertRaises(BrokenLock, locks.read_together, [Document("a.txt", document)]).defects
        self.assertEqual(caught.exception.defects, defects)


_programs: list[list[object]] = []


def _audited(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "compile" and _programs and arguments[0] is not None:
        _programs[-1].append(arguments[0])


@contextmanager
def compiled() -> Iterator[list[object]]:
    """The texts that this process parses as Python in the block."""
    if _audited not in _hooked:
        sys.addaudithook(_audited)  # it stays
        _hooked.append(_audited)
    programs: list[object] = []
    _programs.append(programs)
    yield programs
    _programs.pop()


_hooked: list[object] = []
