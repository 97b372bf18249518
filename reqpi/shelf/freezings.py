"""Records of when and by whom a page was frozen whose lock gives no digests: the upstream decided what is on it.

They stand beside the frozen pages, which never change. A page from before there were such records has none.
"""

from __future__ import annotations

import json

from attrs import frozen
from packaging.utils import canonicalize_name
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from reqpi.core.access.clients import name_in
from reqpi.core.errors import StoreTrouble
from reqpi.core.interfaces import Records
from reqpi.core.model import Commitment, Project
from reqpi.core.stored_json import finite, mapping, parse, typed
from reqpi.runtime.on_behalf import requesting_token
from reqpi.shelf.record_reading import read_record
from reqpi.shelf.records import freezing_record

__all__ = ["Freezings", "PageFreezing", "load_freezing"]

_LONGEST = 500
"""Characters of the name of a client."""

_log = Logger()


@frozen
class PageFreezing:
    """When and by whom a page was frozen.

    :param at: seconds since the epoch.
    :param by: the name of the client's token; empty for one without a token.
    :param again: the operator had it frozen again.
    """

    at: float
    by: str = ""
    again: bool = False


def load_freezing(data: bytes) -> PageFreezing:
    """Read a record.

    :raises ValueError: it is something else, as :data:`reqpi.core.stored_json.NOT_WRITTEN` lists.
    """
    value = mapping(parse(data))
    by = typed(value["by"], str)
    if typed(value["layout"], int) != 1 or len(by) > _LONGEST or not by.isprintable():
        raise ValueError("it does not say who has frozen a page")
    return PageFreezing(finite(value["at"]), by, typed(value["again"], bool))


class Freezings:
    """The records of a store."""

    def __init__(self, records: Records, clock: IReactorTime) -> None:
        self._records = records
        self._clock = clock

    async def note(self, commitment: Commitment, project: Project, *, again: bool = False) -> None:
        """Note that a page was frozen now, for the client at whose request it was. The page counts without that too."""
        if not again and not any(pin.trusted_on_first_use for pin in commitment.lock.projects[project]):
            return
        # The network address of a client without a token is not for everyone who may read the lock.
        said = {"layout": 1, "at": self._clock.seconds(), "by": name_in(requesting_token())[:_LONGEST], "again": again}
        try:
            await self._records.replace(freezing_record(commitment.address, project), json.dumps(said).encode())
        except StoreTrouble as trouble:
            _log.warn("it is not recorded who has frozen a page: {trouble}", trouble=trouble)

    async def of(self, commitment: Commitment) -> dict[Project, PageFreezing]:
        """Return when and by whom pages were frozen, as far as that was recorded, by project in alphabetical order.

        :raises reqpi.core.errors.DamagedRecord: a record is not what is written here.
        """
        found: dict[Project, PageFreezing] = {}
        for record in sorted([name async for name in self._records.names(freezing_record(commitment.address))]):
            project = canonicalize_name(record.rpartition("/")[2])
            written = await self._records.get(record) if project in commitment.lock.projects else None
            if written is not None:
                found[project] = read_record(record, written, load_freezing)
        return found
