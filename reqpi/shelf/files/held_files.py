"""Which files the store has, a wheel with its core metadata: looked up for many files at once. No upstream is asked."""

from __future__ import annotations

from collections.abc import Iterable

from reqpi.core.interfaces import Store
from reqpi.core.model import File
from reqpi.runtime.singleflight import each
from reqpi.shelf.files.core_metadata import CoreMetadata
from reqpi.shelf.files.file_responses import FileResponses

__all__ = ["HeldFiles"]

_AT_ONCE = 16
"""Files that one caller looks at concurrently, where each needs more than its size."""


class HeldFiles:
    """The files that a store has. Only lengths are compared: verifying and serving compute hashes."""

    def __init__(self, store: Store, file_responses: FileResponses, core_metadata: CoreMetadata) -> None:
        self._store = store
        self._file_responses = file_responses
        self._core_metadata = core_metadata

    async def sizes(self, files: Iterable[File]) -> dict[File, int | None]:
        """Return the size in bytes of each file; ``None`` if it, or the core metadata of a wheel, is not there."""
        wanted = list(dict.fromkeys(files))
        found = await self._store.sizes(*(str(file.sha256) for file in wanted))
        sizes = {file: found[str(file.sha256)] for file in wanted}
        doubtful = [file for file, size in sizes.items() if size is not None and file.size not in (None, size)]
        for file, sound in (await each(doubtful, self._file_responses.is_sound, _AT_ONCE)).items():
            sizes[file] = sizes[file] if sound else None
        wheels = [file for file, size in sizes.items() if file.wheel and size is not None]
        lacking = await self._core_metadata.lacking(wheels)
        return sizes | dict.fromkeys(lacking)
