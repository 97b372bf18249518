"""The files that describe the variant wheels of a release: :mod:`reqpi.core.variants` says why they are made here."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from twisted.internet.interfaces import IReactorTime

from reqpi.core.metadata.wheel import BrokenWheel
from reqpi.core.model import Commitment, File
from reqpi.core.variants import MOST_TOGETHER, merged, read_variant, variant_files
from reqpi.runtime.offload import in_thread
from reqpi.runtime.singleflight import PATIENCE, SingleFlight, each, within
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.stored_wheels import inside_wheel

__all__ = ["VariantsOfReleases"]

_AT_ONCE = 4
"""Wheels that one such file requests concurrently."""


class VariantsOfReleases:
    """The ``<project>-<version>-variants.json`` of every lock."""

    def __init__(self, shelf: Shelf, clock: IReactorTime) -> None:
        self._shelf = shelf
        self._clock = clock
        self._making: SingleFlight[bytes] = SingleFlight()

    async def of(self, commitment: Commitment, name: str, filename: str) -> bytes:
        """Return the file of that name, made from the verified variant wheels that the lock admits.

        Wheels that are not in the store are fetched: nothing else that states what a label means has a digest.

        :raises reqpi.core.errors.NotAdmitted: the lock admits no variant wheel of such a release.
        :raises reqpi.core.errors.UpstreamTrouble: a wheel cannot be obtained, or is broken.
        """
        wheels = variant_files(await self._shelf.page(commitment, name)).get(filename)
        if wheels is None:
            await self._shelf.file(commitment, name, filename)  # it is refused, and the refusal is counted
            wheels = ()
        key = (commitment.address, id(commitment), tuple(wheel.sha256 for wheel in wheels))
        making = self._making.do(key, partial(self._made, commitment, wheels))
        return await within(PATIENCE, self._clock, making, f"{filename} is")

    async def _made(self, commitment: Commitment, wheels: Sequence[File]) -> bytes:
        found = await each(wheels, partial(self._variant, commitment), _AT_ONCE)
        documents = [(wheel.filename, found[wheel]) for wheel in wheels]
        if sum(len(document) for _, document in documents) > MOST_TOGETHER:
            these = f"The variant.json of its wheels have more than {MOST_TOGETHER} bytes together."
            raise BrokenWheel(f"the variants of {wheels[0].project} are too many", these, final=True)
        return await in_thread(merged, documents)

    async def _variant(self, commitment: Commitment, wheel: File) -> bytes:
        read = partial(read_variant, filename=wheel.filename, project=wheel.project)
        return await inside_wheel(self._shelf, commitment, wheel, read) or b""
