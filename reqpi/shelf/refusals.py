"""Refusals: requests that the lock did not admit, how many there were, and when.

Each process counts its own refusals and writes its own record now and then; reading adds the records up. So replicas
need no lock between them, and a restart loses nothing that was written.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from attrs import define, evolve, field, frozen
from packaging.utils import canonicalize_name

from reqpi.core.errors import StoreTrouble
from reqpi.core.interfaces import Records
from reqpi.core.model import Project
from reqpi.core.stored_json import finite, optional, parse, typed
from reqpi.shelf.record_reading import read_record
from reqpi.shelf.records import refusals_record

__all__ = ["MOST", "MOST_TOGETHER", "RecordedRefusal", "Refusals", "load_refusals"]

MOST = 1000
"""Different refusals counted for one address; the latest count. A client that causes more is guessing, not building."""

MOST_TOGETHER = 50_000
"""Different refusals of all addresses that a process has in memory, about 25 MB. Those of the address that was refused
least recently are dropped first; their record stays in the store.
"""

_LATEST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


@frozen
class RecordedRefusal:
    """One project or file that a lock did not admit.

    :param filename: ``None`` if the project as a whole was requested.
    :param reason: why it was refused, in a few words.
    :param count: how often it was refused.
    :param first: when it was refused first, in seconds since the epoch.
    :param last: when it was refused last, in seconds since the epoch.
    """

    project: Project
    filename: str | None
    reason: str
    count: int
    first: float
    last: float

    def plus(self, other: RecordedRefusal) -> RecordedRefusal:
        """Return the sum of two counts of the same refusal."""
        return evolve(
            self if self.last >= other.last else other,
            count=self.count + other.count,
            first=min(self.first, other.first),
            last=max(self.last, other.last),
        )

    def as_json(self) -> dict[str, Any]:
        """Return the refusal as a JSON object, with times in ISO 8601, UTC."""
        return {
            "project": self.project,
            "filename": self.filename,
            "reason": self.reason,
            "count": self.count,
            "first": _iso(self.first),
            "last": _iso(self.last),
        }


_Key = tuple[Project, str | None]


@define
class _Counts:
    """The refusals that this process has counted for one address, the latest last.

    :ivar complete: the record that this process wrote earlier is included. It is not at first: the counts of an address
        may have been dropped from memory since then.
    """

    counted: OrderedDict[_Key, RecordedRefusal] = field(factory=OrderedDict)
    complete: bool = False

    def add(self, refusals: Iterable[RecordedRefusal]) -> None:
        """Add what was counted just now."""
        for refusal in refusals:
            _add(self.counted, [refusal])
            self.counted.move_to_end((refusal.project, refusal.filename))
        while len(self.counted) > MOST:
            self.counted.popitem(last=False)

    def include(self, earlier: Sequence[RecordedRefusal]) -> None:
        """Add what this process had written earlier; that comes before what it has counted since."""
        since, self.counted = self.counted.values(), OrderedDict()
        self.add([*earlier, *since])
        self.complete = True


class Refusals:
    """The refusals of every address, counted by this process and the others.

    :param instance: a name for this process that no other has: ``[a-z0-9-]+``.
    :param now: returns the time in seconds since the epoch.
    :param together: different refusals that are in memory at most.
    """

    def __init__(
        self, records: Records, instance: str, now: Callable[[], float], together: int = MOST_TOGETHER
    ) -> None:
        self._records = records
        self._instance = instance
        self._now = now
        self._counts: OrderedDict[str, _Counts] = OrderedDict()
        self._size = 0
        self._together = together
        self._unwritten: set[str] = set()

    def note(self, address: str, project: Project, filename: str | None, reason: str) -> None:
        """Count one refusal."""
        now = self._now()
        counts = self._counts.setdefault(address, _Counts())
        self._counts.move_to_end(address)
        self._size -= len(counts.counted)
        counts.add([RecordedRefusal(project, filename, reason, 1, now, now)])
        self._size += len(counts.counted)
        self._unwritten.add(address)
        self._drop_oldest()

    def forget(self, address: str, project: Project) -> None:
        """Uncount one refusal of a project as a whole, which turned out not to be one."""
        counts = self._counts.get(address)
        refusal = None if counts is None else counts.counted.get((project, None))
        if counts is None or refusal is None:
            return
        if refusal.count > 1:
            counts.counted[project, None] = evolve(refusal, count=refusal.count - 1)
        else:
            del counts.counted[project, None]
            self._size -= 1
        self._unwritten.add(address)

    async def of(self, address: str) -> list[RecordedRefusal]:
        """Return everything that was refused under ``address``, the latest first."""
        counts = self._counts.get(address)
        if counts is not None:
            await self._complete(address, counts)
        total = {} if counts is None else dict(counts.counted)
        async for name in self._records.names(refusals_record(address)):
            if counts is None or name.rpartition("/")[2] != self._instance:
                _add(total, await self._written(name))
        return sorted(total.values(), key=lambda refusal: (-refusal.last, refusal.project, refusal.filename or ""))

    async def write(self) -> None:
        """Store the counts that have changed since the last call."""
        for address in list(self._unwritten):
            self._unwritten.discard(address)
            try:
                await self._write(address)
            except StoreTrouble:
                self._unwritten.add(address)
                raise

    async def _write(self, address: str) -> None:
        counts = self._counts.get(address)
        if counts is not None:  # it may have been dropped from memory meanwhile
            await self._complete(address, counts)
            await self._records.replace(refusals_record(address, self._instance), _dump(counts.counted.values()))

    async def _complete(self, address: str, counts: _Counts) -> None:
        """Include what this process wrote earlier, unless it is included."""
        if counts.complete:
            return
        earlier = await self._written(refusals_record(address, self._instance))
        if counts.complete:  # another caller did it meanwhile
            return
        before = len(counts.counted)
        counts.include(earlier)
        if self._counts.get(address) is counts:
            self._size += len(counts.counted) - before

    async def _written(self, record: str) -> Sequence[RecordedRefusal]:
        written = await self._records.get(record)
        return () if written is None else read_record(record, written, load_refusals)

    def _drop_oldest(self) -> None:
        while self._size > self._together:
            address, counts = self._counts.popitem(last=False)
            self._size -= len(counts.counted)
            self._unwritten.discard(address)


def _add(total: dict[_Key, RecordedRefusal], refusals: Iterable[RecordedRefusal]) -> None:
    for refusal in refusals:
        key = (refusal.project, refusal.filename)
        total[key] = total[key].plus(refusal) if key in total else refusal


def _dump(refusals: Iterable[RecordedRefusal]) -> bytes:
    return json.dumps([[r.project, r.filename, r.reason, r.count, r.first, r.last] for r in refusals]).encode()


def load_refusals(data: bytes) -> Sequence[RecordedRefusal]:
    """Return the refusals in a record.

    :raises Exception: one of :data:`reqpi.core.stored_json.NOT_WRITTEN`: it is damaged.
    """
    entries = typed(parse(data), list)
    if len(entries) > MOST:
        raise ValueError(f"it has more than {MOST} refusals")
    return [_loaded(typed(entry, list)) for entry in entries]


def _loaded(entry: list[object]) -> RecordedRefusal:
    project, filename, reason, count, first, last = entry
    name = canonicalize_name(typed(project, str))
    return RecordedRefusal(
        name, optional(filename, str), typed(reason, str), typed(count, int), _time(first), _time(last)
    )


def _time(value: object) -> float:
    seconds = finite(value)
    if not 0 <= seconds <= _LATEST:
        raise ValueError("a time is not between 1970 and 9999")
    return seconds


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
