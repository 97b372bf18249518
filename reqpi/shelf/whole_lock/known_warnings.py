"""Warnings about a lock that an earlier report recorded, for the answer to a later commit of the same lock."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress

from reqpi.core.errors import StoreTrouble
from reqpi.core.interfaces import Records
from reqpi.core.report import Note
from reqpi.shelf.records import lacking_record

__all__ = ["KnownWarnings"]


class KnownWarnings:
    """The recorded warnings of one kind of report.

    They are advice: a store in trouble, or a record written by a newer ReqPI, is not a reason to fail.

    :param name: of the record, below each address.
    """

    def __init__(self, records: Records, name: str) -> None:
        self._records = records
        self._name = name

    async def of(self, address: str) -> tuple[Note, ...]:
        """Return the recorded warnings; none if there is no record."""
        with suppress(StoreTrouble, ValueError, TypeError):
            written = await self._records.get(lacking_record(address, self._name))
            return () if written is None else tuple(Note(**note) for note in json.loads(written))
        return ()

    async def record(self, address: str, notes: Iterable[Note]) -> None:
        """Record the warnings of a lock, in place of the earlier ones."""
        with suppress(StoreTrouble):  # a store that is readable but not writable can still serve
            value = json.dumps([note.as_dict() for note in notes]).encode()
            await self._records.replace(lacking_record(address, self._name), value)
