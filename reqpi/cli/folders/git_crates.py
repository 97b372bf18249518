"""The crates of git repositories, unpacked as ``cargo vendor`` leaves them: one folder for each, that stands alone.

The archive of a commit is unpacked by :mod:`reqpi.cli.folders.unpack`, so no link in it leads outside. Links are
replaced by what they lead to, and the Cargo.toml of a member of a workspace gets what it inherits.
"""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import tomli_w
from attrs import define, field, frozen

from reqpi.cli.folders.output_folder import writing
from reqpi.cli.folders.unpack import unpack
from reqpi.cli.folders.vendored_crate import NOT_VENDORED, VendoredCrate
from reqpi.client.errors import WrongBytes
from reqpi.core.crates.commits import CrateCommit
from reqpi.core.crates.crate_archive import BrokenCrate, CrateFile
from reqpi.core.crates.inheritance import inherits, without_workspace
from reqpi.core.crates.manifest import MANIFEST, package_in, read_tables
from reqpi.core.crates.model import GitCrate

__all__ = ["unpack_git_crates"]

_MOST_MANIFESTS = 20_000
_MOST_LINKS = 1000
_MOST_ENTRIES = 50_000
_LARGEST_FILE = 512 << 20
_LARGEST = 2 << 30
"""Bytes of all files of a crate."""

_LONGEST = 1000
_LARGEST_MANIFEST = 4 << 20
_LARGEST_MANIFESTS = 64 << 20
"""Bytes of all manifests of a commit: each is read once to learn its name."""

_NO_MANIFEST = (ValueError, TypeError, KeyError, AttributeError, RecursionError, OSError)
"""Raised by a Cargo.toml that is not a manifest, such as one in the data of a test."""

_HEAD = (
    "# This file was written by reqpi fetch: it has what the crate inherits from the workspace of its repository.\n\n"
)


def unpack_git_crates(crates: Iterable[GitCrate], archives: Path, to: Path) -> list[str]:
    """Unpack crates into new folders below ``to``, each with the digests of its files.

    :param archives: the folder of the verified archives of their commits.
    :returns: what was left out of the crates: links that lead nowhere, or outside their repository.
    :raises reqpi.core.crates.crate_archive.BrokenCrate: a repository does not have a crate, or not a usable one.
    :raises reqpi.client.errors.WrongBytes: an archive is that of another commit.
    :raises reqpi.client.BadUsage: an archive cannot be unpacked, or a folder cannot be written.
    """
    left_out: list[str] = []
    for commit, of_commit in groupby(sorted(set(crates), key=CrateCommit.of), CrateCommit.of):
        with writing(to), TemporaryDirectory(dir=to.parent, prefix=".commit-", ignore_cleanup_errors=True) as room:
            _check_commit(archives / commit.filename, commit)
            top = Path(room).resolve() / "repository"
            repository = _Repository(top, unpack(archives / commit.filename, top))
            for crate in of_commit:
                vendored = VendoredCrate(to / crate.folder)
                left_out += repository.write(crate, vendored)
                vendored.finish(None)
    return left_out


def _check_commit(archive: Path, commit: CrateCommit) -> None:
    """Check that an archive is that of a commit: git writes the commit into each.

    :raises WrongBytes: it is that of another one.
    """
    try:
        with tarfile.open(archive, "r:gz") as opened:
            first = opened.next()
            named = opened.pax_headers.get("comment")
    except (tarfile.TarError, EOFError, ValueError, OSError) as error:
        raise WrongBytes(f"wrong bytes for {commit.filename}", f"It is a broken archive: {error}.") from error
    if first is None or named != commit.id:
        raise WrongBytes(f"wrong bytes for {commit.filename}", "It is the archive of another commit.")


@frozen
class _Package:
    """A package in a repository.

    :param folder: that has its Cargo.toml.
    :param version: as written; anything at all if the Cargo.toml is malicious.
    :param manifest: the content of the Cargo.toml for a folder that stands alone.
    """

    folder: Path
    version: object
    manifest: bytes = field(repr=False)


