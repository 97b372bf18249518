"""Ready answers: the bytes of responses that never change, by the target of the request.

A response is added when twisted.web has sent it, which includes the admission check. It is valid as long as the lease
of its address. The next request then goes to twisted.web again, which checks that the lock still exists, and records
that it is used. See :class:`reqpi.shelf.commitments.Lease`.
"""

from __future__ import annotations

import re

from attrs import define, field, frozen
from twisted.web.http import RESPONSES

from reqpi.runtime.counts import ResponseCount, ServerCounts
from reqpi.runtime.lru import LruCache
from reqpi.shelf.commitments import Lease
from reqpi.web.http.representation import (
    COMMON,
    SERVER,
    Representation,
    RepresentationRequest,
    RepresentationResponse,
    answer,
    for_one_client,
)
from reqpi.web.http.route_names import route_of

__all__ = ["ANY_TYPE", "ReadyAnswer", "ReadyAnswers", "ready"]

ANY_TYPE = ""
"""The variant of a resource with one representation: a file, its metadata."""

_TARGET = re.compile(rb"/[A-Za-z0-9._~%+/-]{1,1000}")
"""A target in which nothing has to be escaped, neither in a log nor in a request line."""

_MOST_ANSWERS = 12
"""Answers that are kept for one target: three content types, with and without gzip, in full and as 304."""

_LONGEST = 100
"""Characters of an ``If-None-Match`` whose answer is kept: one tag. Clients must not be able to fill the memory."""


@frozen
class ReadyAnswer:
    """A response as bytes. Its head is ``before``, the date and ``after``.

    :param body: is not sent in response to HEAD.
    :param count: the responses of its route and status.
    """

    status: int
    before: bytes
    after: bytes
    body: bytes
    count: ResponseCount = field(factory=ResponseCount, eq=False)

    def wire(self, date: bytes, *, head: bool, more: bytes = b"") -> bytes:
        """Return the whole response.

        :param date: in the format of HTTP.
        :param head: the method is HEAD.
        :param more: headers that follow the date, each after a line end.
        """
        start = date + more if more else date
        return b"".join((self.before, start, self.after) if head else (self.before, start, self.after, self.body))


def ready(made: RepresentationResponse, count: ResponseCount, *, private: bool = False) -> ReadyAnswer:
    """Return a response as bytes, with the headers in the order in which twisted.web sends them.

    :param count: the responses of its route and status.
    :param private: no shared cache may keep it.
    """
    reason = RESPONSES[made.status].decode("ascii")
    before = f"HTTP/1.1 {made.status} {reason}\r\nServer: {SERVER}\r\nDate: "
    shown = [
        (name, for_one_client(value) if private and name == "Cache-Control" else value) for name, value in made.headers
    ]
    headers = "".join(f"\r\n{name}: {value}" for name, value in (*COMMON, *shown))
    after = f"{headers}\r\n\r\n".encode("latin-1")
    return ReadyAnswer(made.status, before.encode("ascii"), after, made.body, count)


@define
class _Entry:
    lease: Lease
    route: str
    variants: dict[str, Representation] = field(factory=dict)
    made: dict[RepresentationRequest, ReadyAnswer] = field(factory=dict)


class ReadyAnswers:
    """The ready answers of a process.

    :param bound: bytes of memory, at most.
    :param counts: counts the answers.

    :ivar private: no shared cache may keep an answer.
    """

    private = False

    def __init__(self, bound: int, counts: ServerCounts | None = None) -> None:
        self._entries: LruCache[bytes, _Entry] = LruCache(bound)
        self._counts = counts or ServerCounts()

    def put(self, target: bytes, lease: Lease | None, variant: str, shown: Representation) -> None:
        """Answer requests for ``target`` with ``shown`` from now on.

        :param target: of the request, as it was sent.
        :param lease: of the address that the target is below; ``None`` if there is none, and then nothing is added.
        :param variant: the content type of a page; otherwise :data:`ANY_TYPE`.
        """
        if lease is None or _TARGET.fullmatch(target) is None:
            return
        entry = self._entries.get(target)
        if entry is None or entry.lease is not lease:
            entry = _Entry(lease, route_of(target))
        if entry.variants.get(variant) is not shown:
            entry.variants[variant] = shown
            entry.made.clear()
        self._entries.put(target, entry, sum(each.weight for each in entry.variants.values()))

    def clear(self) -> None:
        """Drop all answers."""
        self._entries.clear()

    def find(self, target: bytes, asked: RepresentationRequest, now: float) -> ReadyAnswer | None:
        """Return the answer, if there is one and its lease is valid.

        :param now: seconds since the epoch.
        """
        entry = self._entries.get(target)
        if entry is None or not entry.lease.holds(now):
            return None
        made = entry.made.get(asked)
        return made if made is not None else self._made(entry, asked)

    def _made(self, entry: _Entry, asked: RepresentationRequest) -> ReadyAnswer | None:
        shown = entry.variants.get(ANY_TYPE) or entry.variants.get(asked.content_type)
        if shown is None:
            return None
        response = answer(shown, asked)
        made = ready(response, self._counts.response(entry.route, response.status), private=self.private)
        if len(asked.etags) <= _LONGEST:
            if len(entry.made) >= _MOST_ANSWERS:
                entry.made.clear()
            entry.made[asked] = made
        return made
