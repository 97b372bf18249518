"""When objects were last used, and the removal of unused ones, for processes that share nothing except the store.

The time of an object's last use is the content of a separate object, the marker. A remover first writes a claim below
``removing/``, and then reads the marker. A user of the object first writes the marker, and then checks for claims.
A store shows each write to every read that begins after it (S3, Google, Azure and compatible stores do), so at least
one of the two sees the other: a remover that sees the use leaves the object alone, and a user that sees a claim waits
until that remover is done, and checks for the object afterwards. Each remover writes its claim under a key of its own,
and of several removers at the same time one proceeds: a remover that sees a claim that sorts before its own gives up,
and one that sees a claim that sorts after its own waits until that is gone. So exactly one remover reports the removal.

A remover that died leaves its claim behind. After :data:`VOID` seconds the claim is void, and any process that finds it
deletes it; a remover that has not begun to delete after :data:`PATIENCE` seconds gives up. So the clocks of the
machines may differ by the time between the two. If the response to a deletion is lost, the store may still carry it
out: the remover's claim stays until it is void.

A remover deletes the marker with the object. A marker that was written at the same time may be deleted with it,
although the object is then stored again; in that case, as for every object without a marker, the time at which the
object was written counts, which is later.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from secrets import token_hex
from threading import Lock

from reqpi.core.errors import StoreTrouble
from reqpi.runtime.lru import LruCache
from reqpi.storage.objects.client import ObjectClient
from reqpi.storage.objects.keys import removing_folder, used_key

__all__ = ["PATIENCE", "VOID", "UsageMarks"]

VOID = 300.0
"""Seconds after which a remover that did not finish counts as dead."""

PATIENCE = 60.0
"""The most seconds from a remover's claim to its first deletion."""

_POLL = 0.25
_POLLS = 40
"""Ten seconds in total: a removal takes a few requests."""

_RECHECK = 0.05
"""Seconds between two checks whether another remover has given up, which takes that one request."""

_REMEMBERED = 10_000

_OF_BLOBS = 30
"""How many times longer the use of a blob is not recorded again: half an hour instead of a minute. A sweep spares a
blob that was used in the hour before it began, so a use that was recorded in the last half hour protects it."""


class UsageMarks:
    """The times at which objects were last used, by key. Threads may share one. All methods block.

    :param clock: seconds since the epoch.
    :param coarse: seconds during which this process does not record a repeated use of a record again; that of a blob
        thirty times as long.
    :param sleep: waits for some seconds.
    """

    def __init__(
        self,
        objects: ObjectClient,
        clock: Callable[[], float],
        coarse: float,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._objects = objects
        self._clock = clock
        self._coarse = coarse
        self._sleep = sleep
        self._lock = Lock()
        self._noted: LruCache[str, float] = LruCache(_REMEMBERED)

    def last_used(self, key: str) -> float | None:
        """Return when the object was last used or written: seconds since the epoch; ``None`` if it does not exist."""
        found = self._objects.look(key)
        if found is None:
            return None
        marker = self._objects.get(used_key(key))
        try:
            return found.modified if marker is None else float(marker)
        except ValueError:
            return found.modified

    def note(self, key: str) -> None:
        """Record that the object is used now, and wait for removers. The caller must then check that it still exists.

        :raises reqpi.core.errors.StoreTrouble: another process is removing it, and does not finish within ten seconds.
        """
        now = self._clock()
        self._objects.put(used_key(key), repr(now).encode("ascii"))
        for _ in range(_POLLS):
            if not self._is_being_removed(key):
                break
            self._sleep(_POLL)
        else:
            raise StoreTrouble("another process is removing this", "Try again.")
        with self._lock:
            self._noted.put(key, now, 1)

    def use(self, key: str) -> bool:
        """Record that the object is used now, and return whether it exists and will stay."""
        if self._objects.look(key) is None:
            self._forget(key)
            return False
        if self._noted_recently(key, self._coarse):
            return True
        self.note(key)
        if self._objects.look(key) is None:
            self._objects.delete(used_key(key))
            self._forget(key)
            return False
        return True

    def touch(self, key: str) -> None:
        """Record that a blob is used now, if it exists. If that was recorded recently, no request is sent."""
        if not self._noted_recently(key, self._coarse * _OF_BLOBS):
            self.use(key)

    def remove(self, key: str, unused_since: float) -> bool:
        """Remove the object unless it was used after ``unused_since``; return whether it existed and is removed now.

        :param unused_since: seconds since the epoch.
        """
        if not self._is_unused(key, unused_since):
            return False
        began = self._clock()
        claim = f"{removing_folder(key)}/{began:.0f}.{token_hex(4)}"
        due = False
        try:
            self._objects.put(claim, b"")
            due = (
                self._proceeds(key, claim) and self._is_unused(key, unused_since) and self._clock() - began <= PATIENCE
            )
        finally:
            if not due:
                with suppress(StoreTrouble):
                    self._objects.delete(claim)
        if due:
            self._forget(key)
            for each in (key, used_key(key), claim):
                self._objects.delete(each)
        return due

    def _is_unused(self, key: str, since: float) -> bool:
        last_used = self.last_used(key)
        return last_used is not None and last_used <= since

    def _proceeds(self, key: str, claim: str) -> bool:
        """Return whether this remover, of all that want to remove the object, proceeds."""
        for _ in range(_POLLS):
            others = self._claims(key) - {claim}
            if not others:
                return True
            if min(others) < claim:
                return False
            self._sleep(_RECHECK)
        return False

    def _is_being_removed(self, key: str) -> bool:
        return bool(self._claims(key))

    def _claims(self, key: str) -> set[str]:
        """Return the claims of live removers, and delete the claims of dead ones."""
        claims = {each.key for each in self._objects.listed(removing_folder(key))}
        void = {claim for claim in claims if abs(self._clock() - _timestamp(claim)) > VOID}
        for claim in void:
            self._objects.delete(claim)
        return claims - void

    def _noted_recently(self, key: str, seconds: float) -> bool:
        with self._lock:
            timestamp = self._noted.get(key)
        return timestamp is not None and 0 <= self._clock() - timestamp < seconds

    def _forget(self, key: str) -> None:
        with self._lock:
            self._noted.drop(key)


def _timestamp(claim: str) -> float:
    """Return when the remover began; 0 if the claim cannot be read."""
    text = claim.rpartition("/")[2].partition(".")[0]
    return float(text) if text.isdecimal() else 0.0
