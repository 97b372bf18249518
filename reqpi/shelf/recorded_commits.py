"""Records of when and by whom a lock was committed for the first time. A lock from before there were such has none."""

from __future__ import annotations

import json

from attrs import frozen
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from reqpi.core.errors import StoreTrouble
from reqpi.core.interfaces import Records
from reqpi.core.stored_json import finite, mapping, parse, typed
from reqpi.runtime.on_behalf import requesting_token
from reqpi.shelf.record_reading import read_record
from reqpi.shelf.records import commit_record

__all__ = ["RecordedCommit", "RecordedCommits", "load_recorded_commit"]

_LONGEST = 500
"""Characters of the name of a client."""

_log = Logger()


@frozen
class RecordedCommit:
    """When and by whom a lock was committed.

    :param at: seconds since the epoch.
    :param by: the name of the client's token; empty for one without a token.
    """

    at: float
    by: str = ""


def load_recorded_commit(data: bytes) -> RecordedCommit:
    """Read a record.

    :raises ValueError: it is something else, as :data:`reqpi.core.stored_json.NOT_WRITTEN` lists.
    """
    value = mapping(parse(data))
    by = typed(value["by"], str)
    if typed(value["layout"], int) != 1 or len(by) > _LONGEST or not by.isprintable():
        raise ValueError("it does not say who has committed a lock")
    return RecordedCommit(finite(value["at"]), by)


class RecordedCommits:
    """The records of a store."""

    def __init__(self, records: Records, clock: IReactorTime) -> None:
        self._records = records
        self._clock = clock

    async def note(self, address: str) -> None:
        """Note that a lock was committed now by the client that requests it. The lock counts without that, too."""
        # The network address of a client without a token is not for everyone who may read the lock.
        said = {"layout": 1, "at": self._clock.seconds(), "by": requesting_token()[:_LONGEST]}
        try:
            await self._records.create(commit_record(address), json.dumps(said).encode())
        except StoreTrouble as trouble:
            _log.warn("it is not recorded who has committed a lock: {trouble}", trouble=trouble)

    async def of(self, address: str) -> RecordedCommit | None:
        """Return when and by whom a lock was committed; ``None`` if that was not recorded.

        :raises reqpi.core.errors.DamagedRecord: the record is not what is written here.
        """
        record = commit_record(address)
        written = await self._records.get(record)
        return None if written is None else read_record(record, written, load_recorded_commit)
