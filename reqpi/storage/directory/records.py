"""Records in a directory: ``records/<name>_``, each replaced as a whole.

The modification time of the file is the time when the record was last used.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import suppress
from functools import partial
from pathlib import Path

from reqpi.runtime.together import Together
from reqpi.storage.directory.paths import folder_parts, record_name, record_parts
from reqpi.storage.directory.record_writes import RecordWrite, read_record, write_together
from reqpi.storage.directory.usage import FOREVER, nanoseconds, remove, touch
from reqpi.storage.directory.walk import files_below
from reqpi.storage.errors import store_trouble
from reqpi.storage.names import checked_name, checked_prefix
from reqpi.storage.threads import InThread, streamed

__all__ = ["DirectoryRecords"]


class DirectoryRecords:
    """An implementation of :class:`reqpi.core.interfaces.Records` in a directory.

    :param folder: the folder of the records.
    :param incoming: the folder of the temporary files, on the same file system.
    :param in_thread: calls a function in another thread.
    :param clock: seconds since the epoch.
    """

    def __init__(self, folder: Path, incoming: Path, in_thread: InThread, clock: Callable[[], float]) -> None:
        self._records = folder
        self._incoming = incoming
        self._in_thread = in_thread
        self._clock = clock
        self._writes = Together[RecordWrite, bytes](lambda writes: in_thread(write_together, writes))

    def _record(self, name: str) -> Path:
        return self._records.joinpath(*record_parts(checked_name(name)))

    async def get(self, name: str) -> bytes | None:
        """See :meth:`reqpi.core.interfaces.Records.get`."""
        return await self._in_thread(read_record, self._record(name))

    async def create(self, name: str, value: bytes) -> bytes:
        """See :meth:`reqpi.core.interfaces.Records.create`."""
        return await self._writes.call(self._write(name, value, over=False))

    async def replace(self, name: str, value: bytes) -> None:
        """See :meth:`reqpi.core.interfaces.Records.replace`."""
        await self._writes.call(self._write(name, value, over=True))

    def _write(self, name: str, value: bytes, *, over: bool) -> RecordWrite:
        return RecordWrite(self._record(name), value, self._incoming, nanoseconds(self._clock()), over=over)

    async def delete(self, name: str, unused_since: float = math.inf) -> bool:
        """See :meth:`reqpi.core.interfaces.Records.delete`."""
        return await self._in_thread(self._delete, self._record(name), unused_since)

    def _delete(self, path: Path, unused_since: float) -> bool:
        removed = remove(path, FOREVER if unused_since == math.inf else nanoseconds(unused_since))
        with suppress(OSError):
            for folder in path.relative_to(self._records).parents[:-1]:
                (self._records / folder).rmdir()
        return removed

    async def names(self, prefix: str) -> AsyncGenerator[str, None]:
        """See :meth:`reqpi.core.interfaces.Records.names`."""
        below = folder_parts(checked_prefix(prefix)[:-1])
        async for name in streamed(self._in_thread, partial(_names, self._records, below)):
            yield name

    async def use(self, name: str) -> bool:
        """See :meth:`reqpi.core.interfaces.Records.use`."""
        return await self._in_thread(touch, self._record(name), nanoseconds(self._clock()))

    async def last_used(self, name: str) -> float | None:
        """See :meth:`reqpi.core.interfaces.Records.last_used`."""
        return await self._in_thread(_last_used, self._record(name))


def _names(folder: Path, below: tuple[str, ...]) -> Generator[str, None, None]:
    with store_trouble("read", folder):
        for parts in files_below(folder.joinpath(*below)):
            if (name := record_name((*below, *parts))) is not None:
                yield name


def _last_used(path: Path) -> float | None:
    with store_trouble("read", path):
        try:
            return path.stat().st_mtime_ns / 1_000_000_000
        except FileNotFoundError:
            return None
