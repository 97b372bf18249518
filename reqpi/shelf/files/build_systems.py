"""The build systems of sdists, read from as little of each sdist as possible, and recorded.

If the sdist is in the store, its digest was verified: the build system is as trustworthy as the sdist, and is recorded
for every address. If only the beginning of the sdist was read from the upstream, the build system is the upstream's
claim, because no digest covers a part of a file: it is recorded for that address alone, and is replaced as soon as the
sdist is in the store. :mod:`reqpi.shelf.files.core_metadata` does the same with the metadata of wheels. An sdist that
was received completely and has the right digest is verified, whether it is stored or not.
"""

from __future__ import annotations

import hashlib
from contextlib import aclosing
from functools import partial

from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.internet.threads import deferToThread

from reqpi.core import metadata
from reqpi.core.errors import UpstreamTrouble
from reqpi.core.interfaces import Store, Upstream
from reqpi.core.metadata import BrokenSdist, BuildSystem, LazySdist
from reqpi.core.model import File
from reqpi.runtime.singleflight import SingleFlight
from reqpi.shelf.files.downloads import Downloads
from reqpi.shelf.files.partial_reads import Take, by_ranges, fetched, stored
from reqpi.shelf.records import build_system_record, claimed_build_system_record

__all__ = ["BuildSystems", "TooDeep"]

_STEPS = (1 << 16, 1 << 18, 1 << 20)
"""Bytes of an sdist after which the received part is searched. If the last step finds nothing, the whole sdist may."""

_LOOKS = 2
"""Sdists that are searched concurrently, each in a thread."""

_LARGEST_RANGE = 24 << 20
"""Bytes of one range of a zip archive, at most."""


class TooDeep(UpstreamTrouble):
    """The beginning of an sdist does not contain its build system, and the caller does not want the whole sdist."""

    final = True


class BuildSystems:
    """The build systems of all sdists."""

    def __init__(self, store: Store, upstream: Upstream, downloads: Downloads) -> None:
        self._store = store
        self._upstream = upstream
        self._downloads = downloads
        self._finding: SingleFlight[BuildSystem] = SingleFlight()
        self._looks = DeferredSemaphore(_LOOKS)

    async def of(self, file: File, address: str, *, whole: bool = True) -> BuildSystem:
        """Return the build system of an admitted sdist, however long it takes to find out.

        :param address: the address under which the sdist was requested.
        :param whole: fetch the whole sdist if its beginning does not contain the answer.
        :raises TooDeep: its beginning does not contain the answer, and ``whole`` is false.
        :raises reqpi.core.errors.UpstreamTrouble: the sdist cannot be obtained, or is broken.
        """
        known = await self.known(file, address)
        if known is not None:
            return known
        key = (file.url, file.index, file.digests, _subdirectory(file), address, whole)
        return await self._finding.do(key, partial(self._found, file, address, whole=whole))

    async def known(self, file: File, address: str) -> BuildSystem | None:
        """Return the recorded build system: of the verified sdist, or the upstream's claim if there is none."""
        sha256, subdirectory = str(file.sha256), _subdirectory(file)
        verified = await self._recorded(build_system_record(sha256, subdirectory))
        if verified is not None or await self._store.size(sha256) is not None:
            return verified
        return await self._recorded(claimed_build_system_record(address, sha256, subdirectory))

    async def _recorded(self, record: str) -> BuildSystem | None:
        data = await self._store.get(record)
        return None if data is None else BuildSystem.load(data)

    async def _found(self, file: File, address: str, *, whole: bool) -> BuildSystem:
        """Read the build system and record it."""
        sha256, subdirectory = str(file.sha256), _subdirectory(file)
        record = build_system_record(sha256, subdirectory)
        files = None
        if await self._store.size(sha256) is None:
            files, verified = await self._claimed(file)
            if not verified:
                record = claimed_build_system_record(address, sha256, subdirectory)
            if files is None and not whole:
                raise TooDeep(
                    f"{file.filename} is not searched further",
                    f"Its first {_STEPS[-1] >> 20} MiB do not contain its build system.",
                )
        if files is None:
            record = build_system_record(sha256, subdirectory)
            files = await self._stored(file)
        system = await deferToThread(metadata.build_system, files)
        await self._store.use(record)
        # Replaces a record that a ReqPI of another layout wrote; otherwise the same bytes give the same record.
        await self._store.replace(record, system.dump())
        return system

    async def _claimed(self, file: File) -> tuple[metadata.Files | None, bool]:
        """Read the files from a part of the upstream's sdist.

        :returns: the files, ``None`` if no small part contains them; and whether the part turned out to be the whole
            sdist, with the right digest.
        """
        if file.filename.endswith(".zip"):
            take = partial(fetched, self._upstream, file.url, largest=_LARGEST_RANGE, index=file.index)
            return await self._by_ranges(file, file.size, take), False
        transfer = await self._upstream.open(file.url, 0, _STEPS[-1], index=file.index)
        data, looked = bytearray(), 0
        try:
            async for piece in transfer:
                data += piece
                # An upstream without range support sends more than the part that was requested.
                while looked < len(_STEPS) and len(data) >= _STEPS[looked]:
                    files = await self._look(file, bytes(data), whole=False)
                    looked += 1
                    if files is not None:
                        return files, False
                if looked == len(_STEPS):
                    return None, False
        finally:
            transfer.close()
        whole = hashlib.sha256(data).hexdigest() == file.sha256
        return await self._look(file, bytes(data), whole=whole), whole

    async def _stored(self, file: File) -> metadata.Files:
        """Read the files from the verified sdist, which is fetched first if it is not in the store."""
        sha256 = str(file.sha256)
        if await self._store.size(sha256) is None:
            if (file.size or 0) > metadata.LARGEST:
                raise _too_large(file)
            await self._downloads.of(file).finished()
        size = await self._store.size(sha256)
        if file.filename.endswith(".zip"):
            files = await self._by_ranges(file, size, partial(stored, self._store, sha256))
            if files is None:
                raise BrokenSdist(f"{file.filename} cannot be read", "The sizes of its members are implausible.")
            return files
        data = bytearray()
        async with aclosing(self._store.read(sha256, 0, metadata.LARGEST)) as stream:
            async for piece in stream:
                data += piece
        files = await self._look(file, bytes(data), whole=size is not None and len(data) == size)
        if files is None:
            raise _too_large(file)
        return files

    def _look(self, file: File, data: bytes, *, whole: bool) -> Deferred[metadata.Files | None]:
        look = partial(metadata.look, data, file.filename, _subdirectory(file), metadata.enough, whole=whole)
        return self._looks.run(deferToThread, look)

    async def _by_ranges(self, file: File, size: int | None, take: Take) -> metadata.Files | None:
        plan = partial(LazySdist, filename=file.filename, subdirectory=_subdirectory(file), enough=metadata.enough)
        return await by_ranges(file, size, plan, take)


def _subdirectory(file: File) -> str | None:
    return file.source.subdirectory if file.source is not None else None


def _too_large(file: File) -> UpstreamTrouble:
    return BrokenSdist(
        f"{file.filename} is not searched further",
        f"Its first {metadata.LARGEST >> 20} MiB do not contain its build system.",
    )
