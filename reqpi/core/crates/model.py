"""The values of a Cargo.lock: its crates, the commits of git that it names, its local packages, and what needs what."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

__all__ = ["CargoLock", "Crate", "GitCrate", "GitSource", "LocalCrate", "Package"]


@frozen(order=True)
class Crate:
    """One release of a crate in a registry.

    :param name: as the lock spells it: letter case, ``-`` and ``_`` count.
    :param version: as the lock spells it (SemVer).
    :param sha256: the digest of its ``.crate`` file: 64 lower-case hex digits.
    :param registry: the source as the lock spells it, with ``registry+`` or ``sparse+``; empty for cargo's default
        registry.
    """

    name: str
    version: str
    sha256: str
    registry: str = ""

    @property
    def filename(self) -> str:
        """The name of its file: ``cfg-if-1.0.0.crate``."""
        return f"{self.folder}.crate"

    @property
    def folder(self) -> str:
        """The name of its folder, as ``cargo vendor --versioned-dirs`` has it."""
        return f"{self.name}-{self.version}"


@frozen(order=True)
class GitSource:
    """A git repository with a reference, which is one source to cargo.

    :param url: the repository.
    :param query: as :attr:`GitCrate.query`.
    """

    url: str
    query: str = ""

    @property
    def name(self) -> str:
        """Its name, as a Cargo.lock spells it without the commit."""
        return f"git+{self.url}{f'?{self.query}' if self.query else ''}"


@frozen(order=True)
class GitCrate:
    """One package of a commit of a git repository.

    :param url: the repository, without query and fragment: ``https://host/repository``.
    :param commit: 40 or 64 lower-case hex digits.
    :param query: the requested reference as the lock spells it: ``branch=main``, ``tag=v1``, ``rev=12ab``, or empty.
    """

    name: str
    version: str
    url: str
    commit: str
    query: str = ""

    @property
    def source(self) -> GitSource:
        """The source that has it."""
        return GitSource(self.url, self.query)

    @property
    def folder(self) -> str:
        """The name of its folder, as ``cargo vendor --versioned-dirs`` has it."""
        return f"{self.name}-{self.version}"


@frozen(order=True)
class LocalCrate:
    """A package without a source: the project itself, a member of its workspace, or a crate that it bundles."""

    name: str
    version: str


Package = Crate | GitCrate | LocalCrate
"""Any package of a Cargo.lock."""


@frozen
class CargoLock:
    """The content of a Cargo.lock.

    :param version: the version of the format, 1 to 4. A document that states none is 1 if it has ``[metadata]``,
        otherwise 2.
    :param crates: those of registries, sorted. Nothing but these and ``git`` is ever fetched.
    :param git: those of git repositories, sorted.
    :param local: the packages without a source, sorted.
    :param edges: for each package the packages that it depends on, in the order of the document.
    """

    version: int
    crates: tuple[Crate, ...] = ()
    git: tuple[GitCrate, ...] = ()
    local: tuple[LocalCrate, ...] = ()
    edges: Mapping[Package, tuple[Package, ...]] = field(factory=dict, repr=False)

    @property
    def packages(self) -> tuple[Package, ...]:
        """All packages."""
        return (*self.crates, *self.git, *self.local)
