"""No descriptor is left open, however a call ends."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred, ensureDeferred
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.python.monkey import MonkeyPatcher
from twisted.trial.unittest import SynchronousTestCase, TestCase

from reqpi.core.errors import StoreTrouble
from reqpi.storage.directory.store import DirectoryStore
from tests.contracts import gathered, incoming, kept
from tests.storage.inline import inline, run
from tests.storage.scratch import scratch

DESCRIPTORS = Path("/proc/self/fd")


def open_below(folder: Path) -> list[str]:
    """Return the files of a folder that this process has open."""
    links = (os.readlink(each) for each in DESCRIPTORS.iterdir() if os.path.lexists(each))
    return [link for link in links if link.startswith(str(folder))]


class DescriptorTests(SynchronousTestCase):
    """Every file that is opened is closed: at the end, early, or on the way out of an error."""

    if not DESCRIPTORS.is_dir():
        skip = "the operating system does not list open descriptors"

    def setUp(self) -> None:
        self.path = scratch(self) / "store"
        self.store = DirectoryStore(self.path, in_thread=inline)
        self.store.open()
        self.name = run(kept(self.store, b"x" * 3_000_000))
        self.assertEqual(open_below(self.path), [])

    def test_a_whole_life_leaves_nothing_open(self) -> None:
        """One of everything."""
        run(gathered(self.store.read(self.name)))
        run(self.store.create("locks/a", b"value"))
        run(self.store.create("locks/a", b"value"))
        run(self.store.replace("locks/a", b"value"))
        run(gathered(self.store.names("locks/")))
        run(gathered(self.store.all()))
        run(self.store.touch(self.name))
        run(self.store.remove(self.name, 0))
        run(self.store.remove(self.name, 2e10))
        run(self.store.delete("locks/a"))
        self.assertEqual(open_below(self.path), [])

    def test_a_read_that_is_closed_early_closes_its_file(self) -> None:
        """One descriptor from the first step on, and none after ``aclose``."""
        pieces = self.store.read(self.name)
        self.assertEqual(open_below(self.path), [])
        run(anext(pieces))
        self.assertEqual(len(open_below(self.path)), 1)
        run(pieces.aclose())
        self.assertEqual(open_below(self.path), [])

    def test_a_read_that_is_forgotten_closes_its_file(self) -> None:
        """No one calls ``aclose`` where a request is dropped."""
        pieces = self.store.read(self.name)
        run(anext(pieces))
        del pieces
        gc.collect()
        self.assertEqual(open_below(self.path), [])
        self.assertEqual(self.flushWarnings(), [])

    def test_a_listing_that_is_given_up_closes_its_folders(self) -> None:
        """Closed early or forgotten."""
        for number in range(1100):
            (self.path / "records" / f"p{number % 7}").mkdir(exist_ok=True)
            (self.path / "records" / f"p{number % 7}" / f"{number}_").touch()
        names = self.store.names("p0/")
        run(anext(names))
        run(names.aclose())
        blobs = self.store.all()
        run(anext(blobs))
        del blobs
        gc.collect()
        self.assertEqual(open_below(self.path), [])

    def test_an_incoming_blob_that_is_forgotten_is_discarded(self) -> None:
        """Its file is closed and removed."""
        blob = run(incoming(self.store, b"bytes"))
        self.assertEqual(len(open_below(self.path)), 1)
        del blob
        gc.collect()
        self.assertEqual(open_below(self.path), [])
        self.assertEqual(list((self.path / "incoming").iterdir()), [])

    def test_errors_leave_nothing_open(self) -> None:
        """Whichever step fails, of every verb."""
        verbs: list[Callable[[], Any]] = [
            lambda: gathered(self.store.read(self.name)),
            lambda: kept(self.store, b"other"),
            lambda: kept(self.store, b"x" * 3_000_000),
            lambda: self.store.touch(self.name),
            lambda: self.store.remove(self.name, 2e10),
            lambda: self.store.create("locks/a", b"value"),
            lambda: self.store.replace("locks/b", b"value"),
        ]

        def failing(*args: Any, **kwargs: Any) -> Any:
            raise OSError(5, "Input/output error")

        failures = 0
        for verb in verbs:
            for step in ("fstat", "fchmod", "utime", "fsync", "pread", "pwrite", "link", "unlink", "replace", "mkdir"):
                broken = self.patch(os, step, failing)
                try:
                    run(verb())
                except StoreTrouble:
                    failures += 1
                finally:
                    broken.restore()
            gc.collect()
            self.assertEqual(open_below(self.path), [])
        self.assertGreater(failures, 20)


class CancellationTests(TestCase):
    """A caller that is cancelled while a thread works leaves nothing open, and closes nothing under the thread."""

    if not DESCRIPTORS.is_dir():
        skip = "the operating system does not list open descriptors"

    async def setUp(self) -> None:
        self.path = scratch(self) / "store"
        self.store = DirectoryStore(self.path)
        self.store.open()

    def paused(self, name: str) -> tuple[threading.Event, threading.Event, MonkeyPatcher]:
        """Have this function of the operating system wait: what says that it has begun, what lets it go on."""
        begun, go_on = threading.Event(), threading.Event()
        call = getattr(os, name)

        def waiting(*args: Any, **kwargs: Any) -> Any:
            begun.set()
            go_on.wait(240)
            return call(*args, **kwargs)

        return begun, go_on, self.patch(os, name, waiting)

    async def cancelled(self, name: str, call: Any) -> None:
        """Start the call, cancel it within that function, and wait until its thread is done."""
        begun, go_on, patched = self.paused(name)
        running: Deferred[Any] = ensureDeferred(call)
        await deferToThread(begun.wait, 240)
        running.cancel()
        await self.assertFailure(running, CancelledError)
        go_on.set()
        patched.restore()
        del running
        while reactor.getThreadPool().working:  # type: ignore[attr-defined]
            await deferLater(reactor, 0)  # type: ignore[arg-type]
        await deferLater(reactor, 0)  # type: ignore[arg-type]
        gc.collect()

    async def test_a_read_cancelled_while_it_opens(self) -> None:
        """The file that the thread opens for a caller that is gone is closed."""
        name = await kept(self.store, b"bytes")
        await self.cancelled("fstat", gathered(self.store.read(name)))
        self.assertEqual(open_below(self.path), [])

    async def test_a_read_cancelled_while_it_reads(self) -> None:
        """The file is closed when the thread is done with it, not before."""
        name = await kept(self.store, b"bytes")
        await self.cancelled("pread", gathered(self.store.read(name)))
        self.assertEqual(open_below(self.path), [])

    async def test_a_beginning_that_is_cancelled(self) -> None:
        """The temporary file that the thread creates for a caller that is gone is removed."""
        await self.cancelled("fchmod", self.store.begin())
        self.assertEqual(open_below(self.path), [])
        self.assertEqual(list((self.path / "incoming").iterdir()), [])

    async def test_a_blob_discarded_while_a_write_goes_on(self) -> None:
        """The write that was cancelled writes into no other file's descriptor."""
        blob = await self.store.begin()
        await self.cancelled("pwrite", blob.write(b"bytes"))
        self.assertEqual(len(open_below(self.path)), 1)
        await blob.discard()
        self.assertEqual(open_below(self.path), [])
        self.assertEqual(list((self.path / "incoming").iterdir()), [])
