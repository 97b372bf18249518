"""The reactor polls without the context of Twisted's old log."""

from __future__ import annotations

import errno
import os
from typing import Any

from twisted.internet import selectreactor
from twisted.internet.abstract import FileDescriptor
from twisted.internet.interfaces import IReactorFDSet
from twisted.internet.main import CONNECTION_DONE
from twisted.logger import globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from reqpi.runtime.plain_polling import poll_plainly

try:
    from twisted.internet.epollreactor import EPollReactor
except ImportError:
    EPollReactor = None  # type: ignore[assignment, misc]


class _Pipe(FileDescriptor):
    """The reading end of a pipe. It ends when the pipe does."""

    def __init__(self, reactor: IReactorFDSet, *, fails: bool = False) -> None:
        super().__init__(reactor)
        self._end, self.into = os.pipe()
        self._fails = fails
        self.ended = False
        self.read: list[bytes] = []

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._end

    def doRead(self) -> Any:
        """Read."""
        data = os.read(self._end, 100)
        self.read.append(data)
        return None if data else CONNECTION_DONE

    def connectionLost(self, reason: Failure) -> None:
        """Take note of the end."""
        self.ended = True
        if self._fails:
            raise ValueError("a fault")


class PlainPollingTests(SynchronousTestCase):
    """It does what Twisted's own polling does."""

    def setUp(self) -> None:
        if EPollReactor is None:
            raise SkipTest("the system has no epoll")
        self.reactor: Any = EPollReactor()
        poll_plainly(self.reactor)

    def pipe(self, *, fails: bool = False) -> _Pipe:
        pipe = _Pipe(self.reactor, fails=fails)
        self.addCleanup(os.close, pipe.fileno())
        pipe.startReading()
        return pipe

    def test_what_is_ready_is_read(self) -> None:
        pipe, other = self.pipe(), self.pipe()
        os.write(pipe.into, b"said")
        self.reactor.doIteration(60)
        self.assertEqual((pipe.read, other.read), ([b"said"], []))

    def test_nothing_is_waited_for_without_time(self) -> None:
        self.reactor.doIteration(0)

    def test_an_end_is_told(self) -> None:
        pipe = self.pipe()
        os.close(pipe.into)
        self.reactor.doIteration(60)
        self.assertTrue(pipe.ended)
        self.assertNotIn(pipe, self.reactor.getReaders())

    def test_a_fault_of_one_connection_does_not_keep_others_waiting(self) -> None:
        """It is logged."""
        events: list[Any] = []
        globalLogPublisher.addObserver(events.append)
        self.addCleanup(globalLogPublisher.removeObserver, events.append)
        failing, other = self.pipe(fails=True), self.pipe()
        os.close(failing.into)
        os.write(other.into, b"said")
        self.reactor.doIteration(60)
        self.assertEqual(other.read, [b"said"])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertTrue(events)

    def test_a_signal_ends_the_wait(self) -> None:
        class Interrupted:
            def poll(self, *_: object) -> None:
                raise InterruptedError(errno.EINTR, "a signal")

        self.reactor._poller = Interrupted()
        self.reactor.doIteration(60)

    def test_another_reactor_stays_as_it_is(self) -> None:
        reactor = selectreactor.SelectReactor()
        poll_plainly(reactor)
        self.assertNotIn("doIteration", vars(reactor))
