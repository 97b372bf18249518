"""Needed or not: when an object was used last, and removing what was not used, among processes that share nothing else.

When it was used last is the content of an object of its own, the marker. A remover says first that it removes, below
``removing/``, and reads the marker then. Who uses the object writes the marker first, and then looks whether anybody
removes it. So, as a store shows each write to every read that begins after it (S3, Google, Azure and their like do), at
least one of the two sees the other: a remover that sees the use lets the object be, and a user that sees a remover
waits until that is done, and looks for the object afterwards. Each remover says so under a key of its own, and of
several at the same time one goes on: whoever sees a word that sorts before its own gives way, and whoever sees one that
sorts after it waits until that is gone. So one of them reports what went.

A remover that died leaves its word behind. That is taken for void, and deleted by who finds it, after
:data:`VOID` seconds; a remover that did not come to delete anything after :data:`PATIENCE` seconds gives up. So the
clocks of the machines may differ by the time between the two. Where an answer to a deletion is lost, it may still be
carried out: the remover's word stays until it is void.

A remover deletes the marker with the object. A marker that was written in that moment may go with it, although the
object is put in place anew; then, as for every object without one, the moment it was written counts, which is later.
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
"""Seconds until a remover that did not finish counts as dead."""

PATIENCE = 60.0
"""Seconds that a remover takes at most until it deletes."""

_POLL = 0.25
_POLLS = 40
"""Ten seconds: a removal takes a few requests."""

_GIVING_WAY = 0.05
"""Seconds between two looks whether another remover has given way. That takes it one request."""

_REMEMBERED = 10_000


class UsageMarks:
    """When objects were used last, by key. Threads may share one. All methods block.

    :param clock: seconds since the epoch.
    :param coarse: seconds for which a use is not noted again by this process.
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
        """When the object was used or written last: seconds since the epoch; ``None`` where it is not here."""
        found = self._objects.look(key)
        if found is None:
            return None
        marker = self._objects.get(used_key(key))
        try:
            return found.modified if marker is None else float(marker)
        except ValueError:
            return found.modified

    def note(self, key: str) -> None:
        """Say that it is used now, and wait for who removes it. Whether it is here is to be looked at afterwards.

        :raises reqpi.core.errors.StoreTrouble: somebody removes it, and does not come to an end.
        """
        now = self._clock()
        self._objects.put(used_key(key), repr(now).encode("ascii"))
        for _ in range(_POLLS):
            if not self._is_being_removed(key):
                break
            self._sleep(_POLL)
        else:
            raise StoreTrouble("this is being removed at this moment", "Ask again.")
        with self._lock:
            self._noted.put(key, now, 1)

    def use(self, key: str) -> bool:
        """Say that it is used now: whether it is here, and will stay."""
        if self._objects.look(key) is None:
            self._forget(key)
            return False
        if self._noted_recently(key):
            return True
        self.note(key)
        if self._objects.look(key) is None:
            self._objects.delete(used_key(key))
            self._forget(key)
            return False
        return True

    def touch(self, key: str) -> None:
        """Say that it is used now, if it is here. Where that was said a moment ago, nothing is asked of the store."""
        if not self._noted_recently(key):
            self.use(key)

    def remove(self, key: str, unused_since: float) -> bool:
        """Remove it, unless it was used after ``unused_since``: whether it was here and is gone now."""
        if not self._is_unused(key, unused_since):
            return False
        began = self._clock()
        word = f"{removing_folder(key)}/{began:.0f}.{token_hex(4)}"
        due = False
        try:
            self._objects.put(word, b"")
            due = self._goes_on(key, word) and self._is_unused(key, unused_since) and self._clock() - began <= PATIENCE
        finally:
            if not due:
                with suppress(StoreTrouble):
                    self._objects.delete(word)
        if due:
            self._forget(key)
            for each in (key, used_key(key), word):
                self._objects.delete(each)
        return due

    def _is_unused(self, key: str, since: float) -> bool:
        last_used = self.last_used(key)
        return last_used is not None and last_used <= since

    def _goes_on(self, key: str, word: str) -> bool:
        """Whether it is this remover that goes on, of all that are about the object."""
        for _ in range(_POLLS):
            others = self._words(key) - {word}
            if not others:
                return True
            if min(others) < word:
                return False
            self._sleep(_GIVING_WAY)
        return False

    def _is_being_removed(self, key: str) -> bool:
        return bool(self._words(key))

    def _words(self, key: str) -> set[str]:
        """The words of removers that live. What others left behind is deleted."""
        words = {word.key for word in self._objects.listed(removing_folder(key))}
        void = {word for word in words if abs(self._clock() - _timestamp(word)) > VOID}
        for word in void:
            self._objects.delete(word)
        return words - void

    def _noted_recently(self, key: str) -> bool:
        with self._lock:
            timestamp = self._noted.get(key)
        return timestamp is not None and 0 <= self._clock() - timestamp < self._coarse

    def _forget(self, key: str) -> None:
        with self._lock:
            self._noted.drop(key)


def _timestamp(word: str) -> float:
    """When the remover began; long ago where that cannot be read."""
    text = word.rpartition("/")[2].partition(".")[0]
    return float(text) if text.isdecimal() else 0.0
