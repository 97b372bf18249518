"""The room of a store: what it has, how large it may become, and how much of it each token may fill.

Every process counts what it stores and removes. What others do, and what a crash left uncounted, is found by a survey
of the whole store. It runs in the background again and again, sooner if a process has filled a sixteenth of the room.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import frozen
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from reqpi.core.errors import OverQuota, StoreFull, StoreTrouble
from reqpi.core.interfaces import Store
from reqpi.core.sizes import size_text
from reqpi.runtime.counts import ServerCounts
from reqpi.runtime.on_behalf import requested_address, requesting_token
from reqpi.shelf.record_reading import read_or_none
from reqpi.shelf.records import decision_record, differing_metadata_record, lock_record, survey_record, time_record
from reqpi.shelf.room.charges import Charges
from reqpi.shelf.room.survey_total import SurveyTotal, load_survey
from reqpi.shelf.room.tally import Tally

__all__ = ["Quota", "StoreRoom"]

Quota = Callable[[str], int | None]
"""Returns how many bytes a token may fill, by its account: the name of one of the operator's. ``None``: any number."""

_SURVEY = 600.0
"""Seconds between the end of a survey and the next one, at most."""

_REST = 10.0
"""The rest after a survey is at least as many times as long as it took."""

_SHARE = 16
"""A survey is due when this process has filled this part of the room that the last one found."""

_STEPS = 1000
"""Files that are looked at before a pause: the answer to one listing of an object store."""

_PAUSE = 0.05
"""Seconds: a survey looks at 20,000 files a second, at most. The first one goes on at once."""

_ALWAYS = (decision_record(""), time_record(""), differing_metadata_record(""))
"""Records that are stored in a full store too: what the operator has decided, and what protects others. All are small.
"""


