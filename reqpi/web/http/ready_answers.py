"""What can be answered at once: the bytes of answers that never change, by the target that they were asked for at.

Something is put here when the ordinary stack has answered it, and so has asked the predicate. It is good for as long as
the address's lease: then the ordinary stack is asked again, which looks whether the lock is still there and notes that
it is used. See :class:`reqpi.shelf.commitments.Lease`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from attrs import define, field, frozen
from twisted.web.http import RESPONSES

from reqpi.runtime.lru import LruCache
from reqpi.shelf.commitments import Lease
from reqpi.web.http.representation import (
    COMMON,
    SERVER,
    Representation,
    RepresentationRequest,
    RepresentationResponse,
    answer,
)

__all__ = ["ANY_FORM", "ReadyAnswer", "ReadyAnswers", "ready"]

ANY_FORM = ""
"""The form of what has no others: a file, its metadata."""

_TARGET = re.compile(rb"/[A-Za-z0-9._~%+/-]{1,1000}")
"""What nothing has to be escaped of, neither in a log nor in a request line."""

_FORMS = 12
"""Answers that are kept of one target: pages have three forms, with and without gzip, and each may be had already."""

_LONGEST = 100
"""Characters of an ``If-None-Match`` whose answer is kept: one tag. What clients make up is not to fill the memory."""


@frozen
class ReadyAnswer:
    """An answer as bytes; the moment goes between ``before`` and ``after``, which are its head.

    :param body: is not sent to who asks with HEAD.
    """

    status: int
    before: bytes
    after: bytes
    body: bytes

    def wire(self, date: bytes, *, head: bool) -> bytes:
        """All of it.

        :param date: as HTTP has it.
        :param head: it was asked for with HEAD.
        """
        return b"".join((self.before, date, self.after) if head else (self.before, date, self.after, self.body))


def ready(made: RepresentationResponse) -> ReadyAnswer:
    """An answer as bytes, in the order in which the ordinary stack sends its headers."""
    reason = RESPONSES[made.status].decode("ascii")
    before = f"HTTP/1.1 {made.status} {reason}\r\nServer: {SERVER}\r\nDate: "
    headers = "".join(f"\r\n{name}: {value}" for name, value in (*COMMON, *made.headers))
    return ReadyAnswer(made.status, before.encode("ascii"), f"{headers}\r\n\r\n".encode("latin-1"), made.body)


@define
class _Entry:
    lease: Lease
    forms: dict[str, Representation] = field(factory=dict)
    made: dict[RepresentationRequest, ReadyAnswer] = field(factory=dict)


class ReadyAnswers:
    """All of that.

    :param bound: bytes, at most.
    :param now: seconds since the epoch.
    """

    def __init__(self, bound: int, now: Callable[[], float]) -> None:
        self._entries: LruCache[bytes, _Entry] = LruCache(bound)
        self._now = now

    def put(self, target: bytes, lease: Lease | None, form: str, shown: Representation) -> None:
        """Answer ``target`` with ``shown`` from here on, where it is asked for in this form.

        :param target: of the request, as it was sent.
        :param lease: of the address that it is under; ``None`` where nobody knows.
        """
        if lease is None or _TARGET.fullmatch(target) is None:
            return
        entry = self._entries.get(target)
        if entry is None or entry.lease is not lease:
            entry = _Entry(lease)
        if entry.forms.get(form) is not shown:
            entry.forms[form] = shown
            entry.made.clear()
        self._entries.put(target, entry, sum(each.weight for each in entry.forms.values()))

    def find(self, target: bytes, asked: RepresentationRequest) -> ReadyAnswer | None:
        """The answer, if it is here and still good."""
        entry = self._entries.get(target)
        if entry is None or not entry.lease.holds(self._now()):
            return None
        made = entry.made.get(asked)
        return made if made is not None else self._made(entry, asked)

    @staticmethod
    def _made(entry: _Entry, asked: RepresentationRequest) -> ReadyAnswer | None:
        shown = entry.forms.get(ANY_FORM) or entry.forms.get(asked.form)
        if shown is None:
            return None
        made = ready(answer(shown, asked))
        if len(asked.etags) <= _LONGEST:
            if len(entry.made) >= _FORMS:
                entry.made.clear()
            entry.made[asked] = made
        return made
