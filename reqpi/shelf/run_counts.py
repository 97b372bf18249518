"""The records of a run: an entry for each thing that was taken or refused, and each process's counts of them.

An entry is a receipt that has it alone. :func:`add_entries` adds them up.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from attrs import astuple, define, evolve, field, frozen

from reqpi.core.receipts.document import timestamp, write_receipt
from reqpi.core.receipts.model import Receipt, RefusedEntry, TakenEntry
from reqpi.core.receipts.reading import UnreadableReceipt, read_receipt
from reqpi.core.receipts.recorder import How, ReceiptRecorder
from reqpi.core.stored_json import finite, mapping, parse, typed

__all__ = ["HOWS", "Counts", "RunEntry", "add_entries", "entry_of", "load_counts", "load_entry"]

HOWS: tuple[How, ...] = ("count", "partial", "unchanged")

_LAYOUT = 1
_MOST_COUNTS = 20_000
_TIMES = (0.0, 253402300799.0)
"""The first and the last second that a timestamp can have."""


@frozen
class RunEntry:
    """One thing that was taken, or one kind of request that was refused.

    :param key: the last part of the name of its record: ``t-<sha256>`` or ``r-<sha256>``.
    :param thing: as a receipt has it if nothing more is known: a part of it was sent; it was refused one time.
    """

    key: str
    thing: TakenEntry | RefusedEntry

    def dump(self, address: str) -> bytes:
        """Return its record: a receipt of this thing alone."""
        at = timestamp(0)
        if isinstance(self.thing, TakenEntry):
            return write_receipt(Receipt(address, (), at, at, taken=(self.thing,)))
        return write_receipt(Receipt(address, (), at, at, refused=(self.thing,)))


def entry_of(thing: TakenEntry | RefusedEntry) -> RunEntry | None:
    """Return the entry of a thing, with the texts of a client in the form that a receipt has them in.

    :returns: ``None`` if a receipt cannot have it, because of a name that is too long or cannot be printed.
    """
    recorder = ReceiptRecorder()
    if isinstance(thing, TakenEntry):
        recorder.took(thing, "partial")
        return next((RunEntry(f"t-{_digest(each.key)}", each) for each in _alone(recorder).taken), None)
    recorder.refused(evolve(thing, count=1))
    return next((RunEntry(f"r-{_digest(astuple(each)[:-1])}", each) for each in _alone(recorder).refused), None)


def load_entry(data: bytes, key: str) -> RunEntry:
    """Return the entry in a record.

    :raises ValueError: ReqPI did not write it under this key.
    """
    try:
        receipt = read_receipt(data, "it")
    except UnreadableReceipt as error:
        raise ValueError(error.title) from None
    things: tuple[TakenEntry | RefusedEntry, ...] = (*receipt.taken, *receipt.refused)
    if len(things) != 1:
        raise ValueError("it has more or less than one entry")
    entry = entry_of(things[0])
    if entry is None or entry.key != key or entry.dump(receipt.address) != data:
        raise ValueError("it is the record of another entry")
    return entry


@define
class Counts:
    """The counts of one process for one run.

    :ivar sent: how often each entry was sent: in whole, in part, and as unchanged; a refusal has the first alone.
    :ivar last: when the run was last used here, in seconds since the epoch.
    :ivar complete: no refusal was left out.
    :ivar known: the keys of the entries that are in the store.
    :ivar changed: the record in the store differs.
    :ivar writing: the record is being written.
    :ivar used: it was used since it was last written.
    """

    sent: dict[str, Counter[How]] = field(factory=dict)
    last: float = 0.0
    complete: bool = True
    known: set[str] = field(factory=set)
    changed: bool = False
    writing: bool = False
    used: bool = True

    def count(self, key: str, how: How | None, now: float) -> None:
        """Count that an entry was sent, if the store has it.

        :param how: ``None``: nothing of it was sent after all.
        """
        if key not in self.known:
            return
        counter = self.sent.setdefault(key, Counter())
        if how is not None:
            counter[how] += 1
            self.last = max(self.last, now)
        self.changed = self.used = True

    def uncount(self, key: str) -> None:
        """Uncount one refusal."""
        if key in self.sent:
            self.sent[key]["count"] = max(0, self.sent[key]["count"] - 1)
            self.changed = self.used = True

    def dump(self) -> bytes:
        """Return the record."""
        sent = {key: [counter[how] for how in HOWS] for key, counter in sorted(self.sent.items())}
        return json.dumps({"layout": _LAYOUT, "last": self.last, "complete": self.complete, "sent": sent}).encode()


def load_counts(data: bytes) -> Counts:
    """Return the counts in a record.

    :raises Exception: one of :data:`reqpi.core.stored_json.NOT_WRITTEN`: it is damaged.
    """
    found = mapping(parse(data))
    if typed(found["layout"], int) != _LAYOUT:
        raise ValueError("its layout is unknown")
    sent = mapping(found["sent"])
    last = finite(found["last"])
    if len(sent) > _MOST_COUNTS or not _TIMES[0] <= last <= _TIMES[1]:
        raise ValueError("it has too many counts, or a time that no clock shows")
    return Counts({key: _counter(each) for key, each in sent.items()}, last, typed(found["complete"], bool))


def add_entries(recorder: ReceiptRecorder, entries: Mapping[str, RunEntry], counts: Iterable[Counts]) -> float:
    """Add the entries of a run to a recorder, as often as all processes together have sent them.

    An entry that no process has counted was begun by one that did not end well: a part of it may have been sent.

    :returns: when the run was last used, in seconds since the epoch.
    """
    sent: dict[str, Counter[How]] = {}
    last = 0.0
    for each in counts:
        last = max(last, each.last)
        recorder.complete = recorder.complete and each.complete
        for key, counter in each.sent.items():
            sent.setdefault(key, Counter()).update(counter)
    if any(counter.total() for key, counter in sent.items() if key not in entries):
        recorder.complete = False  # the record of the entry is gone
    for key, entry in entries.items():
        _add(recorder, entry.thing, sent.get(key))
    return last


def _add(recorder: ReceiptRecorder, thing: TakenEntry | RefusedEntry, counter: Counter[How] | None) -> None:
    if isinstance(thing, RefusedEntry):
        if counter is None or counter["count"]:
            recorder.refused(thing if counter is None else evolve(thing, count=counter["count"]))
        return
    for how in HOWS:
        times = (how == "partial") if counter is None else counter[how]
        if times:
            recorder.took(thing, how, int(times))


def _alone(recorder: ReceiptRecorder) -> Receipt:
    at = timestamp(0)
    return recorder.receipt("", (), at, at)


def _counter(value: Any) -> Counter[How]:
    numbers = [typed(each, int) for each in typed(value, list)]
    if len(numbers) != len(HOWS) or min(numbers) < 0:
        raise ValueError("a count is not three whole numbers")
    return Counter(dict(zip(HOWS, numbers, strict=True)))


def _digest(parts: Iterable[object]) -> str:
    return sha256("\n".join(map(str, parts)).encode()).hexdigest()
