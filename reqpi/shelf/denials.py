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
from hashlib import sha256
from itertools import islice
from secrets import token_hex

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from reqpi.core.decisions import ALLOW, DENY, UNSEALED, Decision, dump_decision, load_decision
from reqpi.core.denials import Denial, DenyList, key_of
from reqpi.core.errors import DamagedRecord, Occupied, StoreTrouble
from reqpi.core.interfaces import Records
from reqpi.core.model import Page
from reqpi.core.stored_json import NOT_WRITTEN
from reqpi.runtime.singleflight import SingleFlight, each
from reqpi.shelf.gate import OpenGate, ReleaseGate
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
    :ivar gate: is asked before the list is looked at: it may deny more.
    """

    gate: ReleaseGate = OpenGate()

    _log = Logger()

    def __init__(self, records: Records, clock: IReactorTime) -> None:
        self.changed: list[Callable[[], None]] = []
        self._records = records
        self._clock = clock
        self._known: dict[str, Decision] | None = None
        self._passed_over: dict[str, None] = {}
        self._list = DenyList()
        self._unwritten: dict[str, Denial] = {}
        self._allowed: Mapping[str, frozenset[str]] = {}
        self._reading: SingleFlight[None] = SingleFlight()
        self._failing = False

    async def current(self) -> DenyList:
        """Return what is denied now. It is read before the first request is answered.

        :raises reqpi.core.errors.StoreTrouble: it was never read, and cannot be.
        """
        if self._known is None:
            await self._reading.do("", self._read)
        return self._list

    async def left_on(self, page: Page, address: str) -> Page:
        """Return a page without the files that are denied, once the gate has seen it: the same page if none is.

        :raises reqpi.core.errors.UpstreamTrouble: the gate cannot decide now.
        """
        await self.gate.check_page(page, address)
        return (await self.current()).left_on(page)

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

    @property
    def known(self) -> tuple[Denial, ...]:
        """The denials as this process knows them."""
        return self._list.denials

    def denial(self, what: str) -> Denial | None:
        """Return the denial of exactly this, as far as this process knows; ``None`` if it is not denied."""
        return self._list.exactly(what)

    async def allowed(self) -> Mapping[str, frozenset[str]]:
        """Return the reasons of the policy that the operator has revoked, by :func:`~reqpi.core.denials.key_of`."""
        await self.current()
        return self._allowed

    def renew(self) -> None:
        """Drop everything that was made from commitments, as when a decision has changed."""
        for drop in self.changed:
            drop()

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
        before += _allowing(what, decisions)
        denial = Denial(what, because, self._clock.seconds(), by)
        await self._decide(Decision(DENY, what, because, denial.at, by))
        for name in before:
            await self._records.delete(name)
        await self._read_anew()
        return denial

    async def settle(
        self, denials: Iterable[Denial], ended: Iterable[Denial] = (), *, retry: bool = False
    ) -> tuple[Denial, ...]:
        """Make the denials of the policy these, and end others, several at a time; what a person denies stays.

        Each process that does the same writes the same records. A denial that cannot be written counts in this process
        as long as it runs.

        :param denials: of the policy. One with other reasons for the same takes the place of the earlier one.
        :param ended: of the policy.
        :param retry: try again to write those that could not be written.
        :returns: those of ``denials`` that are new.
        :raises reqpi.core.errors.Occupied: there are as many denials in this process as there may be.
        """
        known = await self.current()
        fresh = [denial for denial in denials if _is_news(denial, known.exactly(denial.what))]
        over = {key_of(denial.what) for denial in ended}
        if not (fresh or over or (retry and self._unwritten)):
            return ()
        decisions = self._known or {}
        todo = {key_of(denial.what): denial for denial in (*self._unwritten.values(), *fresh)}
        todo = {key: denial for key, denial in todo.items() if key not in over}
        self._unwritten = {}
        await self._write_all(list(todo.values()), MOST - sum(map(_takes_room, decisions.values())))
        earlier = _of_policy(over | todo.keys(), decisions) - set(map(_name_of, todo.values()))
        await each(earlier, self._records.delete, _AT_ONCE)
        await self._read_anew()
        return tuple(fresh)

    async def revoke(self, what: str, by: str = "") -> tuple[Denial, ...]:
        """Revoke the denial of exactly this, and return it; return nothing if it was not denied.

        If the policy has denied it, it is not denied again for the same reasons, until :meth:`deny` is called.

        :param what: a result of :func:`reqpi.core.denials.read_denied`.
        """
        decisions = await self._decisions()
        names = self._named(what, decisions)
        revoked = _denied_by(decisions[name] for name in names).denials
        for denial in revoked:
            if denial.ground is not None:
                await self._decide(Decision(ALLOW, what, denial.because, self._clock.seconds(), by, denial.ground))
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

    async def _write_all(self, denials: list[Denial], room: int) -> None:
        await each(denials[: max(room, 0)], self._write, _AT_ONCE)
        for denial in denials[max(room, 0) :]:
            self._keep_unwritten(denial)

    async def _write(self, denial: Denial) -> None:
        decision = Decision(DENY, denial.what, denial.because, denial.at, denial.by, denial.ground)
        try:
            written = await self._records.create(_name_of(denial), dump_decision(decision))
            if not _says_the_same(written, denial):  # someone who can write to the store has taken the name
                await self._decide(decision)
        except StoreTrouble as trouble:
            self._log.error("{what} is denied by this process only: {trouble}", what=denial.what, trouble=trouble)
            self._keep_unwritten(denial)

    def _keep_unwritten(self, denial: Denial) -> None:
        if len(self._unwritten) >= MOST:
            raise _no_room()
        self._unwritten[key_of(denial.what)] = denial

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
        self._allowed = _allowed_by(known.values())
        list_was, self._list = self._list, _denied_by(known.values(), self._unwritten.values())
        if self._matters(was, known) or (self._unwritten and list_was.denials != self._list.denials):
            self.renew()
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
        undone = [(each.at, name) for name, each in known.items() if not _takes_room(each)]
        for number, (at, name) in enumerate(sorted(undone, reverse=True)):
            if at < limit or number >= _UNDONE:
                with suppress(StoreTrouble):  # a store that cannot be written can still serve
                    await self._records.delete(name)


def _check_room(decisions: Mapping[str, Decision]) -> None:
    """Check that one more thing can be denied.

    :raises reqpi.core.errors.Occupied: it cannot.
    """
    if sum(decision.denial is not None for decision in decisions.values()) >= MOST:
        raise _no_room()


def _no_room() -> Occupied:
    return Occupied(
        f"{MOST} denials are in force",
        "Revoke some of them, or deny projects as a whole: reqpi deny --list shows all of them.",
    )


def _takes_room(decision: Decision) -> bool:
    """Return whether a decision stays until someone ends it."""
    return decision.kind in (DENY, ALLOW)


def _denied_by(decisions: Iterable[Decision], more: Iterable[Denial] = ()) -> DenyList:
    return DenyList([*(decision.denial for decision in decisions if decision.denial is not None), *more])


def _allowed_by(decisions: Iterable[Decision]) -> Mapping[str, frozenset[str]]:
    allowed: dict[str, frozenset[str]] = {}
    for decision in decisions:
        if decision.kind == ALLOW and decision.ground is not None:
            key = key_of(decision.what)
            allowed[key] = allowed.get(key, frozenset()) | frozenset(decision.ground.causes)
    return allowed


def _allowing(what: str, decisions: Mapping[str, Decision]) -> list[str]:
    """Return the names of the records that allow something."""
    allowing = {name: decision for name, decision in decisions.items() if decision.kind == ALLOW}
    return [name for name, decision in allowing.items() if key_of(decision.what) == key_of(what)]


def _of_policy(keys: set[str], decisions: Mapping[str, Decision]) -> set[str]:
    """Return the names of the records by which the policy denies what has these keys."""
    made = ((name, decision.denial) for name, decision in decisions.items())
    return {name for name, made in made if made is not None and made.ground is not None and key_of(made.what) in keys}


def _is_news(denial: Denial, known: Denial | None) -> bool:
    """Return whether a denial of the policy says something that is not known; a person's denial says enough."""
    if known is None:
        return True
    return known.ground is not None and (known.because, known.ground) != (denial.because, denial.ground)


def _says_the_same(written: bytes, denial: Denial) -> bool:
    try:
        made = load_decision(written).denial
    except NOT_WRITTEN:
        return False
    return made is not None and not _is_news(denial, made) and key_of(made.what) == key_of(denial.what)


def _name_of(denial: Denial) -> str:
    """Return the name of the record of a denial of the policy: the same in every process."""
    said = repr((key_of(denial.what), denial.because, denial.ground)).encode()
    return decision_record(sha256(said).hexdigest()[:32])
