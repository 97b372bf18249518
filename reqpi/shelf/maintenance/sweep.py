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


_PAGE = kind_of(page_record(""))

_NAMING = (
    _PAGE.below(),
    *(kind.below() for kind in kinds_of(Owner.ADDRESS) if kind.keeps),
    kind_of(claimed_metadata_record("")).below(),
)
"""The records of locks that name blobs."""


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
        unneeded = await self._unneeded(roots)
        if unneeded is None:
            return Swept(removed, 0, 0)
        blobs, size = await self._blobs(unneeded, began)
        if not self._dry_run:
            await self._forget_metadata(unneeded, began)
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

    async def _blobs(self, unneeded: set[str], began: float) -> tuple[int, int]:
        """Remove the blobs that are not needed; return how many, and their bytes."""
        blobs, size = 0, 0
        async for sha256 in self._store.all():
            await self._step()
            if sha256 in unneeded:
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
                address = _owner(name)
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

    async def _unneeded(self, roots: set[str]) -> set[str] | None:
        """Return the sha256 of every stored file that no root needs; ``None`` if unknown: then none may be removed.

        All records of a kind are listed together: an object store sends a thousand names in one response, and most
        locks have fewer. In memory is what the store has, and not all that locks name, which is ten times as much.
        """
        unneeded = await self._stored()
        unknown = 0
        async for name in self._naming(roots, unneeded):
            try:
                unneeded -= await self._needed(name)
            except StoreTrouble as trouble:
                unknown += 1
                self._log.error("no file is swept: {name}: {trouble}", name=name, trouble=trouble)
        return None if unknown else unneeded

    async def _stored(self) -> set[str]:
        """Return the sha256 of every blob, and of every file about which there are records."""
        stored: set[str] = set()
        async for sha256 in self._store.all():
            await self._step()
            stored.add(sha256)
        for kind in kinds_of(Owner.FILE):
            async for name in self._store.names(kind.below()):
                await self._step()
                stored.add(_owner(name))
        return stored

    async def _naming(self, roots: set[str], unneeded: set[str]) -> AsyncGenerator[str, None]:
        """Yield the names of the records that say which blobs the roots need.

        :param unneeded: the files that none of these records has named so far. The metadata of all others is needed.
        """
        for folder in _NAMING:
            async for name in self._store.names(folder):
                await self._step()
                if _owner(name) in roots:
                    yield name
        async for name in self._store.names(metadata_record("")):
            await self._step()
            if _owner(name) not in unneeded:
                yield name

    async def _needed(self, name: str) -> set[str]:
        """Return the sha256 of the blobs that a record names."""
        written = await self._store.get(name)
        if written is None:
            return set()
        if kind_of(name).keeps:
            return {written[:_DIGITS].decode("latin-1")}
        if kind_of(name) is _PAGE:
            return await self._on_page(name, written)
        try:
            return {read_record(name, written, load_digest).hex}
        except DamagedRecord as damaged:  # it names none: metadata is made again
            self._log.error("{record}: {trouble}", record=name, trouble=damaged)
            return set()

    async def _on_page(self, name: str, written: bytes) -> set[str]:
        load = partial(freezer.load, project=canonicalize_name(name.rpartition("/")[2]))
        page = await FROZEN_PAGE.run(len(written), read_record, name, written, load)
        files = {str(file.sha256) for file in page.files}
        return files | {file.core_metadata.hex for file in page.files if isinstance(file.core_metadata, Digest)}

    async def _forget_metadata(self, unneeded: set[str], began: float) -> None:
        """Remove the records of wheels and sdists that are gone."""
        for kind in kinds_of(Owner.FILE):
            async for name in self._store.names(kind.below()):
                await self._step()
                if _owner(name) in unneeded:
                    await self._store.delete(name, began - _SPARED)


def _owner(record: str) -> str:
    """Return the second part of the name of a record: the address, or the sha256 of the file, that it belongs to."""
    return record.split("/", 2)[1]
