"""Cargo.locks that do not match their Cargo.toml, found before a build fails for them; and new ones in their place.

``cargo --locked`` refuses such a lock. Where a cargo is available, a fetch has it compare the two, and in the
permissive mode write what is missing. A release that has a wheel needs neither.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from attrs import evolve

from reqpi.cli.inputs.needed_crates import NeededCrates
from reqpi.cli.messages import tell_remark
from reqpi.cli.processes.cargo_resolve import LocalCargo, NotResolved, local_cargo
from reqpi.cli.processes.loopback_index import IndexUnknown, LoopbackIndex
from reqpi.client.listed_file import ListedFile
from reqpi.core.crates.cargo_tree import CargoTree, FromGit, UnsafeTree, cargo_tree, manifest_registries
from reqpi.core.crates.index import IndexLine
from reqpi.core.crates.model import CargoLock
from reqpi.core.crates.reading import cargo_lock
from reqpi.core.crates.sbom import main_package
from reqpi.core.crates.sdist import SdistCargoLock
from reqpi.core.errors import BrokenLock
from reqpi.core.metadata import BrokenSdist

__all__ = ["PERMISSIVE", "CratesView", "with_new_locks", "with_stale_locks"]

PERMISSIVE = "Or have cargo make one: --mode permissive."


FrozenLines = Callable[[CargoLock], Mapping[tuple[str, str], Sequence[IndexLine]]]
"""See :func:`reqpi.cli.inputs.crate_lines.frozen_lines`."""


def with_stale_locks(
    needed: NeededCrates, built: Iterable[ListedFile], folder: Path, frozen: FrozenLines
) -> NeededCrates:
    """Return ``needed`` with the sdists whose Cargo.lock does not match among the unpinned ones.

    Without a cargo on this machine, none is found.

    :param built: the sdists that have to be built.
    :param folder: has them.
    :param frozen: returns the lines of the crates of a Cargo.lock.
    """
    checked = [sdist for sdist in built if sdist.name in needed.locks and not needed.locks[sdist.name].git]
    cargo = local_cargo(os.environ) if checked else None
    stale: dict[str, str] = {}
    for sdist in checked if cargo is not None else ():
        assert cargo is not None
        try:
            difference = _difference(cargo, needed, sdist, folder, frozen)
        except _Undecided as error:
            tell_remark(f"whether the Cargo.lock of {sdist.name} matches its Cargo.toml is unknown: {error}")
        else:
            if difference:
                crate = needed.mains[sdist.name]
                stale[sdist.name] = f"its Cargo.lock does not match the Cargo.toml of {crate} ({difference})"
    return _without(needed, stale)


class CratesView(Protocol):
    """The releases that registries list now: see :class:`reqpi.cli.inputs.crate_lines.OpenCrates`."""

    def lines(self, registries: Sequence[str], registry: str, name: str) -> Sequence[IndexLine]:
        """Return the lines of a crate; none if the registry has no such crate.

        :param registries: those that a line may name.
        :param name: in lower case.
        :raises IndexUnknown: they cannot be obtained.
        """


class _Undecided(Exception):
    """cargo cannot compare a Cargo.lock, or write one; the message says why.

    :param of_git: the sdist takes crates from git.
    """

    def __init__(self, reason: str, *, of_git: bool = False) -> None:
        super().__init__(reason)
        self.of_git = of_git


def _difference(cargo: LocalCargo, needed: NeededCrates, sdist: ListedFile, folder: Path, frozen: FrozenLines) -> str:
    """Return in words how the Cargo.lock of an sdist differs from what cargo would write; empty if it does not.

    :raises _Undecided: it is unknown.
    """
    lock = needed.locks[sdist.name]
    tree, registries = _tree(needed, sdist, folder)
    try:
        lines = frozen(lock)
        index = LoopbackIndex(_registries(lock, registries), lambda registry, name: lines.get((registry, name), ()))
        return cargo.difference(tree, index)
    except IndexUnknown:
        return ""  # the fetch of the crates reports what is missing
    except NotResolved as error:
        raise _Undecided(str(error)) from error


def _tree(needed: NeededCrates, sdist: ListedFile, folder: Path) -> tuple[CargoTree, frozenset[str]]:
    """Return the files of an sdist for cargo, and the registries that they name.

    :raises _Undecided: it has none that are safe.
    """
    try:
        data = (folder / sdist.name).read_bytes()
        tree = cargo_tree(data, sdist.filename, needed.paths[sdist.name], sdist.subdirectory or None)
        if tree is None:
            raise _Undecided("it has no Cargo.toml there")
        return tree, manifest_registries(tree)
    except UnsafeTree as error:
        raise _Undecided(str(error), of_git=isinstance(error, FromGit)) from error
    except BrokenSdist as error:
        raise _Undecided(f"{error.title}. {error.detail}") from error


def _registries(lock: CargoLock | None, named: Iterable[str]) -> list[str]:
    crates = () if lock is None else lock.crates
    return sorted({*named, *(crate.registry for crate in crates)} - {""})


def _without(needed: NeededCrates, stale: dict[str, str]) -> NeededCrates:
    """Return ``needed`` without some Cargo.locks, unless one was committed: that serves every sdist."""
    if not needed.committed:
        return evolve(needed, unpinned={**needed.unpinned, **stale})
    for name, reason in stale.items():
        tell_remark(f"{name}: {reason}. A build with cargo --locked fails")
    return needed


def with_new_locks(
    needed: NeededCrates, built: Iterable[ListedFile], folder: Path, view: CratesView | None
) -> NeededCrates:
    """Return ``needed`` with a Cargo.lock of cargo for each sdist that has no right one, as far as cargo can make them.

    :param built: the sdists that have to be built.
    :param view: what the registries list; ``None`` if the server is not in this process.
    """
    lacking = [sdist for sdist in built if sdist.name in needed.unpinned and sdist.name in needed.paths]
    for sdist in lacking:
        why = needed.unpinned[sdist.name]
        try:
            tree, data, lock = _new_lock(needed, sdist, folder, view)
        except _Undecided as error:
            unpinned = {**needed.unpinned, sdist.name: f"{why}; none can be made: {error}"}
            of_git = needed.of_git | ({sdist.name} if error.of_git else frozenset())
            needed = evolve(needed, unpinned=unpinned, of_git=of_git)
            continue
        tell_remark(f"{sdist.name}: {why}. cargo has made another one, of {len(lock.crates)} crates that no lock pins")
        place = f"{sdist.filename.removesuffix('.tar.gz')}/{tree.lock_path}"
        made = SdistCargoLock(place, data, tree.files[tree.manifest])
        needed = _with_lock(needed, sdist.name, made, lock)
    return needed


def _new_lock(
    needed: NeededCrates, sdist: ListedFile, folder: Path, view: CratesView | None
) -> tuple[CargoTree, bytes, CargoLock]:
    """Return the Cargo.lock that cargo makes for an sdist.

    :raises _Undecided: it makes none, or one with crates that no registry listed.
    """
    cargo = local_cargo(os.environ)
    if cargo is None:
        raise _Undecided("there is no cargo on PATH")
    if view is None:
        raise _Undecided("that needs a server inside this process: leave out --url")
    before = needed.locks.get(sdist.name)
    tree, registries = _tree(needed, sdist, folder)
    if before is None:
        tree = evolve(tree, lock=None)  # one that is damaged
    allowed = ("", *_registries(before, registries))
    index = LoopbackIndex(allowed[1:], partial(view.lines, allowed))
    try:
        data = cargo.regenerated(tree, index)
        return tree, data, _read(data, index)
    except NotResolved as error:
        raise _Undecided(str(error)) from error


def _read(data: bytes, index: LoopbackIndex) -> CargoLock:
    """Return the content of a new Cargo.lock.

    :raises _Undecided: it has something that the index did not list.
    """
    try:
        lock = cargo_lock(data)
    except BrokenLock as broken:
        raise _Undecided(f"line {broken.defects[0].line} of the new one: {broken.defects[0].problem}") from broken
    unlisted = [crate.name for crate in lock.crates if not index.has_listed(crate)] + [each.name for each in lock.git]
    if unlisted:
        raise _Undecided(f"the new one has a crate that no registry listed: {unlisted[0]}")
    return lock


def _with_lock(needed: NeededCrates, name: str, made: SdistCargoLock, lock: CargoLock) -> NeededCrates:
    return evolve(
        needed,
        locks={**needed.locks, name: lock},
        mains={**needed.mains, name: main_package(made)},
        unpinned={each: why for each, why in needed.unpinned.items() if each != name},
        regenerated={**needed.regenerated, name: made.data},
    )
