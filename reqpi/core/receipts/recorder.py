"""The recorder of a receipt: it counts what one client takes and what it is refused, within bounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal, get_args

from attrs import AttrsInstance, evolve

from reqpi.core.receipts.document import LARGEST, written_size
from reqpi.core.receipts.model import (
    LONGEST_AGENT,
    LONGEST_TEXT,
    MOST_PASSED,
    MOST_REFUSED,
    MOST_TAKEN,
    PassedEntry,
    Receipt,
    ReceiptDocument,
    RefusedEntry,
    TakenEntry,
)
from reqpi.core.shown_urls import as_shown

__all__ = ["How", "ReceiptRecorder"]

How = Literal["count", "partial", "unchanged"]
"""The counter of a :class:`~reqpi.core.receipts.model.TakenEntry` that goes up."""

_HEAD = 512 << 10
"""Bytes of a receipt without its entries: the address, the paths of up to 100 documents, and the target."""


class ReceiptRecorder:
    """A tally of everything that one client has taken so far. Use it from one thread.

    :param most_taken: entries of what was taken, at most.
    :param most_bytes: bytes of the document, at most.
    :ivar complete: no bound was exceeded so far.
    """

    def __init__(self, most_taken: int = MOST_TAKEN, most_bytes: int = LARGEST) -> None:
        self._most_taken = most_taken
        self._room = most_bytes - _HEAD
        self._things: dict[tuple[str, str, str, str], TakenEntry] = {}
        self._refused: Counter[RefusedEntry] = Counter()
        self._passed: Counter[PassedEntry] = Counter()
        self._secrets: set[str] = set()
        self.complete = True

    def hide(self, secret: str) -> None:
        """Leave a text out of everything that a client sends, from now on: its password, or a token."""
        self._secrets.add(secret)

    def took(self, thing: TakenEntry, how: How = "count", times: int = 1) -> None:
        """Count something that was sent.

        :param thing: its own counters do not matter.
        """
        bare = evolve(thing.bare, url=_url(thing.url))
        if not _is_sound(bare):
            self.complete = False
            return
        if not self._has_room(self._things, thing.key, self._most_taken, bare):
            return
        known = self._things.get(thing.key, bare)
        self._things[thing.key] = evolve(known, **{how: getattr(known, how) + times})

    def refused(self, request: RefusedEntry) -> None:
        """Count a request that was refused, as often as it says itself."""
        key = RefusedEntry(
            self._shown(request.host),
            self._shown(request.project),
            _url(self._shown(as_shown(request.url))),
            self._shown(request.agent, LONGEST_AGENT),
            self._shown(request.reason),
        )
        if self._has_room(self._refused, key, MOST_REFUSED, key):
            self._refused[key] += request.count

    def passed(self, tunnel: PassedEntry) -> None:
        """Count a tunnel, as often as it says itself."""
        key = PassedEntry(self._shown(tunnel.host), tunnel.port, self._shown(tunnel.agent, LONGEST_AGENT))
        if self._has_room(self._passed, key, MOST_PASSED, key):
            self._passed[key] += tunnel.count

    def add(self, receipt: Receipt) -> None:
        """Count everything that another recorder has counted for the same client."""
        for thing in receipt.taken:
            for how in get_args(How):
                if times := getattr(thing, how):
                    self.took(thing, how, times)
        for request in receipt.refused:
            self.refused(request)
        for tunnel in receipt.passed:
            self.passed(tunnel)
        self.complete = self.complete and receipt.complete

    @property
    def has_copies(self) -> bool:
        """Whether the client was told that a copy in a cache of its own is valid."""
        return any(thing.unchanged for thing in self._things.values())

    def receipt(
        self,
        address: str,
        documents: tuple[ReceiptDocument, ...],
        started: str,
        ended: str,
        *,
        target: Mapping[str, str] | None = None,
        sealed: bool = False,
    ) -> Receipt:
        """Return the receipt so far; the parameters are those of :class:`~reqpi.core.receipts.model.Receipt`."""
        return Receipt(
            address,
            documents,
            started,
            ended,
            dict(target or {}),
            sealed,
            tuple(sorted(self._things.values())),
            tuple(sorted(evolve(key, count=count) for key, count in self._refused.items())),
            tuple(sorted(evolve(key, count=count) for key, count in self._passed.items())),
            self.complete,
        )

    def _has_room(self, counted: Mapping[Any, object], key: object, most: int, entry: AttrsInstance) -> bool:
        """Return whether ``key`` is counted already, or a new entry fits; if not, the receipt is not complete."""
        if key in counted:
            return True
        size = written_size(entry)
        fits = len(counted) < most and size <= self._room
        self._room -= size if fits else 0
        self.complete = self.complete and fits
        return fits

    def _shown(self, text: str, most: int = LONGEST_TEXT) -> str:
        """Return a text of a client on one line, without secrets and control characters, and shortened."""
        for secret in self._secrets:
            text = text.replace(secret, "...")
        return "".join(each if each.isprintable() else "\ufffd" for each in text[:most])


def _url(url: str) -> str:
    """Return a URL as it is shown; a fixed text if it is too long, or is not a URL, so that a reader accepts it."""
    shown = as_shown(url)
    fits = len(shown) <= LONGEST_TEXT and shown.isprintable() and as_shown(shown) == shown
    return shown if fits else "an invalid URL"


def _is_sound(thing: TakenEntry) -> bool:
    """Return whether a reader accepts an entry. What an upstream lists may be longer than any text of a receipt."""
    texts = (thing.project, thing.filename, thing.purl)
    return all(len(text) <= LONGEST_TEXT and text.isprintable() for text in texts) and (
        bool(thing.filename) == bool(thing.sha256)
    )
