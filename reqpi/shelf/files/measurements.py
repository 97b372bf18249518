"""Digests that this process has computed itself from the bytes of a stored file.

A frozen list says which digests were computed when it was written. That is a claim: anyone who can write to the store
can write a list too. So a file that a lock admits for another digest than a sha256 is measured here before it is used.
"""

from __future__ import annotations

import hashlib
from functools import partial

from reqpi.core.errors import StoreTrouble
from reqpi.core.model import ALGORITHMS, Digest, File
from reqpi.runtime.lru import LruCache
from reqpi.runtime.offload import HASHED_PIECE
from reqpi.runtime.singleflight import SingleFlight
from reqpi.shelf.files.verified_blobs import VerifiedBlobs

__all__ = ["Measurements"]

_REMEMBERED = 10_000


class Measurements:
    """The digests of stored files, by their sha256: the bytes under a sha256 never change."""

    def __init__(self, blobs: VerifiedBlobs) -> None:
        self._blobs = blobs
        self._known: LruCache[str, frozenset[Digest]] = LruCache(_REMEMBERED)
        self._measuring: SingleFlight[frozenset[Digest]] = SingleFlight()

    def note(self, sha256: str, digests: frozenset[Digest]) -> None:
        """Remember what was computed while a file was fetched."""
        self._known.put(sha256, digests, 1)

    async def confirm(self, file: File) -> None:
        """Check that a file has all the digests that its frozen list gives it.

        A file that is not in the store is not checked: its download must have all of them.

        :raises reqpi.core.errors.StoreTrouble: it lacks one of them.
        """
        sha256 = str(file.sha256)
        digests = await self.of_stored(sha256)
        if digests is not None and not file.digests <= digests:
            raise StoreTrouble(
                f"the frozen list of {file.project} is wrong",
                f"It gives {file.filename} a digest that its bytes do not have. The operator can remove the list.",
            )

    async def of_stored(self, sha256: str) -> frozenset[Digest] | None:
        """Return the digests of a stored file; ``None`` if they are not known and the store does not have it."""
        digests = self._known.get(sha256)
        if digests is not None or await self._blobs.identity(sha256) is None:
            return digests
        return await self._measuring.do(sha256, partial(self._measure, sha256))

    async def _measure(self, sha256: str) -> frozenset[Digest]:
        hashes = {name: hashlib.new(name) for name in ALGORITHMS}

        def update(data: bytes) -> None:
            for computed in hashes.values():
                computed.update(data)

        async for piece in self._blobs.read(sha256):
            await HASHED_PIECE.run(len(piece), update, piece)
        digests = frozenset(Digest(name, computed.hexdigest()) for name, computed in hashes.items())
        self.note(sha256, digests)
        return digests
