"""Reading documents as locks: small ones in a thread, large ones in processes, and known addresses before commits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from attrs import evolve
from twisted.internet.defer import Deferred

from reqpi.core import locks
from reqpi.core.errors import BrokenLock
from reqpi.core.locks.rules.requirements import TOO_COSTLY
from reqpi.core.model import Lock, Pin
from reqpi.core.report import Defect, Document
from reqpi.runtime.child_process import Budget, ChildProcess, OverBudget
from reqpi.runtime.offload import LOCK
from reqpi.runtime.urgent_first import UrgentFirst
from reqpi.runtime.whole_turns import whole_turn

__all__ = ["LARGE", "LockReading"]

LARGE = 1 << 16
"""Bytes of documents above which a process reads them: these take up to 0.2 s in a thread."""

_BUDGET = Budget(seconds=60, memory=2 << 30)
"""A lock of 8 MiB takes 1 to 10 s, and at most 1 GB."""

_PIECE = 200
"""Pins that a process sends at a time: receiving them takes 2 ms, in which no other thread runs."""

_Committed = bytes | Sequence[Document]

_Piece = tuple[Pin, ...] | Lock | tuple[Defect, ...]


class LockReading:
    """The readers of one process.

    :param processes: large documents are read in processes; otherwise in a thread, as suits a server that has a single
        client.
    """

    def __init__(self, *, processes: bool = False) -> None:
        # One document at a time: reading keeps one core busy, and CPython 3.11 may fail when two threads parse deeply
        # nested markers concurrently. The other threads are for the store.
        self._small = UrgentFirst()
        self._commits = ChildProcess(_BUDGET) if processes else None
        self._known = ChildProcess(evolve(_BUDGET, nice=0)) if processes else None

    async def read(self, committed: _Committed, *, known: bool) -> Lock:
        """Read a lock and compute its indices and its weight.

        :param committed: the one document, or several with paths.
        :param known: it was committed earlier, and clients wait for its address. It waits for no commit of a large
            document, and for one of a small document at most.
        :raises reqpi.core.errors.BrokenLock: it is not a lock, has defects, or costs too much.
        """
        size = len(committed) if isinstance(committed, bytes) else sum(len(document.data) for document in committed)
        if size <= LOCK.inline:
            return _worked_out(_read(committed))
        process = self._known if known else self._commits
        if process is None or size <= LARGE:
            turn = partial(self._small.run, urgent=known)
            return await whole_turn(turn, partial(LOCK.run, size, _all_of, committed))
        try:
            pieces = await process.call(_parts_of, committed)
        except OverBudget as over:
            problem, advice = TOO_COSTLY.problem.format(what=over.limit), TOO_COSTLY.advice
            raise BrokenLock([Defect(0, "", problem, advice, TOO_COSTLY.name)]) from None
        putting: Deferred[Lock] = LOCK.run(size, _put_together, pieces)
        return await putting

    def close(self) -> None:
        """End the processes."""
        for process in (self._commits, self._known):
            if process is not None:
                process.close()


def _read(committed: _Committed) -> Lock:
    return locks.read(committed) if isinstance(committed, bytes) else locks.read_together(committed)


def _all_of(committed: _Committed) -> Lock:
    return _worked_out(_read(committed))


def _worked_out(lock: Lock) -> Lock:
    """Compute the indices of a lock and its weight: each takes up to 50 ms for ten thousand pins."""
    _ = lock.projects, lock.releases, lock.weight
    return lock


def _parts_of(committed: _Committed) -> Iterator[_Piece]:
    """Read a lock, in another process."""
    try:
        lock = _read(committed)
    except BrokenLock as broken:
        yield broken.defects
        return
    for start in range(0, len(lock.pins), _PIECE):
        yield lock.pins[start : start + _PIECE]
    yield Lock(lock.document, lock.format, (), lock.notes, lock.documents, lock.support, lock.local)


def _put_together(pieces: list[_Piece]) -> Lock:
    """Return the lock that another process has read.

    :raises reqpi.core.errors.BrokenLock: it has defects.
    """
    last = pieces.pop()
    if not isinstance(last, Lock):
        raise BrokenLock([defect for defect in last if isinstance(defect, Defect)])
    pins = tuple(pin for piece in pieces if isinstance(piece, tuple) for pin in piece if isinstance(pin, Pin))
    return _worked_out(evolve(last, pins=pins))
