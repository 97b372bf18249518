"""The comparison of the lines of an index with the crates themselves, once the store has them."""

from __future__ import annotations

from functools import partial

from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.logger import Logger
from twisted.python.failure import Failure

from reqpi.core.crates.claims import differences
from reqpi.core.crates.crate_archive import BrokenCrate, manifest_in
from reqpi.core.crates.index import IndexLine
from reqpi.core.crates.model import Crate
from reqpi.core.crates.source import file_of
from reqpi.core.errors import ReqPIError
from reqpi.runtime.lru import LruCache
from reqpi.runtime.offload import in_thread
from reqpi.runtime.troubles import log_trouble
from reqpi.runtime.whole_turns import whole_turn
from reqpi.shelf.files.download import Download
from reqpi.shelf.files.file_responses import FileResponses

__all__ = ["CratePromises"]

_COMPARED = 10_000
"""Crates whose comparison is remembered."""

_AT_ONCE = 2
"""Crates that are compared concurrently."""

_LARGEST = 1 << 25
"""Bytes of a crate that is compared. It is read into memory."""

_log = Logger()


class CratePromises:
    """The promises of registries about crates, compared with the crates.

    A line of an index states the dependencies and features of a crate. No digest covers the line, and cargo resolves by
    it. A difference is reported and refuses nothing: the bytes of the crate are those that the Cargo.lock pins.
    """

    def __init__(self, responses: FileResponses) -> None:
        self._responses = responses
        self._known: LruCache[tuple[str, str], tuple[str, ...]] = LruCache(_COMPARED)
        self._at_once = DeferredSemaphore(_AT_ONCE)

    def broken(self, crate: Crate, line: IndexLine) -> tuple[str, ...]:
        """Return in words how a crate differs from its line, as far as they have been compared."""
        return self._known.get((crate.sha256, line.text)) or ()

    def compare_later(self, crate: Crate, line: IndexLine, download: Download | None) -> None:
        """Compare a crate with its line in the background, at the end of its download if there is one."""
        if self._known.get((crate.sha256, line.text)) is None:
            Deferred.fromCoroutine(self._awaited(crate, line, download)).addErrback(self._failed, crate)

    async def compare(self, crate: Crate, line: IndexLine) -> None:
        """Compare a crate that the store has with its line."""
        if self._known.get((crate.sha256, line.text)) is None:
            await whole_turn(self._at_once.run, lambda: Deferred.fromCoroutine(self._compared(crate, line)))

    async def _awaited(self, crate: Crate, line: IndexLine, download: Download | None) -> None:
        try:
            if download is not None:
                await download.finished()
            await self.compare(crate, line)
        except ReqPIError:
            return  # the client that requested the crate is told

    async def _compared(self, crate: Crate, line: IndexLine) -> None:
        response = await self._responses.of(file_of(crate))
        found: tuple[str, ...] = ()
        if response.size <= _LARGEST:
            data = b"".join([piece async for piece in response.read(0, response.size)])
            found = await in_thread(partial(_differences, data, crate, line))
        self._known.put((crate.sha256, line.text), found, 1)
        for each in found:
            _log.warn("{filename}: {difference}", filename=crate.filename, difference=each)

    @staticmethod
    def _failed(failure: Failure, crate: Crate) -> None:
        log_trouble(_log, f"{crate.filename} could not be compared with its index", failure)


def _differences(data: bytes, crate: Crate, line: IndexLine) -> tuple[str, ...]:
    try:
        return differences(line, manifest_in(data, crate))
    except BrokenCrate as broken:
        return (str(broken),)
