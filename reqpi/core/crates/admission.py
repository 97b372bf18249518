"""Which crates a client may have: the one predicate about crates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import frozen

from reqpi.core.crates.commits import CrateCommit
from reqpi.core.crates.index import index_path
from reqpi.core.crates.model import CargoLock, Crate, GitCrate

__all__ = ["AdmittedCrates"]


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
    registries: tuple[str, ...] = ()

    @classmethod
    def of_locks(cls, locks: Iterable[CargoLock]) -> AdmittedCrates:
        """Return what these locks admit together."""
        known = tuple(locks)
        crates = tuple(sorted({crate for lock in known for crate in lock.crates}))
        git = tuple(sorted({crate for lock in known for crate in lock.git}))
        commits = {CrateCommit.of(crate) for crate in git}
        by_name: dict[str, dict[str, tuple[Crate, ...]]] = {}
        by_path: dict[str, tuple[str, ...]] = {}
        for crate in crates:
            if crate.name not in by_name:
                by_path[index_path(crate.name)] = (*by_path.get(index_path(crate.name), ()), crate.name)
            versions = by_name.setdefault(crate.name, {})
            versions[crate.version] = (*versions.get(crate.version, ()), crate)
        registries = tuple(sorted({crate.registry for crate in crates}))
        return cls(crates, git, by_name, by_path, {(commit.key, commit.id): commit for commit in commits}, registries)

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
