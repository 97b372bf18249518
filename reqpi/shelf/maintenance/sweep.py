"""Sweeping: remove the locks that were not used for a while, and then everything that only they needed.

The roots are the locks that were used within the maximum age. A blob lives while it is named by a root's frozen page,
or by the metadata of a file on such a page. A blob that was stored or touched since the sweep began is spared, so a
page that is being frozen meanwhile loses nothing. A blob that a client is reading stays readable to its end. Several
replicas may sweep at the same time.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import partial

from attrs import frozen
from packaging.utils import canonicalize_name
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from reqpi.core import frozen_pages as freezer
from reqpi.core.address import is_listing, parse_listing
from reqpi.core.errors import DamagedRecord, StoreTrouble
from reqpi.core.interfaces import Store
from reqpi.core.model import Digest
from reqpi.runtime.counts import ServerCounts
from reqpi.runtime.offload import FROZEN_PAGE
from reqpi.shelf.files.core_metadata import load_digest
from reqpi.shelf.record_reading import read_record
from reqpi.shelf.records import (
    Owner,
    claimed_metadata_record,
    document_record,
    history_record,
    kind_of,
    kinds_of,
    lock_record,
    metadata_record,
    page_record,
    time_record,
)

__all__ = ["Sweep", "Swept"]

_STEPS = 100
"""Records and blobs that are examined in one reactor turn, if the store does not wait for a disk: 100 µs each."""

_DIGITS = 64
"""Hex digits of a sha256."""

_SPARED = 3600.0
"""Seconds for which a new blob is spared: a file may be stored before the page that names it is written."""


@frozen
class Swept:
    """The result of a sweep: what was removed, or would be in a dry run.

    :param locks: how many locks.
    :param blobs: how many blobs.
    :param size: the bytes of these blobs.
    """

    locks: int
    blobs: int
    size: int


class Sweep:
    """Sweeps of one store.

    :param max_age: seconds without use after which a lock is removed.
    :param dry_run: remove nothing. Blobs that would be spared because they are less than an hour old are counted too.
    :param counts: notes when the sweep succeeded.
    """

    _log = Logger()

    def __init__(
        self,
        store: Store,
        clock: IReactorTime,
        max_age: float,
        *,
        dry_run: bool = False,
        counts: ServerCounts | None = None,
    ) -> None:
        self._counts = counts or ServerCounts()
        self._store = store
        self._clock = clock
        self._max_age = max_age
        self._dry_run = dry_run
        self._steps = 0

    async def run(self) -> Swept:
        """Sweep once."""
        began = self._clock.seconds()
        roots, removed = await self._locks(began)
        if not self._dry_run:
            await self._forget_left_over(roots, began)
        live = await self._live(roots)
        if live is None:
            return Swept(removed, 0, 0)
        blobs, size = await self._blobs(live, began)
        if not self._dry_run:
            await self._forget_metadata(live, began)
            await self._forget(time_record(""), began)
            await self._forget(history_record(""), began)
            await self._forget_documents(roots, began)
            message = "swept {locks} locks and {blobs} files of {size} bytes"
            self._log.info(message, locks=removed, blobs=blobs, size=size)
            self._counts.swept_at = self._clock.seconds()
        return Swept(removed, blobs, size)

    async def _step(self) -> None:
        """Return to the reactor now and then."""
        self._steps += 1
        if not self._steps % _STEPS:
            await deferLater(self._clock, 0)

    async def _blobs(self, live: set[str], began: float) -> tuple[int, int]:
        """Remove the blobs that are not needed; return how many, and their bytes."""
        blobs, size = 0, 0
        async for sha256 in self._store.all():
            await self._step()
            if sha256 not in live:
                freed = await self._store.size(sha256) or 0
                if self._dry_run or await self._store.remove(sha256, began - _SPARED):
                    blobs += 1
                    size += freed
        return blobs, size

    async def _locks(self, now: float) -> tuple[set[str], int]:
        """Remove the unused locks; return the addresses that stay, and how many were removed."""
        roots, removed = set(), 0
        async for name in self._store.names(lock_record("")):
            await self._step()
            address = name.rpartition("/")[2]
            if self._dry_run:
                last_used = await self._store.last_used(name)
                if last_used is not None and last_used <= now - self._max_age:
                    removed += 1
                else:
                    roots.add(address)
            elif await self._store.delete(name, now - self._max_age):
                for kind in kinds_of(Owner.ADDRESS):
                    await self._forget(kind.below(address), now)
                removed += 1
            else:
                roots.add(address)
        return roots, removed

    async def _forget(self, prefix: str, now: float) -> None:
        """Remove the records below ``prefix``, except those used since: the lock may have been committed again."""
        async for name in self._store.names(prefix):
            await self._store.delete(name, now - self._max_age)

    async def _forget_left_over(self, roots: set[str], now: float) -> None:
        """Remove records of locks that are gone: the sweep that removed such a lock failed or was interrupted."""
        for kind in kinds_of(Owner.ADDRESS):
            async for name in self._store.names(kind.below()):
                await self._step()
                address = name.split("/")[1]
                if address not in roots and await self._store.last_used(lock_record(address)) is None:
                    await self._store.delete(name, now - self._max_age)

    async def _forget_documents(self, roots: set[str], began: float) -> None:
        """Remove the documents that no listing contains any more."""
        listed: set[str] = set()
        for address in roots:
            await self._step()
            lock = await self._store.get(lock_record(address))
            if lock is not None and is_listing(lock):
                listed |= {sha256 for sha256, _ in parse_listing(lock)}
        async for name in self._store.names(document_record("")):
            await self._step()
            if name.rpartition("/")[2] not in listed:
                await self._store.delete(name, began - _SPARED)

    async def _live(self, roots: set[str]) -> set[str] | None:
        """Return the sha256 of every blob that a root needs; ``None`` if unknown: then no blob may be removed."""
        live: set[str] = set()
        unknown = 0
        for address in roots:
            async for name in self._lasting(address):
                await self._step()
                try:
                    written = await self._store.get(name)
                    if written is None:
                        continue
                    if kind_of(name).keeps:
                        live.add(written[:_DIGITS].decode("latin-1"))
                    else:
                        live |= await self._needed(name, written, address)
                except StoreTrouble as trouble:
                    unknown += 1
                    self._log.error("no file is swept: {name}: {trouble}", name=name, trouble=trouble)
        return None if unknown else live

    async def _lasting(self, address: str) -> AsyncGenerator[str, None]:
        """Yield the names of the records of a lock that name blobs."""
        async for name in self._store.names(page_record(address)):
            yield name
        for kind in kinds_of(Owner.ADDRESS):
            if kind.keeps:
                async for name in self._store.names(kind.below(address)):
                    yield name

    async def _needed(self, name: str, written: bytes, address: str) -> set[str]:
        needed: set[str] = set()
        load = partial(freezer.load, project=canonicalize_name(name.rpartition("/")[2]))
        page = await FROZEN_PAGE.run(len(written), read_record, name, written, load)
        for file in page.files:
            await self._step()
            needed.add(str(file.sha256))
            if isinstance(file.core_metadata, Digest):
                needed.add(file.core_metadata.hex)
            if file.wheel:
                sha256 = str(file.sha256)
                for record in (metadata_record(sha256), claimed_metadata_record(address, sha256)):
                    needed |= await self._named_by(record)
        return needed

    async def _named_by(self, record: str) -> set[str]:
        """Return the core metadata that a record names. A damaged record names none: metadata is made again."""
        known = await self._store.get(record)
        if known is None:
            return set()
        try:
            return {read_record(record, known, load_digest).hex}
        except DamagedRecord as damaged:
            self._log.error("{record}: {trouble}", record=record, trouble=damaged)
            return set()

    async def _forget_metadata(self, live: set[str], began: float) -> None:
        """Remove the records of wheels and sdists that are gone."""
        for kind in kinds_of(Owner.FILE):
            async for name in self._store.names(kind.below()):
                await self._step()
                if name.removeprefix(kind.below()).partition("/")[0] not in live:
                    await self._store.delete(name, began - _SPARED)
