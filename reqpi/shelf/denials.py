"""The deny list of a store: the operator's decisions, which every process that shares the store learns within seconds.

Each decision is a record that never changes, under a name of its own, so that a listing of the names tells whether
anything has changed. A process lists them every two seconds. When one was added or revoked, everything that was made
from commitments is dropped: no cache has to know what is denied.

A lock that was forgotten, and a page that was frozen again, are decisions too, so that other processes drop what they
have in memory. Such a record has no further use after an hour.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from itertools import islice
from secrets import token_hex

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from reqpi.core.decisions import DENY, UNSEALED, Decision, dump_decision, load_decision
from reqpi.core.denials import Denial, DenyList, key_of
from reqpi.core.errors import DamagedRecord, Occupied, StoreTrouble
from reqpi.core.interfaces import Records
from reqpi.runtime.singleflight import SingleFlight, each
from reqpi.shelf.record_reading import read_record
from reqpi.shelf.records import decision_record, name_for_logs

__all__ = ["Denials"]

MOST = 10_000
"""Denials of a store: the names of all decisions are listed every two seconds."""

_UNDONE = 1_000
"""Decisions that deny nothing. Of more, the earliest are removed: a process that sees a later one drops everything."""

_AT_ONCE = 16
"""Decisions that are read concurrently: a process that has just started reads all of them."""

_AGAIN = 32
"""Decisions that did not count and are read again at each look, those that have waited longest first."""

_LASTS = 3600.0
"""Seconds after which a decision that denies nothing is removed: every process has seen it, or has started since."""


class Denials:
    """The decisions of a store, as this process knows them.

    :ivar changed: are called when the decisions have changed.
    """

    _log = Logger()

    def __init__(self, records: Records, clock: IReactorTime) -> None:
        self.changed: list[Callable[[], None]] = []
        self._records = records
        self._clock = clock
        self._known: dict[str, Decision] | None = None
        self._passed_over: dict[str, None] = {}
        self._list = DenyList()
        self._reading: SingleFlight[None] = SingleFlight()
        self._failing = False

    async def current(self) -> DenyList:
        """Return what is denied now. It is read before the first request is answered.

        :raises reqpi.core.errors.StoreTrouble: it was never read, and cannot be.
        """
        if self._known is None:
            await self._reading.do("", self._read)
        return self._list

    async def refresh(self) -> None:
        """Learn what was decided elsewhere. A server does so every two seconds.

        While the store cannot be read, what was denied before is denied.
        """
        try:
            await self._reading.do("", self._read)
        except StoreTrouble as trouble:
            if not self._failing:
                self._log.error("the deny list cannot be read, and stays as it is: {trouble}", trouble=trouble)
            self._failing = True
        else:
            self._failing = False

    async def listed(self) -> tuple[Denial, ...]:
        """Return every denial that is in the store now, the earliest first."""
        await self._read_anew()
        return self._list.denials

    async def deny(self, what: str, because: str, by: str) -> Denial:
        """Deny something. If it was denied before, the new reason takes the place of that one.

        :param what: a result of :func:`reqpi.core.denials.read_denied`.
        :param because: a result of :func:`reqpi.core.denials.read_reason`.
        :raises reqpi.core.errors.Occupied: as many things are denied as may be, and this is one more.
        """
        decisions = await self._decisions()
        before = self._named(what, decisions)
        if not before:
            _check_room(decisions)
        denial = Denial(what, because, self._clock.seconds(), by)
        await self._decide(Decision(DENY, what, because, denial.at, by))
        for name in before:
            await self._records.delete(name)
        await self._read_anew()
        return denial

    async def revoke(self, what: str) -> tuple[Denial, ...]:
        """Revoke the denial of exactly this, and return it; return nothing if it was not denied.

        :param what: a result of :func:`reqpi.core.denials.read_denied`.
        """
        decisions = await self._decisions()
        names = self._named(what, decisions)
        revoked = _denied_by(decisions[name] for name in names).denials
        for name in names:
            await self._records.delete(name)
        await self._read_anew()
        return revoked

    async def undone(self, kind: str, address: str, by: str) -> None:
        """Make every process drop what it has in memory of an address.

        :param kind: ``forget`` or ``refreeze``.
        """
        await self._decide(Decision(kind, address, "", self._clock.seconds(), by))
        await self._read_anew()

    async def _decide(self, decision: Decision) -> None:
        await self._records.create(decision_record(token_hex(16)), dump_decision(decision))

    @staticmethod
    def _named(what: str, decisions: Mapping[str, Decision]) -> list[str]:
        """Return the names of the records that deny something."""
        denials = {name: decision.denial for name, decision in decisions.items()}
        return [name for name, denial in denials.items() if denial is not None and key_of(denial.what) == key_of(what)]

    async def _decisions(self) -> Mapping[str, Decision]:
        await self._read_anew()
        return self._known or {}

    async def _read_anew(self) -> None:
        """Read the decisions after this call: a reading under way may have begun before the latest was made."""
        await self._reading.do("", self._read)
        await self._reading.do("", self._read)

    async def _read(self) -> None:
        was = self._known or {}
        names = [name async for name in self._records.names(decision_record(""))]
        listed = set(names)
        self._passed_over = {name: None for name in self._passed_over if name in listed}
        unread = [name for name in names[: 2 * MOST] if name not in was and name not in self._passed_over]
        read = await each([*unread, *islice(self._passed_over, _AGAIN)], self._loaded, _AT_ONCE)
        fresh = {name: decision for name, decision in read.items() if decision is not None}
        known = {name: was[name] for name in names if name in was} | fresh
        self._known = known
        self._list = _denied_by(known.values())
        if self._matters(was, known):
            for drop in self.changed:
                drop()
        await self._expire(known)

    @staticmethod
    def _matters(was: Mapping[str, Decision], known: Mapping[str, Decision]) -> bool:
        """Return whether a decision was added, or a denial revoked, since ``was`` was read."""
        removed = was.keys() - known.keys()
        return not known.keys() <= was.keys() or any(was[name].denial is not None for name in removed)

    async def _loaded(self, name: str) -> Decision | None:
        """Return a decision; ``None`` if it was revoked meanwhile, or does not count: then the log names it."""
        try:
            decision = await self._decision(name)
        except DamagedRecord as damaged:
            if name not in self._passed_over:
                self._log.error("a decision of the operator does not count: {damaged}", damaged=damaged)
            self._passed_over[name] = self._passed_over.pop(name, None)  # the last one now
            return None
        self._passed_over.pop(name, None)
        return decision

    async def _decision(self, name: str) -> Decision | None:
        """Return a decision; ``None`` if it was revoked meanwhile.

        :raises reqpi.core.errors.DamagedRecord: it does not count.
        """
        written = await self._records.get(name)
        if written is not None:
            return read_record(name, written, load_decision)
        if await self._records.last_used(name) is not None:
            raise DamagedRecord(name_for_logs(name), UNSEALED)
        return None

    async def _expire(self, known: Mapping[str, Decision]) -> None:
        """Remove the decisions that deny nothing and have told every process of their work."""
        limit = self._clock.seconds() - _LASTS
        undone = [(each.at, name) for name, each in known.items() if each.kind != DENY]
        for number, (at, name) in enumerate(sorted(undone, reverse=True)):
            if at < limit or number >= _UNDONE:
                with suppress(StoreTrouble):  # a store that cannot be written can still serve
                    await self._records.delete(name)


def _check_room(decisions: Mapping[str, Decision]) -> None:
    """Check that one more thing can be denied.

    :raises reqpi.core.errors.Occupied: it cannot.
    """
    if sum(decision.denial is not None for decision in decisions.values()) >= MOST:
        raise Occupied(
            f"{MOST} denials are in force",
            "Revoke some of them, or deny projects as a whole: reqpi deny --list shows all of them.",
        )


def _denied_by(decisions: Iterable[Decision]) -> DenyList:
    return DenyList(decision.denial for decision in decisions if decision.denial is not None)
