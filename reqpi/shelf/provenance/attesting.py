"""Who published a file: the publishers of which every attestation was verified by this process.

Neither a frozen list nor a record says it: anyone who can write to the store could write that. It is computed from the
kept provenance object, whose signatures no one else can make, and remembered in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256

from attrs import evolve
from twisted.internet.defer import DeferredSemaphore
from twisted.logger import Logger

from reqpi.core import admission
from reqpi.core.attest.errors import BadAttestation
from reqpi.core.errors import UpstreamTrouble
from reqpi.core.model import File, Lock, Page
from reqpi.core.provenance.publishers import Publisher
from reqpi.runtime.lru import LruCache
from reqpi.runtime.offload import DECIDED_FILES, in_thread
from reqpi.runtime.singleflight import each
from reqpi.shelf.provenance.stored import StoredProvenance, WrongProvenance
from reqpi.shelf.provenance.verifying import MISSING, Unverified, can_verify, verified_publishers

__all__ = ["Publishers"]

_REMEMBERED = 10_000
"""Provenance objects of which it is remembered what they prove."""

_AT_ONCE = 4
"""Objects of one page that are fetched concurrently."""

_VERIFIERS = 1
"""Objects that are verified concurrently: the work keeps one core busy."""


class Publishers:
    """The publishers of files.

    :ivar stored: the provenance objects.
    :ivar on_frozen: called with the address and the page, when a page was frozen.
    """

    _log = Logger()
    on_frozen: Callable[[str, Page], None] = staticmethod(lambda _, __: None)

    def __init__(self, stored: StoredProvenance) -> None:
        self.stored = stored
        self._known: LruCache[tuple[bytes, str, str], tuple[Publisher, ...] | str] = LruCache(_REMEMBERED)
        self._turns = DeferredSemaphore(_VERIFIERS)

    async def of(self, file: File, address: str, *, ask: bool = True) -> tuple[Publisher, ...]:
        """Return the publishers of an admitted file; none if its index lists no provenance object.

        :param address: the address under which the file was requested.
        :param ask: fetch an object that is not kept; otherwise such a file has no publisher.
        :raises Unverified: an attestation does not verify.
        :raises reqpi.core.errors.UpstreamTrouble: the object cannot be obtained, or nothing verifies it here.
        """
        if file.provenance is None:
            return ()
        if not can_verify():
            raise UpstreamTrouble("this server cannot verify attestations", MISSING, final=True)
        data = await (self.stored.of(file, address) if ask else self.stored.known(file, address))
        return () if data is None else await self._verified(data, file)

    async def _verified(self, data: bytes, file: File) -> tuple[Publisher, ...]:
        key = (sha256(data).digest(), file.filename, str(file.sha256))
        known = self._known.get(key)
        if known is None:
            known = await self._turns.run(in_thread, _outcome, data, file)
            self._known.put(key, known, 1)
            if isinstance(known, str):
                self._log.warn("{filename}: its attestations do not verify: {why}", filename=file.filename, why=known)
        if isinstance(known, str):
            raise Unverified(known)
        return known

    async def attested(self, lock: Lock, files: Sequence[File], address: str, *, ask: bool = True) -> list[File]:
        """Return files with their publishers, those on which a lock depends; :func:`admits` can decide on them then.

        :param ask: as for :meth:`of`.
        :raises reqpi.core.errors.UpstreamTrouble: the provenance object of one of them cannot be obtained. Listing the
            others alone would hide it forever.
        """
        bare = [evolve(file, publishers=()) if file.publishers else file for file in files]
        if not any(pin.identities for pin in lock.pins):
            return bare
        needed = await DECIDED_FILES.run(len(bare), _needing, lock, bare)
        found = await each(needed, partial(self._or_none, address=address, ask=ask), _AT_ONCE)
        return [evolve(file, publishers=found[file]) if found.get(file) else file for file in bare]

    async def _or_none(self, file: File, *, address: str, ask: bool) -> tuple[Publisher, ...]:
        try:
            return await self.of(file, address, ask=ask)
        except (Unverified, WrongProvenance):
            return ()


def _needing(lock: Lock, files: Sequence[File]) -> list[File]:
    return [file for file in files if file.provenance is not None and admission.needs_publishers(lock, file)]


def _outcome(data: bytes, file: File) -> tuple[Publisher, ...] | str:
    """Return the publishers of a file, or why they are not known."""
    try:
        return verified_publishers(data, file.filename, str(file.sha256))
    except (Unverified, BadAttestation) as error:
        return str(error)
