"""Reading of records: the value that a record holds, or an error that names the record.

Someone else may be able to write to the store. Whatever a record contains, reading it ends with a value of the right
type or with :exc:`reqpi.core.errors.StoreTrouble`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from twisted.logger import Logger

from reqpi.core.errors import DamagedRecord
from reqpi.core.interfaces import Records
from reqpi.core.stored_json import NOT_WRITTEN
from reqpi.runtime.offload import FROZEN_PAGE
from reqpi.shelf.records import name_for_logs

__all__ = ["read_or_none", "read_record"]

_LONGEST = 200
"""Characters of the reason, at most."""

_T = TypeVar("_T")

_log = Logger()


def read_record(record: str, data: bytes, load: Callable[[bytes], _T]) -> _T:
    """Return what ``load`` makes of the content of a record.

    :param record: the name of the record.
    :param load: raises one of :data:`reqpi.core.stored_json.NOT_WRITTEN` if ReqPI did not write the content.
    :raises reqpi.core.errors.DamagedRecord: it did.
    :raises reqpi.core.errors.StoreTrouble: ``load`` does: a newer ReqPI wrote the record.
    """
    try:
        return load(data)
    except NOT_WRITTEN as error:
        raise DamagedRecord(name_for_logs(record), _reason(error)) from error


async def read_or_none(records: Records, record: str, load: Callable[[bytes], _T]) -> _T | None:
    """Return what a record holds; ``None`` if there is none or it is damaged: then it begins anew."""
    written = await records.get(record)
    if written is None:
        return None
    try:
        return await FROZEN_PAGE.run(len(written), read_record, record, written, load)
    except DamagedRecord as damaged:
        _log.error("{record}: {trouble}", record=record, trouble=damaged)
        return None


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"it has no {error}"[:_LONGEST]
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return ascii(str(error))[1:-1][:_LONGEST]