class StoreRoom:
    """The room of the store of this process: the :class:`~reqpi.storage.counted.Accounts` of a ``CountedStore``.

    :param store: the store itself: what it is asked to store from here is not counted.
    :param instance: a name for this process that no other has.
    :param largest: bytes of the store, at most; ``None``: any number.
    :param quota: what each token may fill; ``None``: no token is charged.
    :param counts: receives each refusal.
    """

    _log = Logger()

    def __init__(
        self,
        store: Store,
        clock: IReactorTime,
        instance: str,
        largest: int | None = None,
        quota: Quota | None = None,
        *,
        counts: ServerCounts | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._largest = largest
        self._quota = quota
        self._counts = counts or ServerCounts()
        self._charges = Charges(store, instance)
        self.whole = Tally()
        self._of_tokens: dict[str, Tally] = {}
        self._created = 0
        self._due = 0.0
        self._earliest = 0.0
        self._stopped = False
        self._was_full = False
        self._has_recalled = False

    # The accounts

    async def for_blob(self) -> _LockAccount:
        """See :meth:`reqpi.storage.counted.Accounts.for_blob`: that of the address under which the caller works."""
        address = requested_address()
        token = await self._charges.token_of(address) if self._quota is not None and address else ""
        return _LockAccount(self, address, token)

    async def for_record(self, name: str) -> _LockAccount:
        """See :meth:`reqpi.storage.counted.Accounts.for_record`: a lock is on that of the token that commits it."""
        if name.startswith(_ALWAYS):
            return _LockAccount(self, "", "", is_bounded=False)
        if not name.startswith(lock_record("")):
            return await self.for_blob()
        return _LockAccount(self, name.removeprefix(lock_record("")), requesting_token())

    async def creating(self, name: str) -> None:
        """See :meth:`reqpi.storage.counted.Accounts.creating`: a lock is charged to its token from here on."""
        if self._quota is not None and name.startswith(lock_record("")):
            account = await self.for_record(name)
            if account.token:
                await self._charges.begin(account.address, account.token)

    def created(self, size: int) -> None:
        """See :meth:`reqpi.storage.counted.Accounts.created`. The next survey finds how much it was in the store."""
        self._created += size

    def removed(self, size: int) -> None:
        """See :meth:`reqpi.storage.counted.Accounts.removed`."""
        self.whole.since -= size

    def of_token(self, name: str) -> Tally:
        """Return what a token has brought into the store."""
        return self._of_tokens.setdefault(name, Tally())

    def check(self, token: str, size: int) -> None:
        """Check that there is room for bytes that a token is charged with.

        :raises reqpi.core.errors.StoreFull: there is none.
        """
        if self._largest is not None and self.whole.used + size > self._largest:
            self._note_full()
            self._counts.refused("store-bytes")
            raise StoreFull(
                "the store is full",
                f"It may have {size_text(self._largest)} (--max-store). What it has is served. Its operator has to "
                "allow more, or to free space with reqpi sweep.",
            )
        allowed = self._quota(token) if token and self._quota is not None else None
        if allowed is not None and self.of_token(token).used + size > allowed:
            self._counts.refused("quota")
            raise OverQuota(
                "the quota of a token is used up",
                f"All locks of the token with which this one was committed may bring {size_text(allowed)} into the "
                "store. What is there is served. The operator can raise the quota, and sweeps give it back.",
            )

    def _note_full(self) -> None:
        if not self._was_full:
            self._was_full = True
            self._log.error(
                "the store is full: it has {size}, and --max-store is {largest}; nothing new is stored",
                size=size_text(self.whole.used), largest=size_text(self._largest or 0),
            )  # fmt: skip

    def charge(self, account: _LockAccount, size: int) -> None:
        """Charge a token with bytes that were stored."""
        self._charges.add(account.address, account.token, size)

    # The surveys

    async def write(self) -> None:
        """Store the charges that have changed."""
        await self._charges.write()

    async def tend(self) -> None:
        """Survey the store if that is due; this is called every few seconds."""
        await self._recall()
        now = self._clock.seconds()
        if now >= self._earliest and (now >= self._due or self._is_filling()):
            try:
                await self.survey()
            except StoreTrouble as error:
                self._log.warn("the size of the store could not be found: {error}", error=error)
            took = self._clock.seconds() - now
            self._earliest = self._clock.seconds() + _REST * took
            self._due = self._earliest + _SURVEY

    async def _recall(self) -> None:
        """Know what the last survey of any process found, until the first one of this process has ended."""
        if self._has_recalled:
            return
        self._has_recalled = True
        try:
            recorded = await read_or_none(self._store, survey_record(), load_survey)
        except StoreTrouble as trouble:
            self._log.warn("it is not known how large the store was: {trouble}", trouble=trouble)
            return
        if recorded is not None:
            self.whole.recorded = recorded.size
            for name, size in recorded.charged.items():
                self.of_token(name).recorded = size

    async def _record(self, size: int, charged: Mapping[str, int]) -> None:
        found = {name: each for name, each in charged.items() if each}
        total = SurveyTotal(self._clock.seconds(), size, found).dump()
        try:
            before = await self._store.get(survey_record()) or b""
            await self._store.replace(survey_record(), total)
            self.whole.since += len(total) - len(before)
        except StoreTrouble as trouble:
            self._log.warn("it is not recorded how large the store is: {trouble}", trouble=trouble)

    def stop(self) -> None:
        """End a survey that is in progress."""
        self._stopped = True

    def _is_filling(self) -> bool:
        if self._largest is None or self.whole.surveyed is None:
            return False
        came = self._created + max(0, self.whole.since) + self.whole.in_flight
        return came > 0 and came * _SHARE > self._largest - self.whole.surveyed

    async def survey(self) -> None:
        """Find how large the store is, and what each token has brought into it."""
        for tally in (self.whole, *self._of_tokens.values()):
            tally.begin_survey()
        self._charges.forget_tokens()
        await self._charges.write()
        created = self._created
        size, steps, charged = 0, 0, dict.fromkeys(self._of_tokens, 0)
        async for each in self._store.occupied():
            size += each
            steps += 1
            if not await self._goes_on(steps):
                return
        async for charge in self._charges.all():
            charged[charge.token] = charged.get(charge.token, 0) + charge.size
            steps += 1
            if not await self._goes_on(steps):
                return
        self.whole.end_survey(size)
        self._created -= created
        for name, found in charged.items():
            self.of_token(name).end_survey(found)
        self._was_full = self._was_full and self._largest is not None and self.whole.used >= self._largest
        await self._record(size, charged)

    async def _goes_on(self, steps: int) -> bool:
        """Pause now and then; return whether the survey goes on. The first one does not pause."""
        if not steps % _STEPS:
            await deferLater(self._clock, 0 if self.whole.surveyed is None else _PAUSE)
        return not self._stopped


@frozen
class _LockAccount:
    """The account of what is stored on behalf of one lock.

    :param address: empty if it is on behalf of none.
    :param token: the name of the one that is charged; empty if none is.
    :param is_bounded: it holds to the bounds.
    """

    room: StoreRoom
    address: str
    token: str
    is_bounded: bool = True

    def check(self, size: int) -> None:
        """See :meth:`reqpi.storage.counted.Account.check`."""
        if self.is_bounded:
            self.room.check(self.token, size)

    def take(self, size: int) -> None:
        """See :meth:`reqpi.storage.counted.Account.take`."""
        self.check(size)
        for tally in self._tallies:
            tally.in_flight += size

    def give_back(self, size: int) -> None:
        """See :meth:`reqpi.storage.counted.Account.give_back`."""
        for tally in self._tallies:
            tally.in_flight -= size

    def keep(self, size: int) -> None:
        """See :meth:`reqpi.storage.counted.Account.keep`."""
        for tally in self._tallies:
            tally.in_flight -= size
            tally.since += size
        if self.token:
            self.room.charge(self, size)

    @property
    def _tallies(self) -> tuple[Tally, ...]:
        return (self.room.whole, self.room.of_token(self.token)) if self.token else (self.room.whole,)
