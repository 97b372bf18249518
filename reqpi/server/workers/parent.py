"""The parent: it opens the sockets, and keeps the specified number of workers running."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, cast

from attrs import evolve
from twisted.application.service import Service
from twisted.internet.defer import Deferred, TimeoutError, gatherResults
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from reqpi.runtime.child_env_vars import child_env_vars
from reqpi.server.announce import announce
from reqpi.server.json_log import with_worker
from reqpi.server.listening import cannot_listen
from reqpi.server.server import GRACE, assemble
from reqpi.server.settings import Settings
from reqpi.server.workers.handed import FIRST_DESCRIPTOR, dumped
from reqpi.server.workers.metrics import MetricsOfWorkers
from reqpi.server.workers.sockets import Sockets, opened

__all__ = ["Workers"]

_LIVED = 10.0
"""Seconds after which a worker that ends is replaced at once."""

_LONGEST_PAUSE = 30.0
"""Seconds at most between two attempts to start a worker that keeps ending."""

_TO_END = GRACE + 5.0
"""Seconds that a worker has to end before it is killed."""

_STANDARD_OUTPUT = 1

_LONGEST_LINE = 1 << 16
"""Bytes of a line of a worker's log; a longer line is split."""


class Workers(Service):
    """A parent and its workers.

    :ivar ready: fires once the workers have been started.
    """

    _log = Logger()

    def __init__(self, settings: Settings, reactor: Any) -> None:
        self.setName("reqpi")
        self.ready: Deferred[None] = Deferred()
        self._settings = settings
        self._reactor = reactor
        # This one is never started: it shows whether the settings can be used before workers are started.
        self._model = assemble(evolve(settings, metrics=None), reactor)
        self._metrics = MetricsOfWorkers(settings, reactor)
        self._sockets: list[Sockets] = []
        self._workers: list[_Worker] = []

    def privilegedStartService(self) -> None:
        """Open the sockets, while the process may still use ports below 1024.

        :raises reqpi.core.errors.Misconfigured: a port is in use, or cannot be shared.
        """
        super().privilegedStartService()
        self._bind()

    def startService(self) -> None:
        """Check that the store can be opened, and start the workers.

        :raises reqpi.core.errors.Misconfigured: the store or a port cannot be used.
        """
        super().startService()
        self._model.store.open()
        Deferred.fromCoroutine(self._model.store.close())
        self._bind()
        self._metrics.start()
        announce(self._log, self._settings, self._model.upstream_name, [each.address for each in self._sockets])
        self._log.info("{count} workers", count=self._settings.workers)
        for number in range(self._settings.workers):
            worker = self._made(number)
            worker.start()
            self._workers.append(worker)
        self.ready.callback(None)

    def stopService(self) -> Deferred[None]:
        """End the workers, which let requests in flight finish."""
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        self._log.info("stopping")
        self._metrics.stopping()
        ending = [Deferred.fromCoroutine(worker.stop()) for worker in self._workers]
        # At once: as long as one process has them open, new clients connect and wait for an answer in vain.
        for each in self._sockets:
            each.close()
        await gatherResults(ending)
        await self._metrics.stop()
        self._log.info("stopped")

    def _bind(self) -> None:
        if self._sockets:
            return
        for description in self._settings.listen:
            try:
                self._sockets.append(opened(description, self._settings.workers))
            except (ValueError, TypeError, LookupError, OSError) as error:
                for each in self._sockets:
                    each.close()
                self._sockets = []
                raise cannot_listen(description, error) from error
        self._metrics.listen()
        self._model.check_reach([address for address, _ in (each.address for each in self._sockets)])

    def _made(self, number: int) -> _Worker:
        described = [each.described(text) for each, text in zip(self._sockets, self._settings.listen, strict=True)]
        settings = evolve(self._settings, listen=described, worker=number + 1)
        if number:
            # One worker is enough for work on the whole store.
            settings = evolve(settings, frequency=0, verify_rate=None)
        descriptors = [each.sockets[number].fileno() for each in self._sockets]
        if isinstance(settings.log_file, int):
            settings = evolve(settings, log_file=FIRST_DESCRIPTOR + len(descriptors))
        return _Worker(number, self._reactor, settings, descriptors, self._metrics)