@define
class _Repository:
    """The files of one commit.

    :param top: the folder that has them, without links in its path.
    :param outside: the paths that are not there, because they lead outside.
    """

    top: Path
    outside: Sequence[str] = ()
    _named: Mapping[str, Sequence[Path]] | None = None
    _tables: dict[Path, Mapping[str, Any]] = field(factory=dict)

    def write(self, crate: GitCrate, to: VendoredCrate) -> list[str]:
        """Write the files of a crate; return what was left out."""
        try:
            package = self._package(crate)
        except _NO_MANIFEST as error:
            raise _unusable(crate, str(error)) from error
        to.add(CrateFile(MANIFEST, package.manifest))
        gone = [self.top / path for path in self.outside]
        inside = [path.relative_to(package.folder) for path in gone if path.is_relative_to(package.folder)]
        return [f"{crate.folder}/{path}" for path in inside] + _Copy(self.top, crate, to).all_below(package.folder)

    def _package(self, crate: GitCrate) -> _Package:
        """Return the package that is nearest to the top, if several have the same name and version.

        :raises Exception: one of ``_NO_MANIFEST``: there is none, or it inherits something that is not there.
        """
        troubles: list[Exception] = []
        for path in self._manifests_of(crate.name):
            try:
                found = self._at(path)
            except _NO_MANIFEST as trouble:
                troubles.append(trouble)
                continue
            if found.version == crate.version:
                return found
        if troubles:
            raise troubles[0]
        raise ValueError(f"no {MANIFEST} of the commit is that of {crate.name} {crate.version}")

    def _at(self, path: Path) -> _Package:
        tables = self._read(path)
        if inherits(tables):
            root = self._root(path, package_in(tables))
            up = os.path.relpath(root, path.parent)
            tables = without_workspace(tables, self._read(root / MANIFEST)["workspace"], up)
            data = f"{_HEAD}{tomli_w.dumps(tables)}".encode()
        else:
            data = path.read_bytes()
        return _Package(path.parent, package_in(tables).get("version", "0.0.0"), data)

    def _root(self, path: Path, package: Mapping[str, Any]) -> Path:
        """Return the folder of the workspace that a package belongs to."""
        named = package.get("workspace")
        if isinstance(named, str):
            folders = [Path(os.path.normpath(path.parent / named))]
        else:
            folders = [path.parent, *path.parent.parents]
        for folder in folders:
            if folder.is_relative_to(self.top) and "workspace" in self._read(folder / MANIFEST):
                return folder
        raise ValueError(f"{path.relative_to(self.top)} inherits from a workspace, and there is none")

    def _read(self, path: Path) -> Mapping[str, Any]:
        if path not in self._tables:
            self._tables[path] = _tables_at(path) if path.is_file() else {}
        return self._tables[path]

    def _manifests_of(self, name: str) -> Sequence[Path]:
        """Return the manifests of the packages with a name, those nearest to the top first."""
        if self._named is None:
            named: dict[str, list[Path]] = {}
            for path in self._listed():
                with suppress(*_NO_MANIFEST):
                    named.setdefault(package_in(_tables_at(path))["name"], []).append(path)
            self._named = named
        return self._named.get(name, ())

    def _listed(self) -> list[Path]:
        """Return the manifests where cargo looks for packages, those nearest to the top first.

        :raises ValueError: there are too many.
        """
        found: list[Path] = []
        size = 0
        for folder, names, files in os.walk(self.top):
            names[:] = [name for name in names if not name.startswith(".") and name != "target"]
            path = Path(folder, MANIFEST)
            if MANIFEST in files and path.is_file() and path.stat().st_size <= _LARGEST_MANIFEST:
                found.append(path)
                size += path.stat().st_size
            if len(found) > _MOST_MANIFESTS or size > _LARGEST_MANIFESTS:
                most = f"{_MOST_MANIFESTS} files {MANIFEST}, or more than {_LARGEST_MANIFESTS} bytes of them"
                raise ValueError(f"the commit has more than {most}")
        return sorted(found, key=lambda path: (len(path.parts), path))


def _tables_at(path: Path) -> Mapping[str, Any]:
    """Return the tables of a manifest.

    :raises Exception: one of ``_NO_MANIFEST``.
    """
    if path.stat().st_size > _LARGEST_MANIFEST:
        raise ValueError(f"a {MANIFEST} has more than {_LARGEST_MANIFEST} bytes")
    return read_tables(path.read_bytes())


@define
class _Copy:
    """A copy of the files of one crate.

    :param top: the folder of its repository.
    """

    top: Path
    crate: GitCrate
    to: VendoredCrate
    _entries: int = 0
    _size: int = 0
    _links: int = 0
    _left_out: list[str] = field(factory=list)

    def all_below(self, folder: Path) -> list[str]:
        """Copy all files apart from the Cargo.toml; return what was left out."""
        for path, place in self._below(folder.resolve(), "", (folder.resolve(),)):
            if path != MANIFEST:
                self._copy(path, place)
        return self._left_out

    def _below(self, folder: Path, path: str, within: tuple[Path, ...]) -> Iterator[tuple[str, Path]]:
        """Yield the files below a folder, as links show them, without those of other packages.

        :param folder: a real folder: no link is on the way to it, however it was reached.
        :param within: the real folders through which it was reached: a link to one of them would have no end.
        """
        for shown in sorted(folder.iterdir()):
            inner = f"{path}{shown.name}"
            if shown.name in NOT_VENDORED:
                continue
            self._count(0)
            place = self._real(shown)
            if place is None or place in within or not inner.isprintable() or len(inner) > _LONGEST:
                self._left_out.append(f"{self.crate.folder}/{ascii(inner)[1:-1]}")
            elif place.is_file():
                yield inner, place
            elif not (place / MANIFEST).exists():
                self._count_link(linked=shown.is_symlink())
                yield from self._below(place, f"{inner}/", (*within, place))

    def _real(self, shown: Path) -> Path | None:
        """Return the file or folder that is shown; ``None`` if a link leads nowhere, or outside the repository."""
        place = shown.resolve() if shown.is_symlink() and shown.exists() else shown
        return place if place.is_relative_to(self.top) and (place.is_file() or place.is_dir()) else None

    def _count_link(self, *, linked: bool) -> None:
        """Count a folder that is shown through a link: a few of them can show one folder any number of times.

        :raises BrokenCrate: there are too many.
        """
        self._links += linked
        if self._links > _MOST_LINKS:
            raise _unusable(self.crate, f"it has folders through more than {_MOST_LINKS} links")

    def _copy(self, path: str, place: Path) -> None:
        status = place.stat()
        self._count(status.st_size)
        self.to.add(CrateFile(path, place.read_bytes(), bool(status.st_mode & 0o100)))

    def _count(self, size: int) -> None:
        """Count an entry of a folder, or the bytes of a file.

        :raises BrokenCrate: there are too many.
        """
        self._entries, self._size = self._entries + (not size), self._size + size
        if self._entries > _MOST_ENTRIES or self._size > _LARGEST or size > _LARGEST_FILE:
            raise _unusable(self.crate, f"it has more than {_MOST_ENTRIES} files, or more than {_LARGEST} bytes")


def _unusable(crate: GitCrate, why: str) -> BrokenCrate:
    return BrokenCrate(
        f"the crate {crate.name} {crate.version} of {crate.url} cannot be used", f"Commit {crate.commit[:12]}: {why}."
    )
