"""The build systems of sdists, read from as little of each sdist as possible, and recorded.

A build system that was read from the beginning of an sdist is the upstream's claim; :mod:`reqpi.shelf.files.facts` has
the rule. An sdist that was received completely and has the right digest is verified, whether it is stored or not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import aclosing
from functools import partial

from twisted.internet.defer import Deferred, DeferredSemaphore

from reqpi.core import metadata
from reqpi.core.errors import UpstreamTrouble
from reqpi.core.interfaces import Store, Upstream
from reqpi.core.metadata import BrokenSdist, BuildSystem, LazySdist
from reqpi.core.model import File
from reqpi.runtime.child_process import ChildProcess, OverBudget
from reqpi.runtime.offload import in_thread
from reqpi.runtime.singleflight import SingleFlight
from reqpi.shelf.files.downloads import Downloads
from reqpi.shelf.files.facts import FactRecords, Facts
from reqpi.shelf.files.partial_reads import Take, by_ranges, fetched, stored
from reqpi.shelf.record_reading import read_record
from reqpi.shelf.records import build_system_record, claimed_build_system_record

__all__ = ["BuildSystems", "TooDeep"]

_STEPS = (1 << 16, 1 << 18, 1 << 20)
"""Bytes of an sdist after which the received part is searched. If the last step finds nothing, the whole sdist may."""

_LOOKS = 2
"""Sdists that are searched concurrently, each in a thread."""

_LARGEST_RANGE = 24 << 20
"""Bytes of one range of a zip archive, at most."""


_LARGE_PROGRAM = 1 << 13
"""Bytes of a setup.py above which a process parses it: Python's parser holds the interpreter, for up to 5 ms here."""

_LARGE_FILES = 1 << 16
"""Bytes of the other files above which a process parses them."""


class TooDeep(UpstreamTrouble):
    """The beginning of an sdist does not contain its build system, and the caller does not want the whole sdist."""

    final = True


class BuildSystems:
    """The build systems of all sdists.

    :param parsing: a process that parses large files; ``None``: a thread does.
    """

    def __init__(
        self, store: Store, upstream: Upstream, downloads: Downloads, parsing: ChildProcess | None = None
    ) -> None:
        self._store = store
        self._blobs = downloads.blobs
        self._upstream = upstream
        self._facts = Facts(store, downloads, _loaded)
        self._finding: SingleFlight[BuildSystem] = SingleFlight()
        self._looks = DeferredSemaphore(_LOOKS)
        self._parsing = parsing

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
        return await self._facts.known(file, _records(file, address))

    async def _found(self, file: File, address: str, *, whole: bool) -> BuildSystem:
        """Read the build system and record it."""
        claim = partial(self._claimed, file, whole=whole)
        files, verified = await self._facts.find(file, claim, partial(self._stored, file))
        records = _records(file, address)
        record = records.verified if verified else records.claimed
        system = await self._parsed(files)
        await self._store.use(record)
        # Replaces a record that a ReqPI of another layout wrote; otherwise the same bytes give the same record.
        await self._store.replace(record, system.dump())
        return system

    async def _parsed(self, files: metadata.Files) -> BuildSystem:
        """Parse the files, which come from anyone."""
        if self._parsing is None or not _are_large(files):
            return await in_thread(metadata.build_system, files)
        try:
            (system,) = await self._parsing.call(_build_system, files)
        except OverBudget as over:
            return BuildSystem(unread=(f"reading pyproject.toml, setup.py and setup.cfg takes {over}",))
        return system

    async def _claimed(self, file: File, *, whole: bool) -> tuple[metadata.Files | None, bool]:
        """Read the files from a part of the upstream's sdist.

        :raises TooDeep: the part does not contain them, and ``whole`` is false.
        :raises BrokenSdist: likewise, and the whole sdist is too large.
        """
        files, verified = await self._beginning(file)
        if files is None and not whole:
            raise TooDeep(
                f"{file.filename} is not searched further",
                f"Its first {_STEPS[-1] >> 20} MiB do not contain its build system.",
            )
        if files is None and (file.size or 0) > metadata.LARGEST:
            raise _too_large(file)
        return files, verified

    async def _beginning(self, file: File) -> tuple[metadata.Files | None, bool]:
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

    async def _stored(self, file: File, size: int | None) -> metadata.Files:
        """Read the files from the sdist in the store."""
        sha256 = str(file.sha256)
        if file.filename.endswith(".zip"):
            files = await self._by_ranges(file, size, partial(stored, self._blobs, sha256))
            if files is None:
                raise BrokenSdist(f"{file.filename} cannot be read", "The sizes of its members are implausible.")
            return files
        data = bytearray()
        async with aclosing(self._blobs.read(sha256, 0, metadata.LARGEST)) as stream:
            async for piece in stream:
                data += piece
        files = await self._look(file, bytes(data), whole=size is not None and len(data) == size)
        if files is None:
            raise _too_large(file)
        return files

    def _look(self, file: File, data: bytes, *, whole: bool) -> Deferred[metadata.Files | None]:
        look = partial(metadata.look, data, file.filename, _subdirectory(file), metadata.enough, whole=whole)
        return self._looks.run(in_thread, look)

    async def _by_ranges(self, file: File, size: int | None, take: Take) -> metadata.Files | None:
        plan = partial(LazySdist, filename=file.filename, subdirectory=_subdirectory(file), enough=metadata.enough)
        return await by_ranges(file, size, plan, take)


def _are_large(files: metadata.Files) -> bool:
    sizes = {name: len(data or b"") for name, data in files.items()}
    return sizes.pop("setup.py", 0) > _LARGE_PROGRAM or sum(sizes.values()) > _LARGE_FILES


def _build_system(files: metadata.Files) -> Iterator[BuildSystem]:
    yield metadata.build_system(files)


async def _loaded(record: str, data: bytes) -> BuildSystem | None:
    return read_record(record, data, BuildSystem.load)


def _records(file: File, address: str) -> FactRecords:
    sha256, subdirectory = str(file.sha256), _subdirectory(file)
    return FactRecords(
        build_system_record(sha256, subdirectory), claimed_build_system_record(address, sha256, subdirectory)
    )


def _subdirectory(file: File) -> str | None:
    return file.source.subdirectory if file.source is not None else None


def _too_large(file: File) -> UpstreamTrouble:
    return BrokenSdist(
        f"{file.filename} is not searched further",
        f"Its first {metadata.LARGEST >> 20} MiB do not contain its build system.",
    )
