"""Refusals: requests that the lock did not admit, how many there were, and when.

Each process counts its own refusals and writes its own record now and then; reading adds the records up. So replicas
need no lock between them, and a restart loses nothing that was written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from attrs import evolve, frozen
from packaging.utils import canonicalize_name

from reqpi.core.errors import StoreTrouble
from reqpi.core.interfaces import Records
from reqpi.core.model import Project
from reqpi.core.stored_json import finite, optional, parse, typed
from reqpi.shelf.record_reading import read_record
from reqpi.shelf.records import refusals_record

__all__ = ["MOST", "RecordedRefusal", "Refusals", "load_refusals"]

MOST = 1000
"""Different refusals counted for one address. A client that causes more is guessing, not building."""

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


class Refusals:
    """The refusals of every address, counted by this process and the others.

    :param instance: a name for this process that no other has: ``[a-z0-9-]+``.
    :param now: returns the time in seconds since the epoch.
    """

    def __init__(self, records: Records, instance: str, now: Callable[[], float]) -> None:
        self._records = records
        self._instance = instance
        self._now = now
        self._counted: dict[str, dict[_Key, RecordedRefusal]] = {}
        self._unwritten: set[str] = set()

    def note(self, address: str, project: Project, filename: str | None, reason: str) -> None:
        """Count one refusal."""
        counted = self._counted.setdefault(address, {})
        key = (project, filename)
        if key not in counted and len(counted) >= MOST:
            return
        now = self._now()
        fresh = RecordedRefusal(project, filename, reason, 1, now, now)
        counted[key] = counted[key].plus(fresh) if key in counted else fresh
        self._unwritten.add(address)

    def forget(self, address: str, project: Project) -> None:
        """Uncount one refusal of a project as a whole, which turned out not to be one."""
        counted = self._counted.get(address, {})
        refusal = counted.pop((project, None), None)
        if refusal is None:
            return
        if refusal.count > 1:
            counted[project, None] = evolve(refusal, count=refusal.count - 1)
        self._unwritten.add(address)

    async def of(self, address: str) -> list[RecordedRefusal]:
        """Return everything that was refused under ``address``, the latest first."""
        total = dict(self._counted.get(address, {}))
        async for name in self._records.names(refusals_record(address)):
            if name.rpartition("/")[2] != self._instance:
                written = await self._records.get(name)
                _add(total, () if written is None else read_record(name, written, load_refusals))
        return sorted(total.values(), key=lambda refusal: (-refusal.last, refusal.project, refusal.filename or ""))

    async def write(self) -> None:
        """Store the counts that have changed since the last call."""
        for address in list(self._unwritten):
            counted = _dump(self._counted[address].values())
            self._unwritten.discard(address)
            try:
                await self._records.replace(refusals_record(address, self._instance), counted)
            except StoreTrouble:
                self._unwritten.add(address)
                raise


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
