"""The crates that fetched sdists need: read from their own Cargo.lock, so no server decides which they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from attrs import field, frozen

from reqpi.cli.messages import tell_error, tell_remark
from reqpi.client.errors import CratesNotPinned
from reqpi.client.listed_file import ListedFile
from reqpi.core.crates.model import CargoLock, Crate, GitCrate
from reqpi.core.crates.reading import cargo_lock
from reqpi.core.crates.sbom import main_package
from reqpi.core.crates.sdist_needs import rust_needs
from reqpi.core.errors import BrokenLock
from reqpi.core.metadata import LARGEST, BrokenSdist

__all__ = ["NeededCrates", "SdistLocks", "needed_crates", "refuse_unpinned", "without_wheel"]

_WHAT_TO_DO = "Commit a Cargo.lock for it beside the lock: reqpi gethash requirements.txt Cargo.lock."

_OF_GIT = "Use a wheel of it, or a release whose sdist has one: cargo takes no crate from git by another Cargo.lock."


@frozen
class NeededCrates:
    """The crates that some sdists need.

    :param locks: the Cargo.lock of each sdist that has one, by the name of its file.
    :param mains: the name of the package that such an sdist is itself, by the name of its file.
    :param committed: those that were committed.
    :param unpinned: why the crates of an sdist are not pinned, by the name of its file.
    :param paths: the path of the Cargo.lock in an sdist, by the name of its file; empty for one that has none. An sdist
        whose crates no cargo could choose again is not among them.
    :param of_git: the names of those unpinned ones that take crates from git.
    :param regenerated: the Cargo.lock that cargo has made for an sdist, by the name of its file.
    """

    locks: Mapping[str, CargoLock] = field(factory=dict)
    committed: Sequence[CargoLock] = ()
    unpinned: Mapping[str, str] = field(factory=dict)
    mains: Mapping[str, str] = field(factory=dict)
    paths: Mapping[str, str] = field(factory=dict)
    of_git: frozenset[str] = frozenset()
    regenerated: Mapping[str, bytes] = field(factory=dict)

    @property
    def crates(self) -> list[Crate | GitCrate]:
        """The crates of registries and of git repositories, each once, sorted."""
        return _crates_in((*self.locks.values(), *self.committed))

    @property
    def admitted(self) -> list[Crate | GitCrate]:
        """Those that the lock admits, without those of a Cargo.lock that cargo has made."""
        own = [lock for name, lock in self.locks.items() if name not in self.regenerated]
        return _crates_in((*own, *self.committed))


def _crates_in(locks: Sequence[CargoLock]) -> list[Crate | GitCrate]:
    ours = sorted({crate for lock in locks for crate in lock.crates})
    return [*ours, *sorted({crate for lock in locks for crate in lock.git})]


class SdistLocks:
    """The Cargo.locks in verified sdists, each read once.

    :param folder: has the sdists.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[tuple[str, str], _FoundLock | BrokenSdist | _Unpinned] = {}

    def read(self, sdist: ListedFile) -> None:
        """Read an sdist that has just been fetched, in the thread that has fetched it: the network is slower."""
        with suppress(OSError):  # who needs the result reads it again, and reports the error
            try:
                self._read[sdist.name, sdist.subdirectory] = _lock_of(sdist, self._folder)
            except (BrokenSdist, _Unpinned) as error:
                self._read[sdist.name, sdist.subdirectory] = error

    def of(self, sdist: ListedFile) -> _FoundLock:
        """Return what :func:`_lock_of` returns, or raise what it raises."""
        if (sdist.name, sdist.subdirectory) not in self._read:
            return _lock_of(sdist, self._folder)
        found = self._read[sdist.name, sdist.subdirectory]
        if isinstance(found, Exception):
            raise found
        return found


def needed_crates(
    sdists: Iterable[ListedFile],
    folder: Path,
    committed: Sequence[CargoLock] = (),
    known: SdistLocks | None = None,
) -> NeededCrates:
    """Read the crates that verified sdists need.

    :param folder: has the sdists.
    :param committed: the Cargo.locks that were committed: they serve the sdists that have none.
    :param known: the sdists that were read before.
    """
    known = known or SdistLocks(folder)
    locks: dict[str, CargoLock] = {}
    mains: dict[str, str] = {}
    unpinned: dict[str, str] = {}
    paths: dict[str, str] = {}
    for sdist in sdists:
        try:
            found = known.of(sdist)
        except BrokenSdist as error:
            tell_remark(f"whether {sdist.name} needs crates is unknown: {error.title}. {error.detail}")
        except _Unpinned as error:
            unpinned[sdist.name] = str(error)
            if error.path is not None:
                paths[sdist.name] = error.path
        else:
            if found is not None:
                locks[sdist.name], mains[sdist.name], paths[sdist.name] = found
    return NeededCrates(locks, committed, {} if committed else unpinned, mains, paths)


def without_wheel(sdists: Iterable[ListedFile], files: Iterable[ListedFile]) -> list[ListedFile]:
    """Return the sdists that have to be built: no wheel of their release is among the files."""
    wheels = {(file.project, file.version) for file in files if file.filename.endswith(".whl")}
    return [sdist for sdist in sdists if sdist.source or (sdist.project, sdist.version) not in wheels]


def refuse_unpinned(needed: NeededCrates, built: Iterable[str], advice: str = "") -> None:
    """Report the sdists whose crates are not pinned.

    :param built: the names of the sdists that have to be built. The others are reported in a remark.
    :param advice: what else there is to do, in full sentences.
    :raises CratesNotPinned: there is one that has to be built.
    """
    wrong = sorted(set(built) & needed.unpinned.keys())
    for name in sorted(needed.unpinned.keys() - set(wrong)):
        tell_remark(f"{name} cannot be built without a network: {needed.unpinned[name]}. A wheel is there too")
    for name in wrong:
        what_to_do = _OF_GIT if name in needed.of_git else f"{_WHAT_TO_DO} {advice}".rstrip()
        tell_error(f"{name}: {needed.unpinned[name]}", what_to_do)
    if wrong:
        raise CratesNotPinned("the crates of an sdist are not pinned", "The lines above name it.")


_FoundLock = tuple[CargoLock, str, str] | None
"""The Cargo.lock of an sdist, the name of its own package, and the path of the lock; ``None`` if it needs no Rust."""


class _Unpinned(Exception):
    """The reason why nothing pins the crates of an sdist.

    :param path: of its Cargo.lock, empty if it has none; ``None`` if cargo could not make another one.
    """

    def __init__(self, reason: str, path: str | None = None) -> None:
        super().__init__(reason)
        self.path = path


def _lock_of(sdist: ListedFile, folder: Path) -> _FoundLock:
    """Return the Cargo.lock of an sdist, the name of its own package, and the path of the lock in the archive.

    :returns: ``None`` if it needs no Rust.

    :raises _Unpinned: it has none, or a wrong one.
    :raises BrokenSdist: the sdist cannot be read.
    """
    place = folder / sdist.name
    if place.stat().st_size > LARGEST:
        return None
    needs = rust_needs(place.read_bytes(), sdist.filename, sdist.subdirectory or None)
    if not needs.rust:
        return None
    if needs.lock is None:
        raise _Unpinned("it needs Rust and has no Cargo.lock", "")
    try:
        lock = cargo_lock(needs.lock.data)
    except BrokenLock as broken:
        first = broken.defects[0]
        raise _Unpinned(f"line {first.line} of its {needs.lock.path}: {first.problem}", needs.lock.path) from broken
    return lock, main_package(needs.lock), needs.lock.path
