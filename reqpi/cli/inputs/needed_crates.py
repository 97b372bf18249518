"""The crates that fetched sdists need: read from their own Cargo.lock, so no server decides which they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from attrs import field, frozen

from reqpi.cli.messages import tell_error, tell_remark
from reqpi.client.errors import CratesNotPinned
from reqpi.client.listed_file import ListedFile
from reqpi.core.crates.model import CargoLock, Crate
from reqpi.core.crates.reading import cargo_lock
from reqpi.core.crates.sdist import SdistCargoLock
from reqpi.core.crates.sdist_needs import rust_needs
from reqpi.core.errors import BrokenLock
from reqpi.core.metadata import LARGEST, BrokenSdist

__all__ = ["SdistCrates", "needed_crates", "refuse_unpinned", "without_wheel"]

_WHAT_TO_DO = "Commit a Cargo.lock for it beside the lock: reqpi gethash requirements.txt Cargo.lock"


@frozen
class SdistCrates:
    """The crates that some sdists need.

    :param locks: the Cargo.lock of each sdist that has one, by the name of its file.
    :param committed: those that were committed.
    :param found: the same Cargo.locks as they are in the sdists.
    :param unpinned: why the crates of an sdist are not pinned, by the name of its file.
    """

    locks: Mapping[str, CargoLock] = field(factory=dict)
    committed: Sequence[CargoLock] = ()
    found: Mapping[str, SdistCargoLock] = field(factory=dict, repr=False)
    unpinned: Mapping[str, str] = field(factory=dict)

    @property
    def crates(self) -> list[Crate]:
        """The crates of registries, each once, sorted."""
        return sorted({crate for lock in (*self.locks.values(), *self.committed) for crate in lock.crates})


def needed_crates(sdists: Iterable[ListedFile], folder: Path, committed: Sequence[CargoLock] = ()) -> SdistCrates:
    """Read the crates that verified sdists need.

    :param folder: has the sdists.
    :param committed: the Cargo.locks that were committed: they serve the sdists that have none.
    """
    locks: dict[str, CargoLock] = {}
    found: dict[str, SdistCargoLock] = {}
    unpinned: dict[str, str] = {}
    for sdist in sdists:
        try:
            inside = _lock_in(sdist, folder)
            if inside is not None:
                locks[sdist.name], found[sdist.name] = _read(inside), inside
        except BrokenSdist as error:
            tell_remark(f"whether {sdist.name} needs crates is unknown: {error.title}. {error.detail}")
        except _Unpinned as error:
            unpinned[sdist.name] = str(error)
    return SdistCrates(locks, committed, found, {} if committed else unpinned)


def without_wheel(sdists: Iterable[ListedFile], files: Iterable[ListedFile]) -> list[ListedFile]:
    """Return the sdists that have to be built: no wheel of their release is among the files."""
    wheels = {(file.project, file.version) for file in files if file.filename.endswith(".whl")}
    return [sdist for sdist in sdists if sdist.source or (sdist.project, sdist.version) not in wheels]


def refuse_unpinned(needed: SdistCrates, built: Iterable[str]) -> None:
    """Report the sdists whose crates are not pinned.

    :param built: the names of the sdists that have to be built. The others are reported in a remark.
    :raises CratesNotPinned: there is one that has to be built.
    """
    wrong = sorted(set(built) & needed.unpinned.keys())
    for name in sorted(needed.unpinned.keys() - set(wrong)):
        tell_remark(f"{name} cannot be built without a network: {needed.unpinned[name]}. A wheel is there too")
    for name in wrong:
        tell_error(f"{name}: {needed.unpinned[name]}", _WHAT_TO_DO)
    if wrong:
        raise CratesNotPinned("the crates of an sdist are not pinned", "The lines above name it.")


class _Unpinned(Exception):
    """The reason why nothing pins the crates of an sdist."""


def _lock_in(sdist: ListedFile, folder: Path) -> SdistCargoLock | None:
    """Return the Cargo.lock of an sdist; ``None`` if it needs no Rust.

    :raises _Unpinned: it needs Rust, and has none.
    :raises BrokenSdist: the sdist cannot be read.
    """
    place = folder / sdist.name
    if place.stat().st_size > LARGEST:
        return None
    needs = rust_needs(place.read_bytes(), sdist.filename, sdist.subdirectory or None)
    if needs.rust and needs.lock is None:
        raise _Unpinned("it needs Rust and has no Cargo.lock")
    return needs.lock


def _read(inside: SdistCargoLock) -> CargoLock:
    """Return the content of a Cargo.lock.

    :raises _Unpinned: it has defects, or a crate from git.
    """
    try:
        lock = cargo_lock(inside.data)
    except BrokenLock as broken:
        first = broken.defects[0]
        raise _Unpinned(f"line {first.line} of its {inside.path}: {first.problem}") from broken
    if lock.git:
        raise _Unpinned(f"its Cargo.lock has a crate from git: {lock.git[0].name} of {lock.git[0].url}")
    return lock
