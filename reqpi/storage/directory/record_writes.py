"""Writes of records that go to the disk together: they share the waiting for it.

A record counts when its bytes and then its name are on the disk. Many that are written one by one wait for the disk
twice each. Those that are written together begin the flush of all their bytes before they wait for any of them, and
flush the names in a folder once. One that fails takes no other with it, unless they share what has failed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from attrs import define

from reqpi.core.errors import StoreTrouble
from reqpi.storage.directory.folders import sync_folder
from reqpi.storage.directory.regular import open_regular
from reqpi.storage.directory.temporary import ATTEMPTS, Temporary
from reqpi.storage.errors import store_trouble

__all__ = ["RecordWrite", "read_record", "write_together"]


@define(eq=False)
class RecordWrite:
    """A record to be written, and how far it is.

    :param incoming: the folder of the temporary files.
    :param used: when it is written, in nanoseconds since the epoch.
    :param over: whether it replaces a record of that name; otherwise that one stays.
    :ivar standing: the value of the record from now on, once it is known.
    """

    path: Path
    value: bytes
    incoming: Path
    used: int
    over: bool
    standing: bytes | None = None
    failure: Exception | None = None
    temporary: Temporary | None = None

    @property
    def is_open(self) -> bool:
        """Whether its record is not in place yet, and may still come there."""
        return self.standing is None and self.failure is None

    def begin(self) -> None:
        """Write its bytes to a temporary file, unless a record stands in its place."""
        if not self.over:
            self.standing = read_record(self.path)
        if self.standing is None:
            self.temporary = Temporary(self.incoming)
            self.temporary.write(self.value)
            self.temporary.begin_flush(self.used)

    def finish(self) -> None:
        """Wait until its bytes are on the disk."""
        if self.temporary is not None:
            self.temporary.flush()

    def name(self) -> None:
        """Give the temporary file its name, which is not on the disk yet."""
        if self.temporary is not None:
            named = (self.temporary.name_over if self.over else self.temporary.name)(self.path)
            self.standing = self.value if named else read_record(self.path)

    def end(self) -> None:
        """Remove what is left of the temporary file."""
        if self.temporary is not None:
            self.temporary.close()
            self.temporary = None


def write_together(writes: Sequence[RecordWrite]) -> list[bytes | Exception]:
    """Write records. It blocks.

    :returns: for each, the value of the record from now on, or the error because of which it was not written.
    """
    for _ in range(ATTEMPTS):
        if not (left := [write for write in writes if write.is_open]):
            break
        try:
            for step in (RecordWrite.begin, RecordWrite.finish, RecordWrite.name):
                for write in left:
                    _take(step, write)
        finally:
            for write in left:
                write.end()
    # A record that stood there may be as new: its value has to outlast a loss of power, too.
    for folder in {write.path.parent for write in writes if write.failure is None}:
        _sync(folder, [write for write in writes if write.path.parent == folder])
    return [_outcome(write) for write in writes]


def read_record(path: Path) -> bytes | None:
    """Return the record at a path; ``None`` if there is none.

    :raises reqpi.core.errors.StoreTrouble: it cannot be read.
    """
    with store_trouble("read", path):
        try:
            with open(open_regular(path, os.O_RDONLY), "rb") as record:
                return record.read()
        except FileNotFoundError:
            return None


def _take(step: Callable[[RecordWrite], None], write: RecordWrite) -> None:
    """Take a step of a write, unless an earlier one has failed."""
    if write.failure is None:
        try:
            with store_trouble("written", write.path):
                step(write)
        except Exception as failure:
            write.failure = failure


def _sync(folder: Path, writes: Iterable[RecordWrite]) -> None:
    """Flush the names in a folder, on which some writes wait."""
    try:
        with store_trouble("written", folder), suppress(FileNotFoundError):
            sync_folder(folder)
    except StoreTrouble as failure:
        for write in writes:
            write.failure = write.failure or failure.again()


def _outcome(write: RecordWrite) -> bytes | Exception:
    failure, write.failure = write.failure, None  # its traceback refers to the write
    if failure is not None:
        return failure
    if write.standing is None:
        return StoreTrouble("a record kept changing while it was read", "Try again.")
    return write.standing
