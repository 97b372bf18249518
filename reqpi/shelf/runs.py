"""Runs under an address: what one build takes is recorded here, for builds that ``reqpi run`` cannot wrap.

The records are in the store, for every process that shares it. An entry is written before the first byte of what it
names is sent, so that nothing is sent that no receipt has; how often it was sent is written right after it was.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from copy import deepcopy
from datetime import datetime
from functools import partial

from attrs import field, frozen
from twisted.internet.defer import DeferredLock
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from reqpi.core.address import address_of, is_address
from reqpi.core.errors import Occupied, StoreTrouble, UnknownSession
from reqpi.core.interfaces import Store
from reqpi.core.model import Commitment
from reqpi.core.receipts.document import TIMESTAMP, timestamp
from reqpi.core.receipts.model import Receipt, ReceiptDocument, RefusedEntry
from reqpi.core.receipts.recorder import How, ReceiptRecorder
from reqpi.core.stored_json import mapping, parse, typed
from reqpi.runtime.offload import in_thread
from reqpi.runtime.singleflight import each
from reqpi.runtime.whole_turns import whole_turn
from reqpi.shelf.record_reading import read_record
from reqpi.shelf.records import run_counts_record, run_entry_record, run_record
from reqpi.shelf.run_counts import Counts, RunEntry, add_entries, entry_of, load_counts, load_entry
from reqpi.shelf.token_records import TokenKind, TokenRecords

__all__ = ["ENTRIES", "LASTS", "REFUSALS", "RUNS", "Run", "Runs", "load_run"]

RUNS = 1000
"""Runs that may be open at the same time, on all servers that share a store."""

LASTS = 6 * 3600.0
"""Seconds that a run lasts without use: a build may compile for hours before it asks for the next thing."""

ENTRIES = 10_000
"""Things that one run may take. What would be another one is not sent."""

REFUSALS = 1000
"""Different refusals of one run. What would be another one is refused too, and the receipt is not complete."""

_LAYOUT = 1

_AT_ONCE = 16
"""Records that one receipt reads concurrently."""

_EXPIRE = 600.0
"""Seconds between two checks for runs that are no longer used."""

_AGAIN = 0.25
"""Seconds until the counts of other processes are read again."""

_FAST = 1000
"""Counts that are written again at once. One with more waits between two writes, a tenth of a second for each 1000."""


@frozen
class Run:
    """A run.

    :param token: a secret that cannot be guessed: 32 hexadecimal digits.
    :param address: of the lock that it takes from.
    :param started: an ISO 8601 timestamp in UTC.
    """

    token: str = field(repr=False)
    address: str
    started: str


class Runs:
    """All runs of one store.

    :param instance: a name for this process that no other process on the same store has.
    :param patience: seconds for which a receipt waits until other processes have counted what they have begun to send.
    """

    def __init__(self, store: Store, clock: IReactorTime, instance: str, patience: float = 2.0) -> None:
        self._store = store
        self._clock = clock
        self._instance = instance
        self._patience = patience
        self._runs = TokenRecords(_KIND, store, clock)
        self._counts: dict[str, Counts] = {}
        self._expired = clock.seconds()
        self._making = DeferredLock()

    async def begin(self, commitment: Commitment) -> Run:
        """Begin a run.

        :raises reqpi.core.errors.Occupied: :data:`RUNS` runs are open.
        """
        said = {"layout": _LAYOUT, "address": commitment.address, "started": timestamp(self._clock.seconds())}
        return await self._runs.begin(json.dumps(said).encode())

    async def get(self, token: str) -> Run:
        """Return the run of a token. This counts as use of the run.

        :raises reqpi.core.errors.UnknownSession: there is no such run, or it has ended.
        """
        return await self._runs.get(token)

    async def end(self, run: Run) -> None:
        """Remove a run and its records."""
        self._counts.pop(run.token, None)
        await self._runs.end(run.token)

    # Recording

    async def taking(self, run: Run, entry: RunEntry | None) -> None:
        """Record a thing that is about to be sent. :meth:`count` it once it was.

        :param entry: ``None``: no receipt can have it, so that this one is not complete.
        :raises reqpi.core.errors.Occupied: the run has taken :data:`ENTRIES` things.
        :raises reqpi.core.errors.UnknownSession: the run has ended.
        """
        if entry is None:
            await self._leave_out(run)
        elif not await self._enter(run, entry, ENTRIES):
            raise Occupied(f"this run has taken {ENTRIES} things", "Begin another run.")

    async def count(self, run: Run, key: str, how: How | None) -> None:
        """Count that a thing was sent; ``None``: nothing of it was."""
        counts = await self._counts_of(run)
        counts.count(key, how, self._clock.seconds())
        await self._write(run.token, counts)

    async def refuse(self, run: Run, request: RefusedEntry) -> str:
        """Record and count a request that was refused; return its key, or an empty text if there are too many.

        :raises reqpi.core.errors.UnknownSession: the run has ended.
        """
        entry = entry_of(request)
        if entry is None or not await self._enter(run, entry, REFUSALS):
            await self._leave_out(run)
            return ""
        await self.count(run, entry.key, "count")
        return entry.key

    async def _leave_out(self, run: Run) -> None:
        """Record that the receipt has not everything."""
        counts = await self._counts_of(run)
        if counts.complete:
            counts.complete, counts.changed = False, True
            await self._write(run.token, counts)

    async def forget(self, run: Run, key: str) -> None:
        """Uncount a request that turned out not to be refused."""
        counts = await self._counts_of(run)
        counts.uncount(key)
        await self._write(run.token, counts)

    async def _enter(self, run: Run, entry: RunEntry, most: int) -> bool:
        """Write an entry unless the store has it; return whether it has it now.

        :param most: entries of this kind, at most. Several processes may exceed it together.
        """
        known = (await self._counts_of(run)).known
        if entry.key in known:
            return True
        if len(known) >= most and sum(key[0] == entry.key[0] for key in known) >= most:
            return False
        await self._store.create(run_entry_record(run.token, entry.key), entry.dump(run.address))
        await self._runs.confirm(run.token)
        (await self._counts_of(run)).known.add(entry.key)  # it may have left memory meanwhile
        return True

    async def _counts_of(self, run: Run) -> Counts:
        """Return what this process has counted for a run."""
        if run.token not in self._counts:
            record = run_counts_record(run.token, self._instance)
            written = await self._store.get(record)
            counts = Counts() if written is None else read_record(record, written, load_counts)
            async for name in self._store.names(run_entry_record(run.token)):
                counts.known.add(name.rpartition("/")[2])
            self._counts.setdefault(run.token, counts)
        counts = self._counts[run.token]
        counts.used = True
        return counts

    # The receipt

    async def receipt(self, run: Run, commitment: Commitment) -> Receipt:
        """Return what was taken in a run so far.

        :raises reqpi.core.errors.DamagedRecord: a record of the run was changed by someone else.
        :raises reqpi.core.errors.UnknownSession: the run has ended.
        """
        entries = await self._read(run_entry_record(run.token))
        counts = await self._counted(run, {name.rpartition("/")[2] for name in entries})
        await self._runs.confirm(run.token)  # not all entries may have been there any more
        # One at a time: one of 10,000 entries takes some seconds of the processor.
        return await whole_turn(self._making.run, partial(in_thread, _receipt, run, commitment, counts, entries))

    async def _counted(self, run: Run, keys: set[str]) -> list[Counts]:
        """Return the counts of all processes, if possible with one for each of these keys."""
        until = self._clock.seconds() + self._patience
        while True:
            others = await self._read(run_counts_record(run.token))
            others.pop(run_counts_record(run.token, self._instance), None)
            counts = [read_record(name, written, load_counts) for name, written in others.items()]
            counts.append(deepcopy(await self._counts_of(run)))
            if keys <= {key for each in counts for key in each.sent} or self._clock.seconds() >= until:
                return counts
            await deferLater(self._clock, _AGAIN)

    async def _read(self, prefix: str) -> dict[str, bytes]:
        """Return the records below a prefix."""
        names = sorted([name async for name in self._store.names(prefix)])
        found = await each(names, self._store.get, _AT_ONCE)
        return {name: written for name, written in found.items() if written is not None}

    # Now and then

    async def tend(self) -> None:
        """Write counts that could not be written, and end the runs that were not used for :data:`LASTS` seconds."""
        for token, counts in list(self._counts.items()):
            if counts.changed:
                await self._write(token, counts)
            elif not counts.used:
                self._counts.pop(token, None)
            counts.used = False
        if self._clock.seconds() - self._expired >= _EXPIRE:
            self._expired = self._clock.seconds()
            for token in await self._runs.expire():
                self._counts.pop(token, None)

    async def _write(self, token: str, counts: Counts) -> None:
        """Write counts that have changed. If they are being written, they are written again after that."""
        if counts.writing:
            return
        counts.writing = True
        try:
            while counts.changed:
                counts.changed = False
                await self._store.replace(run_counts_record(token, self._instance), counts.dump())
                await self._runs.confirm(token)
                if len(counts.sent) >= _FAST:
                    await deferLater(self._clock, len(counts.sent) / _FAST / 10)
        except StoreTrouble:
            counts.changed = True
            raise
        except UnknownSession:
            self._counts.pop(token, None)
        finally:
            counts.writing = False


def load_run(token: str, data: bytes) -> Run:
    """Return the run in a record.

    :raises Exception: one of :data:`reqpi.core.stored_json.NOT_WRITTEN`: it is damaged.
    """
    found = mapping(parse(data))
    if typed(found["layout"], int) != _LAYOUT:
        raise ValueError("its layout is unknown")
    address, started = typed(found["address"], str), typed(found["started"], str)
    if not is_address(address) or datetime.strptime(started, TIMESTAMP).strftime(TIMESTAMP) != started:
        raise ValueError("it has no address, or no time at which it started")
    return Run(token, address, started)


def _receipt(run: Run, commitment: Commitment, counts: Iterable[Counts], entries: Mapping[str, bytes]) -> Receipt:
    """Return the receipt that the records make."""
    recorder = ReceiptRecorder()
    found = (_entry(name, data) for name, data in entries.items())
    last = add_entries(recorder, {entry.key: entry for entry in found}, counts)
    documents = (ReceiptDocument(each.path, address_of(each.data)) for each in commitment.lock.documents)
    return recorder.receipt(run.address, tuple(documents), run.started, max(run.started, timestamp(last)))


def _entry(name: str, data: bytes) -> RunEntry:
    return read_record(name, data, partial(load_entry, key=name.rpartition("/")[2]))


_KIND = TokenKind(
    run_record,
    lambda token: (run_entry_record(token), run_counts_record(token)),
    load_run,
    RUNS,
    LASTS,
    (f"{RUNS} runs are open", "End one of them with DELETE /runs/<token>, or try again later."),
    ("no such run", "It has ended. Begin another run with POST /<address>/runs."),
)
