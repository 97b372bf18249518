"""The provenance of the files that locks admit: objects to serve, and publishers to report."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from functools import partial

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from reqpi.core.errors import UpstreamTrouble, wanting
from reqpi.core.model import Commitment, File
from reqpi.core.provenance.publishers import Publisher
from reqpi.runtime.singleflight import PATIENCE, each, within
from reqpi.shelf.provenance.attesting import Publishers
from reqpi.shelf.provenance.keeping import BackgroundKeeping
from reqpi.shelf.provenance.stored import WrongProvenance
from reqpi.shelf.provenance.verifying import Unverified, can_verify

__all__ = ["ProvenanceOfLocks"]

_AT_ONCE = 4
"""Objects that one caller reads concurrently."""

Admitted = Callable[[Commitment, str, str], Awaitable[File]]


class ProvenanceOfLocks:
    """The provenance of admitted files.

    :param admitted: returns the file of a project that a lock admits, by its name; it raises an error for any other.
    """

    def __init__(self, admitted: Admitted, publishers: Publishers, clock: IReactorTime) -> None:
        self._admitted = admitted
        self._publishers = publishers
        self._clock = clock
        self._keeping = BackgroundKeeping(publishers.stored, clock)

    def keep_in_background(self) -> None:
        """Keep, from now on, the provenance objects of each page that is frozen, without delaying it."""
        self._publishers.on_frozen = self._keeping.begin

    def stop(self) -> None:
        """Keep nothing more in the background."""
        self._keeping.stop()

    @property
    def is_verified(self) -> bool:
        """Whether attestations can be verified here; if not, no publisher is known."""
        return can_verify()

    async def object(self, commitment: Commitment, name: str, filename: str) -> bytes:
        """Return the provenance object of a file, which is kept from then on.

        :raises reqpi.core.errors.NotAdmitted: the lock does not admit the file.
        :raises reqpi.core.errors.NotServed: its index lists none.
        :raises reqpi.core.errors.UpstreamTrouble: it is not kept, and cannot be obtained.
        """
        file = await self._admitted(commitment, name, filename)
        with wanting(f"{filename}.provenance"):
            waiting = Deferred.fromCoroutine(self._publishers.stored.of(file, commitment.address))
            return await within(PATIENCE, self._clock, waiting, f"the provenance of {filename} is")

    async def publishers(self, commitment: Commitment, name: str, filename: str) -> tuple[Publisher, ...]:
        """Return the publishers of a file, however long it takes to find out; none if its index lists no attestation.

        Each of their attestations was verified here. A policy can require that there is one.

        :raises reqpi.core.errors.NotAdmitted: the lock does not admit the file.
        :raises Unverified: an attestation does not verify.
        :raises reqpi.core.errors.UpstreamTrouble: the object cannot be obtained, or nothing verifies it here.
        """
        return await self._publishers.of(await self._admitted(commitment, name, filename), commitment.address)

    async def known(self, commitment: Commitment, files: Iterable[File]) -> dict[File, tuple[Publisher, ...] | str]:
        """Return the publishers of files whose objects are kept, or why they are not known. No upstream is asked."""
        if not can_verify():
            return {}
        listed = [file for file in files if file.provenance is not None]
        found = await each(listed, partial(self._known, address=commitment.address), _AT_ONCE)
        return {file: outcome for file, outcome in found.items() if outcome}

    async def _known(self, file: File, *, address: str) -> tuple[Publisher, ...] | str:
        try:
            return await self._publishers.of(file, address, ask=False)
        except Unverified as error:
            return str(error)

    async def proven(self, files: Iterable[File], address: str) -> dict[File, tuple[Publisher, ...]]:
        """Return the publishers of files on a page; none of a file without an attestation that was verified here.

        :param address: under which the page was requested.
        :raises reqpi.core.errors.UpstreamTrouble: an object cannot be obtained, or nothing verifies it here.
        :raises reqpi.core.errors.Pending: it takes longer; ask again.
        """
        waiting = Deferred.fromCoroutine(each(files, partial(self._proven, address=address), _AT_ONCE))
        return await within(PATIENCE, self._clock, waiting, "the attestations are")

    async def _proven(self, file: File, *, address: str) -> tuple[Publisher, ...]:
        try:
            return await self._publishers.of(file, address)
        except (Unverified, WrongProvenance):
            return ()

    async def hold(self, file: File, address: str) -> None:
        """Keep the provenance object of an admitted file, and verify it if that is possible.

        What the upstream does not have, or has wrong, is logged, and does not make the file incomplete.

        :raises reqpi.core.errors.UpstreamTrouble: another attempt may succeed.
        """
        if file.provenance is None:
            return
        try:
            await self._publishers.stored.of(file, address)
            if can_verify():
                await self._publishers.of(file, address)
        except UpstreamTrouble as trouble:
            if not trouble.final:
                raise
        except Unverified:
            pass  # it was logged, and `held` reports it
