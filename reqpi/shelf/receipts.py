"""Count what one client takes under an address: each thing is looked up as it is taken, for a receipt."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Hashable
from functools import partial
from hashlib import sha256
from typing import Any

from attrs import evolve
from packaging.utils import canonicalize_name
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from reqpi.core.errors import ReqPIError
from reqpi.core.model import Commitment, File, Page
from reqpi.core.receipts.model import MOST_TAKEN, Kind, TakenEntry, taken_file, taken_metadata, taken_provenance
from reqpi.core.receipts.recorder import How, ReceiptRecorder
from reqpi.core.shown_urls import as_shown
from reqpi.runtime.singleflight import SingleFlight
from reqpi.shelf.shelf import Shelf

__all__ = ["Taking", "entry_of_project"]

_Key = tuple[Kind, str, str]
"""A kind, a project, and the name of a file; the last is empty for a page and for facts."""

_LookUp = Callable[[], Coroutine[Any, Any, TakenEntry]]


class Taking:
    """The things that one client takes, by their names.

    :param default_index: the URL of the default index, without a login; empty if it is not known.
    """

    def __init__(self, shelf: Shelf, address: str, recorder: ReceiptRecorder, default_index: str = "") -> None:
        self._shelf = shelf
        self._address = address
        self._recorder = recorder
        self._default_index = default_index
        self._known: dict[Hashable, TakenEntry] = {}
        self._looking: SingleFlight[TakenEntry] = SingleFlight()
        self._pending: set[Deferred[None]] = set()

    def took(self, kind: Kind, project: str, filename: str, how: How) -> None:
        """Count something that the client was sent.

        :param project: in any spelling.
        :param filename: of the file, also for its metadata and its provenance.
        """
        key = (kind, canonicalize_name(project), filename)
        self.took_as(key, how, partial(self._looked_up, key))

    def took_as(self, key: Hashable, how: How, look_up: _LookUp) -> None:
        """Count something that the client was sent, and that this does not know.

        :param key: is the same for the same thing.
        :param look_up: returns its entry.
        """
        known = self._known.get(key)
        if known is not None:
            self._recorder.took(known, how)
        elif len(self._known) + len(self._pending) >= MOST_TAKEN:
            self._recorder.complete = False
        else:
            self._begin(key, how, look_up)

    async def settled(self) -> None:
        """Wait until everything that was taken so far is counted."""
        for each in list(self._pending):
            waiting: Deferred[Any] = Deferred()
            each.addBoth(waiting.callback)
            await waiting

    def _begin(self, key: Hashable, how: How, look_up: _LookUp) -> None:
        counted: Deferred[None] = Deferred.fromCoroutine(self._count(key, how, look_up))
        self._pending.add(counted)
        counted.addErrback(self._not_known)
        counted.addBoth(lambda _: self._pending.discard(counted))

    async def _count(self, key: Hashable, how: How, look_up: _LookUp) -> None:
        entry = await self._looking.do(key, look_up)
        self._known[key] = entry
        self._recorder.took(entry, how)

    def _not_known(self, failure: Failure) -> None:
        """Take note that something was taken that the receipt does not have."""
        self._recorder.complete = False
        failure.trap(ReqPIError)

    async def _looked_up(self, key: _Key) -> TakenEntry:
        kind, project, filename = key
        commitment = await self._shelf.commitment(self._address)
        page = await self._shelf.page(commitment, project)
        if kind in ("page", "facts"):
            return entry_of_project(kind, commitment, page, self._default_index)
        file = page.by_filename[filename]
        if kind == "metadata":
            data = await self._shelf.metadata(commitment, project, filename)
            return taken_metadata(file, sha256(data).hexdigest(), len(data))
        if kind == "provenance":
            data = await self._shelf.provenance.object(commitment, project, filename)
            return taken_provenance(file, sha256(data).hexdigest(), len(data))
        return evolve(taken_file(file), size=file.size or await self._size(commitment, file))

    async def _size(self, commitment: Commitment, file: File) -> int:
        """Return the size of a file whose index does not tell it."""
        return (await self._shelf.file(commitment, file.project, file.filename)).size


def entry_of_project(kind: Kind, commitment: Commitment, page: Page, default_index: str = "") -> TakenEntry:
    """Return the entry of a page, or of the facts of a release.

    :param default_index: the URL of the default index, without a login; empty if it is not known.
    """
    pin = commitment.lock.projects[page.project][0]
    index = (pin.indexes or ("",))[0] or default_index
    url = f"{as_shown(index).rstrip('/')}/{page.project}/" if index and pin.source is None else ""
    return TakenEntry(kind, page.project, url=url)
