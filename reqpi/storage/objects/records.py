"""The records of an object store: ``records/<name>_``, each an object that is replaced as a whole."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Generator
from functools import partial

from reqpi.core.errors import StoreTrouble
from reqpi.storage.objects.blobs import ATTEMPTS
from reqpi.storage.objects.client import ObjectClient
from reqpi.storage.objects.keys import record_key, record_of, records_folder
from reqpi.storage.objects.usage import UsageMarks
from reqpi.storage.threads import InThread, streamed

__all__ = ["ObjectRecords"]


class ObjectRecords:
    """The :class:`reqpi.core.interfaces.Records` of an object store.

    :param usage: records when records were last used, and removes them.
    :param in_thread: calls a function in another thread.
    """

    def __init__(self, objects: ObjectClient, usage: UsageMarks, in_thread: InThread) -> None:
        self._objects = objects
        self._usage = usage
        self._in_thread = in_thread

    async def get(self, name: str) -> bytes | None:
        """See :meth:`reqpi.core.interfaces.Records.get`."""
        return await self._in_thread(self._objects.get, record_key(name))

    async def create(self, name: str, value: bytes) -> bytes:
        """See :meth:`reqpi.core.interfaces.Records.create`."""
        return await self._in_thread(self._create, record_key(name), value)

    def _create(self, key: str, value: bytes) -> bytes:
        for _ in range(ATTEMPTS):
            # Check after a creation too: a remover of an earlier object may have removed this one, and is done by then.
            if (current := self._objects.get(key)) is not None:
                return current
            if self._objects.create(key, value):
                self._usage.note(key)
        raise StoreTrouble("the record kept changing while it was read", "Try again.")

    async def replace(self, name: str, value: bytes) -> None:
        """See :meth:`reqpi.core.interfaces.Records.replace`."""
        await self._in_thread(self._replace, record_key(name), value)

    def _replace(self, key: str, value: bytes) -> None:
        for _ in range(ATTEMPTS):
            self._objects.put(key, value)
            self._usage.note(key)
            if self._objects.look(key) is not None:
                return
        raise StoreTrouble("the record kept being removed while it was written", "Try again.")

    async def delete(self, name: str, unused_since: float = math.inf) -> bool:
        """See :meth:`reqpi.core.interfaces.Records.delete`."""
        return await self._in_thread(self._usage.remove, record_key(name), unused_since)

    async def names(self, prefix: str) -> AsyncGenerator[str, None]:
        """See :meth:`reqpi.core.interfaces.Records.names`."""
        async for name in streamed(self._in_thread, partial(self._names, records_folder(prefix))):
            yield name

    def _names(self, folder: str) -> Generator[str, None, None]:
        for each in self._objects.listed(folder):
            if (name := record_of(each.key)) is not None:
                yield name

    async def use(self, name: str) -> bool:
        """See :meth:`reqpi.core.interfaces.Records.use`."""
        return await self._in_thread(self._usage.use, record_key(name))

    async def last_used(self, name: str) -> float | None:
        """See :meth:`reqpi.core.interfaces.Records.last_used`."""
        return await self._in_thread(self._usage.last_used, record_key(name))
