"""The metrics of several workers: each writes its numbers into files, and the parent shows the sums."""

from __future__ import annotations

import os
from collections.abc import Mapping
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from reqpi.server.metrics_port import MetricsPort, exposition
from reqpi.server.server import Server
from reqpi.server.settings import Settings
from reqpi.web.health import HealthResource

__all__ = ["MetricsOfWorkers", "write_metrics"]

_WRITTEN = 1.0
"""Seconds between two writes of a worker's numbers: they are as old as this at most."""


class MetricsOfWorkers:
    """The port of ``--metrics`` in the parent, and the folder in which the workers write.

    Without ``--metrics`` it does nothing.

    :raises reqpi.core.errors.Misconfigured: prometheus_client is not installed.
    """

    def __init__(self, settings: Settings, reactor: Any) -> None:
        self._module = None if settings.metrics is None else exposition()
        self._folder = ""
        self._exposition: Any = None
        self._stopping = False
        self._port = None
        if settings.metrics is not None:
            self._port = MetricsPort(settings, reactor, self._written, [HealthResource(self._problem)])

    def listen(self) -> None:
        """Listen, while the process may still use ports below 1024; see :meth:`MetricsPort.listen`."""
        if self._port is not None:
            self._port.listen()

    def start(self) -> None:
        """Make the folder. Call this after any fork, and before a worker is started."""
        if self._module is not None:
            self._folder = mkdtemp(prefix="reqpi-metrics-")
            self._exposition = self._module.Exposition.of_workers(self._folder)

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables with which a worker finds the folder."""
        return {self._module.FOLDER: self._folder} if self._module is not None else {}

    def ended(self, worker: int) -> None:
        """Forget what a worker had in use."""
        if self._module is not None:
            self._module.forget_worker(self._folder, str(worker))

    def stopping(self) -> None:
        """Show from now on that the server stops."""
        self._stopping = True

    async def stop(self) -> None:
        """Stop listening, and remove the folder."""
        if self._port is not None:
            await self._port.stop()
        if self._folder:
            rmtree(self._folder, ignore_errors=True)

    def _written(self, accept: str) -> tuple[bytes, str]:
        body, content_type = self._exposition.written(accept)
        return body, content_type

    def _problem(self) -> str:
        if self._stopping:
            return "the server is stopping"
        ready = self._exposition.value("reqpi_ready")
        if ready is None:
            return "no worker runs"
        return "" if ready else "a worker is not ready"


def write_metrics(server: Server, settings: Settings, reactor: Any) -> None:
    """Write the numbers of a worker again and again, if its parent has made a folder for them.

    The variable that names the folder may also be one of the operator, for other programs.
    """
    worker = settings.worker
    if worker and settings.metrics is not None and os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        log = Logger()
        files = exposition().WorkerFiles(server.readings, str(worker))

        def write() -> None:
            try:
                files.write()
            except (OSError, ValueError):  # the disk is full, or the parent has removed the folder
                log.debug("the metrics of this worker could not be written")

        call = LoopingCall(write)
        call.clock = reactor
        begun: Deferred[Any] = call.start(_WRITTEN)
        begun.addErrback(lambda failure: log.failure("the metrics of this worker are not written any more", failure))
        reactor.addSystemEventTrigger("after", "shutdown", write)