class _Worker(ProcessProtocol):
    """One worker process after another, under the same number.

    :param descriptors: those of its sockets, one for each of ``settings.listen``, in order.
    :param metrics: shows its numbers.
    """

    _log = Logger()

    def __init__(
        self, number: int, reactor: Any, settings: Settings, descriptors: Sequence[int], metrics: MetricsOfWorkers
    ) -> None:
        self._metrics = metrics
        self._name = f"worker {number + 1}"
        self._reactor = reactor
        self._settings = settings
        self._descriptors = descriptors
        self._rest: dict[int, bytes] = {}
        self._began = 0.0
        self._pause = 0.0
        self._stopping = False
        self._again: Any = None
        self._gone: list[Deferred[None]] = []

    def start(self) -> None:
        """Start a process."""
        self._again = None
        self._began = self._reactor.seconds()
        descriptors = dict(enumerate(self._descriptors, FIRST_DESCRIPTOR))
        if isinstance(self._settings.log_file, int):
            descriptors[self._settings.log_file] = _STANDARD_OUTPUT
        self._reactor.spawnProcess(
            self,
            sys.executable,
            [sys.executable, "-P", "-c", "from reqpi.server.workers.child import main; main()"],
            env=child_env_vars() | dict(self._metrics.environment),
            childFDs={0: "w", 1: "r", 2: "r"} | descriptors,
        )

    async def stop(self) -> None:
        """End the process, and wait until it has ended."""
        self._stopping = True
        if self._again is not None:
            self._again.cancel()
            return
        if self.transport is None or self.transport.pid is None:
            return
        gone: Deferred[None] = Deferred()
        self._gone.append(gone)
        self._signal("TERM")
        try:
            await gone.addTimeout(_TO_END, self._reactor)
        except TimeoutError:
            self._log.warn("{name} does not end and is killed", name=self._name)
            self._signal("KILL")

    def connectionMade(self) -> None:
        """Send the settings to the process. The open pipe shows it that its parent is alive."""
        cast(Any, self.transport).write(dumped(self._settings))

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """Log what the process logs on standard output, and its errors on standard error."""
        text = self._rest.get(childFD, b"") + data
        lines, end, rest = text.rpartition(b"\n")
        if len(rest) > _LONGEST_LINE:
            lines, end, rest = text, b"\n", b""
        self._rest[childFD] = rest
        if end:
            # Lines that arrive together are logged together: an event for each line of an access log is expensive.
            self._log_lines(lines.decode("utf-8", "replace"))

    def _log_lines(self, lines: str) -> None:
        if self._settings.log_format == "json":
            text = "\n".join(with_worker(line, self._settings.worker) for line in lines.split("\n"))
            self._log.info("{json_lines}", json_lines=text)
        else:
            named = f"{self._name}: "
            self._log.info("{text}", text=named + lines.replace("\n", f"\n{named}"))

    def processEnded(self, reason: Failure) -> None:
        """Start another process, unless this one was stopped."""
        gone, self._gone = self._gone, []
        for each in gone:
            each.callback(None)
        self._metrics.ended(self._settings.worker)
        if self._stopping:
            return
        lived = self._reactor.seconds() - self._began
        self._pause = 0.0 if lived > _LIVED else min(_LONGEST_PAUSE, 2 * self._pause + 0.5)
        self._log.error("{name} ended: {reason}", name=self._name, reason=reason.getErrorMessage())
        self._again = self._reactor.callLater(self._pause, self.start)

    def _signal(self, name: str) -> None:
        with suppress(ProcessExitedAlready):
            cast(Any, self.transport).signalProcess(name)
