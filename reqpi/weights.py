"""How many bytes of memory a value takes, so that what is kept within a bound is counted as what it is.

The figures are those of CPython on a 64-bit machine, rounded up. ``tests/test_weights.py`` holds them against what the
interpreter counts itself.
"""

from __future__ import annotations

from reqpi.model import Lock, Page

__all__ = ["weight_of_lock", "weight_of_page"]

_PIN = 1100
"""Bytes of a pin, its place in the indices of its lock, and its short texts; without digests."""

_DIGEST = 280
"""Bytes of a digest: its 64 hex digits, the object that holds them, and its place in a set."""

_NOTE = 400
"""Bytes of a note, without its line."""

_FILE = 1500
"""Bytes of a file on a page, with its version and its texts; without digests."""


def weight_of_lock(lock: Lock) -> int:
    """Bytes of a lock: its documents, and all that was read from them."""
    documents = sum(len(document.data) for document in lock.documents if document.data is not lock.document)
    pins = sum(_PIN + 2 * len(pin.text) + _DIGEST * len(pin.digests) for pin in lock.pins)
    notes = sum(_NOTE + len(note.text) for note in lock.notes)
    return len(lock.document) + documents + pins + notes


def weight_of_page(page: Page) -> int:
    """Bytes of a page of files."""
    return _FILE + sum(_FILE + _DIGEST * len(file.digests) for file in page.files)
