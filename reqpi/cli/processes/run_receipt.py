"""The receipt of ``reqpi run``: it observes the server inside this process, and the proxy beside it."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from reqpi.cli.inputs.in_process import Beside
from reqpi.cli.processes.run_proxy import default_indexes
from reqpi.core.receipts.model import PassedEntry, RefusedEntry
from reqpi.core.receipts.recorder import ReceiptRecorder
from reqpi.server.server import Server
from reqpi.shelf.crates.receipts import CrateEntries
from reqpi.shelf.receipts import Taking
from reqpi.upstream.allowed.operator import AllowedUpstreams
from reqpi.web.http.only_client import OnlyClient
from reqpi.web.proxy.events import Event, RefusedRequest, TakenCrate, TakenThing
from reqpi.web.receipts import AddressObserver, took_crate

__all__ = ["RunReceipt"]


class RunReceipt:
    """An observer of everything that the command of a run takes.

    :param recorder: counts it.
    :ivar settled: everything is counted.
    """

    def __init__(self, recorder: ReceiptRecorder) -> None:
        self._recorder = recorder
        self._beside: Beside | None = None
        self._server: Server | None = None
        self._taking: Taking | None = None
        self._crates: CrateEntries | None = None
        self.settled = False

    def over(self, beside: Beside) -> RunReceipt:
        """Return the same receipt, which starts and stops another part beside the server with itself."""
        self._beside = beside
        return self

    def start(self, server: Server, only: OnlyClient, reactor: Any) -> None:
        """Observe. Call it in the server's thread."""
        address = only.address or ""
        self._recorder.hide(only.password)
        indexes = default_indexes(server.outside or AllowedUpstreams())
        self._server = server
        self._taking = Taking(server.shelf, address, self._recorder, *indexes[:1])
        self._crates = CrateEntries(server.shelf, server.crates, address)
        server.site.observer = AddressObserver(address, self._taking, self._recorder, self._crates)
        if self._beside is not None:
            self._beside.start(server, only, reactor)

    def stop(self) -> Deferred[Any]:
        """Stop, once everything that was taken is counted. Call it in the server's thread."""
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        if self._beside is not None:
            await self._beside.stop()
        if self._server is not None and self._taking is not None:
            self._server.site.stop_observing()
            await self._taking.settled()
        self.settled = True

    def __call__(self, event: Event) -> None:
        """Count one event of the proxy. Call it in the server's thread."""
        if isinstance(event, TakenThing):
            if self._taking is not None:
                self._taking.took(event.kind, event.project, event.filename, event.how)
        elif isinstance(event, TakenCrate):
            if self._taking is not None and self._crates is not None:
                crate = (event.crate.name, event.crate.version, event.crate.sha256)
                took_crate(self._taking, self._crates, crate, event.how)
        elif isinstance(event, RefusedRequest):
            self._recorder.refused(RefusedEntry(event.host, "", event.url, event.agent, event.reason))
        else:
            self._recorder.passed(PassedEntry(event.host, event.port, event.agent))
