"""Warnings about a lock that an earlier report recorded, for the answer to a later commit of the same lock."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress

from twisted.logger import Logger

from reqpi.core.errors import StoreTrouble
from reqpi.core.interfaces import Records
from reqpi.core.report import NOTE, WARNING, Note
from reqpi.core.stored_json import mapping, parse, typed
from reqpi.shelf.record_reading import read_record
from reqpi.shelf.records import lacking_record

__all__ = ["KnownWarnings", "load_notes"]

_log = Logger()


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
        record = lacking_record(address, self._name)
        try:
            written = await self._records.get(record)
            return () if written is None else read_record(record, written, load_notes)
        except StoreTrouble as trouble:
            _log.warn("a lock is committed without warnings: {trouble}", trouble=trouble)
            return ()

    async def record(self, address: str, notes: Iterable[Note]) -> None:
        """Record the warnings of a lock, in place of the earlier ones."""
        with suppress(StoreTrouble):  # a store that is readable but not writable can still serve
            value = json.dumps([note.as_dict() for note in notes]).encode()
            await self._records.replace(lacking_record(address, self._name), value)


def load_notes(data: bytes) -> tuple[Note, ...]:
    """Return the notes in a record.

    :raises Exception: one of :data:`reqpi.core.stored_json.NOT_WRITTEN`: it is damaged.
    """
    return tuple(_note(mapping(entry)) for entry in typed(parse(data), list))


def _note(entry: Mapping[str, object]) -> Note:
    text, message = typed(entry["text"], str), typed(entry["message"], str)
    document, level = typed(entry.get("document", ""), str), typed(entry.get("level", WARNING), str)
    if level not in (WARNING, NOTE):
        raise ValueError("a note has an unknown level")
    return Note(typed(entry["line"], int), text, message, document, level)
