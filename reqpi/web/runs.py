"""``/<address>/runs`` and ``/runs``: the index of an address for one build, with a receipt of what it takes."""

from __future__ import annotations

import json
from collections.abc import Coroutine
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.web.server import Request

from reqpi.core.address import address_of as sha256_of
from reqpi.core.crates.model import Crate
from reqpi.core.crates.receipts import entry_of_commit, entry_of_crate
from reqpi.core.errors import NotAdmitted, NotServed, ReqPIError
from reqpi.core.model import Commitment, File, Page
from reqpi.core.receipts.document import write_receipt
from reqpi.core.receipts.model import RefusedEntry, TakenEntry, taken_file, taken_metadata, taken_provenance
from reqpi.core.receipts.recorder import How
from reqpi.shelf.receipts import entry_of_project
from reqpi.shelf.run_counts import entry_of
from reqpi.shelf.runs import Run, Runs
from reqpi.shelf.shelf import Shelf
from reqpi.web.http.answers import answer_with, send_fresh
from reqpi.web.http.headers import header
from reqpi.web.http.sent import how_sent
from reqpi.web.index import IndexResource
from reqpi.web.permission import FrozenPages

__all__ = ["Recording", "RunsResource", "offered"]

_ELSEWHERE = 307
"""The status that sends the client to the file in the object store."""

_log = Logger()


class RunsResource:
    """Everything under ``/<address>/runs`` and ``/runs``.

    :param index: sends what is below ``simple/``, as it does below an address.
    :param frozen: checks whether a client may have a page looked up.
    :param runs: ``None`` if the server is private: the command that it belongs to has its own receipt.
    """

    def __init__(self, shelf: Shelf, index: IndexResource, frozen: FrozenPages, runs: Runs | None) -> None:
        self._shelf = shelf
        self._index = index
        self._frozen = frozen
        self._open = runs

    async def begin(self, request: Request, base: str, address: str) -> bytes:
        """Answer ``POST /<address>/runs``."""
        run = await self._runs.begin(await self._shelf.commitment(address))
        here = f"{base}/runs/{run.token}"
        request.setResponseCode(201)
        request.setHeader("Location", f"{here}/")
        shown = {"token": run.token, "index": f"{here}/simple/", "receipt": f"{here}/receipt"}
        return send_fresh(request, "application/json", json.dumps(shown, indent=2).encode() + b"\n")

    async def receipt(self, request: Request, token: str) -> bytes:
        """Answer ``GET /runs/<token>/receipt``."""
        run = await self._runs.get(token)
        receipt = await self._runs.receipt(run, await self._shelf.commitment(run.address))
        return send_fresh(request, "application/json", write_receipt(receipt))

    async def end(self, request: Request, token: str) -> bytes:
        """Answer ``DELETE /runs/<token>``."""
        await self._runs.end(await self._runs.get(token))
        request.setResponseCode(204)
        request.setHeader("Cache-Control", "no-store")
        return b""

    def answer(self, request: Request, token: str, rest: list[str]) -> int:
        """Answer ``/runs/<token>/simple/<rest…>``, with the index of the address."""
        return answer_with(request, partial(self._answer, request, token, rest))

    async def _answer(self, request: Request, token: str, rest: list[str]) -> None:
        run = await self._runs.get(token)
        commitment = await self._shelf.commitment(run.address)
        await self._frozen.check_run(request, [run.address, "simple", *rest])
        recording = Recording(self._runs, run, commitment, request, "/".join(["simple", *rest]))
        try:
            await self._index.send(request, commitment, rest, recording if request.method == b"GET" else None)
        except NotAdmitted as error:
            await recording.refused(rest[0], error)
            raise

    @property
    def _runs(self) -> Runs:
        return offered(self._open)


def offered(runs: Runs | None) -> Runs:
    """Return the runs.

    :raises reqpi.core.errors.NotServed: the server offers none.
    """
    if runs is None:
        raise NotServed("this server records no runs", "It belongs to one command: use reqpi run --receipt FILE.")
    return runs


class Recording:
    """The record of one request: an :class:`~reqpi.web.index.IndexListener`.

    It is a :class:`~reqpi.web.crate_answers.CrateListener`, too.

    :param path: of the request, below the run.
    """

    def __init__(self, runs: Runs, run: Run, commitment: Commitment, request: Request, path: str) -> None:
        self._runs = runs
        self._commitment = commitment
        self._run = run
        self._request = request
        self._path = path
        self._refused = ""
        self._is_check = False

    async def page(self, page: Page) -> None:
        """Record a page."""
        await self._taking(entry_of_project("page", self._commitment, page))

    async def file(self, file: File) -> None:
        """Record a file."""
        await self._taking(taken_file(file))

    async def metadata(self, file: File, metadata: bytes) -> None:
        """Record core metadata."""
        await self._taking(taken_metadata(file, sha256_of(metadata), len(metadata)))

    async def provenance(self, file: File, provenance: bytes) -> None:
        """Record a provenance object."""
        await self._taking(taken_provenance(file, sha256_of(provenance), len(provenance)))

    async def crate(self, crate: Crate, size: int) -> None:
        """Record a crate."""
        await self._taking(entry_of_crate(crate, size))

    async def commit(self, archive: File) -> None:
        """Record the archive of a commit that has crates."""
        await self._taking(entry_of_commit(archive))

    async def crate_refused(self, error: ReqPIError) -> None:
        """Record that the request of cargo was refused."""
        if isinstance(error, NotAdmitted):
            await self._refuse("", error)

    async def _taking(self, thing: TakenEntry) -> None:
        """Record something that is about to be sent, and count it once it was."""
        entry = entry_of(thing)
        if entry is not None:
            key = entry.key
            ended = self._request.notifyFinish()
            ended.addCallbacks(lambda _: self._count(key, whole=True), lambda _: self._count(key, whole=False))
        await self._runs.taking(self._run, entry)

    def _count(self, key: str, *, whole: bool) -> None:
        """Count a response.

        :param whole: it was sent to its end; otherwise the client is gone.
        """
        elsewhere = whole and self._request.code == _ELSEWHERE
        how: How | None = "count" if elsewhere else how_sent(self._request.code, whole=whole)
        self._later(self._runs.count(self._run, key, how if self._request.startedWriting else None))

    async def refused(self, project: str, error: NotAdmitted) -> None:
        """Record that the request was refused."""
        await self._refuse(project, error)
        if self._is_check:
            self.not_refused()

    async def _refuse(self, project: str, error: ReqPIError) -> None:
        agent = header(self._request, "User-Agent")
        self._refused = await self._runs.refuse(self._run, RefusedEntry("", project, self._path, agent, error.title))

    def not_refused(self) -> None:
        """Uncount the refusal; if it is not recorded yet, as soon as it is."""
        self._is_check = True
        if self._refused:
            self._later(self._runs.forget(self._run, self._refused))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something after the response, whose failure cannot be sent."""
        done = Deferred.fromCoroutine(work)
        done.addErrback(lambda failure: _log.warn("a run was not recorded: {error}", error=failure.getErrorMessage()))
