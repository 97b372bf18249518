"""The Cargo.locks inside sdists, each read from an sdist whose digest was verified.

They are not recorded: a record could be replaced by anyone who can write to the store, and would admit other crates.
"""

from __future__ import annotations

from functools import partial

from attrs import frozen
from twisted.internet.defer import Deferred, DeferredSemaphore

from reqpi.core.crates.model import CargoLock
from reqpi.core.crates.reading import cargo_lock
from reqpi.core.crates.sdist import cargo_lock_in, needs_rust
from reqpi.core.errors import BrokenLock
from reqpi.core.metadata.sdist import BrokenSdist
from reqpi.core.metadata.tar_members import LARGEST
from reqpi.core.model import Commitment, File
from reqpi.runtime.lru import LruCache
from reqpi.runtime.offload import in_thread
from reqpi.runtime.singleflight import SingleFlight
from reqpi.shelf.shelf import Shelf

__all__ = ["RustSdist", "SdistCargoLocks", "project_key"]

_LOCKS = 32 << 20
"""Bytes of Cargo.locks kept in memory, as an estimate: those of some 30,000 crates."""

_WEIGHT = 1000
"""Bytes of one crate of a Cargo.lock, with its dependencies, as an estimate."""

_READS = 2
"""Sdists that are read concurrently, each of which may have 64 MiB."""


@frozen
class RustSdist:
    """Whether an sdist needs Rust, and the Cargo.lock inside it.

    :param needed: it needs Rust; otherwise its Cargo.lock was not looked for.
    :param lock: ``None`` if there is none.
    """

    needed: bool
    lock: CargoLock | None = None

    @property
    def weight(self) -> int:
        """Bytes of memory that it takes."""
        return _WEIGHT * (1 + (0 if self.lock is None else len(self.lock.packages)))


class SdistCargoLocks:
    """The Cargo.locks of the sdists of a shelf."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._read_before: LruCache[tuple[str, str], RustSdist] = LruCache(_LOCKS)
        self._reading: SingleFlight[RustSdist] = SingleFlight()
        self._at_once = DeferredSemaphore(_READS)

    def known(self, file: File) -> RustSdist | None:
        """Return what was read of an sdist; ``None`` if it has to be read."""
        return self._read_before.get(project_key(file))

    async def of(self, commitment: Commitment, file: File) -> RustSdist:
        """Return whether an admitted sdist needs Rust, and its Cargo.lock, however long it takes to find out.

        The sdist is fetched if it needs Rust and the store does not have it.

        :raises reqpi.core.errors.UpstreamTrouble: it cannot be obtained, or it or its Cargo.lock is broken.
        """
        known = self.known(file)
        return known or await self._reading.do(
            (commitment.address, project_key(file)), partial(self._of, commitment, file)
        )

    async def _of(self, commitment: Commitment, file: File) -> RustSdist:
        system = await self._shelf.build_system(commitment, file.project, file.filename)
        found = RustSdist(needed=False)
        if needs_rust((*system.requires, *system.setup_requires)):
            found = await self._at_once.run(lambda: Deferred.fromCoroutine(self._in_sdist(commitment, file)))
        elif await self._shelf.held(file) is None:
            return found  # it may be the upstream's claim
        self._read_before.put(project_key(file), found, found.weight)
        return found

    async def _in_sdist(self, commitment: Commitment, file: File) -> RustSdist:
        size = await self._shelf.hold(commitment, file.project, file.filename)
        if size > LARGEST:
            raise BrokenSdist(f"{file.filename} is not searched for a Cargo.lock", f"It has more than {LARGEST} bytes.")
        response = await self._shelf.file(commitment, file.project, file.filename)
        data = b"".join([piece async for piece in response.read(0, size)])
        return RustSdist(needed=True, lock=await in_thread(_lock_in, data, file))


def project_key(file: File) -> tuple[str, str]:
    """Return what identifies the project in an sdist: an archive may have several, in subdirectories."""
    return str(file.sha256), _subdirectory(file) or ""


def _subdirectory(file: File) -> str | None:
    return None if file.source is None else file.source.subdirectory


def _lock_in(data: bytes, file: File) -> CargoLock | None:
    found = cargo_lock_in(data, file.filename, _subdirectory(file))
    if found is None:
        return None
    try:
        return cargo_lock(found.data)
    except BrokenLock as broken:
        first = broken.defects[0]
        raise BrokenSdist(
            f"the Cargo.lock of {file.filename} has {len(broken.defects)} defects",
            f"Line {first.line}: {first.problem}.",
        ) from broken
