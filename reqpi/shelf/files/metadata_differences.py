"""Wheels whose core metadata differs from what an upstream has promised: reported once, and not promised again.

pip compares the ``.metadata`` that it resolved from with the metadata in the wheel, and treats a difference as fatal.
So a page leaves out the promised digest of such a wheel.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from reqpi.core.errors import StoreTrouble
from reqpi.core.interfaces import Records
from reqpi.core.metadata.promises import promised_digest
from reqpi.core.model import Digest, File
from reqpi.runtime.singleflight import SingleFlight
from reqpi.shelf.records import differing_metadata_record

__all__ = ["MetadataDifferences"]

_FRESH = 60.0
"""Seconds after which the records of other processes are looked for again."""

_log = Logger()


class MetadataDifferences:
    """The wheels of a store whose verified core metadata is not what a page promised.

    :ivar on_new: called when this process learns of another such wheel.
    """

    def __init__(self, records: Records, clock: IReactorTime) -> None:
        self.on_new: Callable[[], None] = lambda: None
        self._records = records
        self._clock = clock
        self._wheels: frozenset[str] = frozenset()
        self._looked: float | None = None
        self._looking: SingleFlight[None] = SingleFlight()

    async def wheels(self) -> frozenset[str]:
        """Return the sha256 of each such wheel, as far as the store had them a minute ago.

        While the store is away, what this process knows counts.

        :raises reqpi.core.errors.StoreTrouble: this process knows nothing yet, and the store cannot be read.
        """
        now = self._clock.seconds()
        if self._looked is None:
            await self._looking.do("", self._look)
        elif abs(now - self._looked) >= _FRESH:
            self._looked = now  # other callers need not wait
            with suppress(StoreTrouble):
                await self._look()
        return self._wheels

    async def _look(self) -> None:
        prefix = differing_metadata_record("")
        self._add(frozenset([name.removeprefix(prefix) async for name in self._records.names(prefix)]))
        self._looked = self._clock.seconds()

    async def compare(self, file: File, verified: Digest) -> None:
        """Report and record a wheel whose page promised other metadata than it contains."""
        promised = promised_digest(file)
        sha256 = str(file.sha256)
        if promised in (None, verified) or sha256 in self._wheels:
            return
        mine = promised.hex.encode() if promised is not None else b""
        if await self._records.get(differing_metadata_record(sha256)) is None:
            await self._records.create(differing_metadata_record(sha256), mine)
            _log.error(
                "the metadata of {filename} differs: the upstream promised {promised}, and the wheel contains {found}. "
                "Its pages do not promise it any more",
                filename=file.filename, promised=promised, found=verified,
            )  # fmt: skip
        self._add(frozenset({sha256}))

    def _add(self, wheels: frozenset[str]) -> None:
        if wheels - self._wheels:
            self._wheels |= wheels
            self.on_new()
