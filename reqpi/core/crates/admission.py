"""Which crates a client may have: the one predicate about crates."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

from attrs import frozen

from reqpi.core.crates.commits import CrateCommit
from reqpi.core.crates.index import index_path
from reqpi.core.crates.model import CargoLock, Crate, GitCrate

__all__ = ["AdmittedCrates"]

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


@frozen
class AdmittedCrates:
    """The crates that some Cargo.locks admit.

    Two locks may give different digests for one release: both are admitted, and the line of the index decides which one
    is served, because it has a single one.

    :param crates: those of registries, each once, sorted.
    :param git: those of git repositories, each once, sorted.
    :param registries: those that they are from, sorted; an empty text for cargo's default one.
    """

    crates: tuple[Crate, ...]
    git: tuple[GitCrate, ...]
    _by_name: Mapping[str, Mapping[str, tuple[Crate, ...]]]
    _by_path: Mapping[str, tuple[str, ...]]
    _commits: Mapping[tuple[str, str], CrateCommit]
    _by_commit: Mapping[CrateCommit, tuple[GitCrate, ...]]
    registries: tuple[str, ...] = ()

    @classmethod
    def of_locks(cls, locks: Iterable[CargoLock]) -> AdmittedCrates:
        """Return what these locks admit together."""
        known = tuple(locks)
        crates = tuple(sorted({crate for lock in known for crate in lock.crates}))
        git = tuple(sorted({crate for lock in known for crate in lock.git}))
        by_commit = _grouped((CrateCommit.of(crate), crate) for crate in git)
        by_name: dict[str, dict[str, tuple[Crate, ...]]] = {}
        for (name, version), same in _grouped(((crate.name, crate.version), crate) for crate in crates).items():
            by_name.setdefault(name, {})[version] = same
        by_path = _grouped((index_path(name), name) for name in by_name)
        commits = {(commit.key, commit.id): commit for commit in by_commit}
        registries = tuple(sorted({crate.registry for crate in crates}))
        return cls(crates, git, by_name, by_path, commits, by_commit, registries)

    @property
    def commits(self) -> tuple[CrateCommit, ...]:
        """The commits that the crates of git repositories are in, sorted."""
        return tuple(sorted(self._commits.values()))

    def commit(self, key: str, commit: str) -> CrateCommit | None:
        """Return a commit from which a Cargo.lock takes a crate; ``None`` if it is not admitted.

        :param key: of the repository, as :attr:`reqpi.core.crates.commits.CrateCommit.key`.
        :param commit: lower-case hex, all of it.
        """
        return self._commits.get((key, commit))

    def of_commit(self, commit: CrateCommit) -> tuple[GitCrate, ...]:
        """Return the crates that Cargo.locks take from a commit, sorted."""
        return self._by_commit.get(commit, ())

    def of(self, name: str) -> Mapping[str, tuple[Crate, ...]]:
        """Return the admitted crates of a name by version: one for each version, unless locks differ."""
        return self._by_name.get(name, {})

    def names_at(self, path: str) -> tuple[str, ...]:
        """Return the names whose index is at a path such as ``cf/g-/cfg-if``, in any letter case."""
        return self._by_path.get(path, ())

    def admits(self, name: str, version: str, sha256: str) -> bool:
        """Return whether the bytes with this sha256 are admitted as this release, from whichever registry.

        :param sha256: lower-case hex.
        """
        return any(crate.sha256 == sha256 for crate in self.of(name).get(version, ()))


def _grouped(pairs: Iterable[tuple[_Key, _Value]]) -> dict[_Key, tuple[_Value, ...]]:
    """Return the values of each key, in their order."""
    lists: dict[_Key, list[_Value]] = {}
    for key, value in pairs:
        lists.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in lists.items()}
