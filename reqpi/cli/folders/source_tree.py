"""A source: a folder with packages, which may be anybody's. Nothing of it is run, and no link out of it followed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from reqpi.cli.folders.git_repository import WorkingRepository, bytes_of
from reqpi.cli.inputs.lock_files import LockFiles, take_or_tell
from reqpi.client import BadUsage
from reqpi.core import project
from reqpi.core.errors import UnreadableProject
from reqpi.core.hermeto import FetchedPackage, InputPackage
from reqpi.core.sbom import MainComponent, purl_of_own, purl_of_source

__all__ = ["Source"]

_USUAL = ("requirements.txt",)
_USUAL_BUILD = ("requirements-build.txt",)


class Source:
    """The folder.

    :param folder: as the user spells it; kept as it is.
    :param origin: the URL of its repository, where that is known; else it is read from ``.git``.
    :param commit: likewise.
    :ivar is_repository: it is a git repository, or in one.
    """

    def __init__(self, folder: Path, upstream: str | None = None, commit: str | None = None) -> None:
        if not folder.is_dir():
            raise BadUsage(f"{folder} is no folder", "Name the source with --source.")
        self.folder = folder
        self._top = folder
        self._upstream, self._commit = upstream, commit
        repository = None if upstream is not None else WorkingRepository.around(folder)
        if repository is not None:
            self._top, self._upstream, self._commit = repository.top, repository.upstream, repository.commit
        self.is_repository = upstream is not None or repository is not None

    def filled(self, package: InputPackage) -> FetchedPackage:
        """The files of a package: those that it names, or the usual ones that are there.

        :raises reqpi.client.BadUsage: there is no such folder or file, or it is outside.
        """
        if not self._inside(package.path).is_dir():
            raise BadUsage(f"{self.folder / package.path} is no folder", 'Look at "path": it is one of the source.')
        return FetchedPackage(
            package.path,
            self._files(package, package.requirements_files, _USUAL),
            self._files(package, package.requirements_build_files, _USUAL_BUILD),
        )

    def taken(self, files: FetchedPackage) -> LockFiles | None:
        """What is committed of a package: its files, and what they name; ``None`` where it has none.

        :raises reqpi.cli.inputs.lock_files.Defective: something is wrong with what they name, and was told.
        """
        named = dict.fromkeys([*files.requirements_files, *files.requirements_build_files])
        paths = [os.path.normpath(self.folder / files.path / each) for each in named]
        return take_or_tell(paths, source=str(self.folder)) if paths else None

    def own(self, package: InputPackage) -> MainComponent:
        """The package's own name and version; the name of the repository where its files have none.

        :raises reqpi.client.BadUsage: it has no name at all.
        :raises reqpi.core.errors.UnreadableProject: a file that should have it cannot be read.
        """
        said = self.declared(package.path)
        below = Path(os.path.relpath(self.folder.absolute() / package.path, self._top.absolute())).as_posix()
        if said is not None:
            name, version = said.name, said.version or ""
        elif self._upstream is not None:
            name, version = project.from_git_origin(self._upstream, below), ""
        else:
            raise BadUsage(
                f"{self.folder / package.path} has no name",
                "Write one into pyproject.toml ([project], name = …), or give the repository a remote called origin.",
            )
        return MainComponent(name, version, purl_of_own(name, version, self._upstream, self._commit, below))

    @property
    def whole(self) -> MainComponent:
        """Return what the source is called as a whole, if it has several packages: as its repository, or its folder."""
        below = Path(os.path.relpath(self.folder.absolute(), self._top.absolute())).as_posix()
        with suppress(UnreadableProject):
            if self._upstream is not None:
                name = project.from_git_origin(self._upstream, below)
                return MainComponent(name, purl=purl_of_source(name, self._upstream, self._commit))
        return MainComponent(self.folder.absolute().resolve().name or "source")

    def declared(self, path: str = ".") -> project.ProjectMetadata | None:
        """What the files of a folder in it say that the project is; ``None`` where they do not say.

        :raises reqpi.client.BadUsage: a symbolic link leads outside.
        :raises reqpi.core.errors.UnreadableProject: a file that should say it cannot be read.
        """
        return project.read(lambda file: self._read(f"{path}/{file}"))

    def _files(self, package: InputPackage, named: Sequence[str] | None, usual: Sequence[str]) -> tuple[str, ...]:
        files = usual if named is None else named
        there = [file for file in files if self._is_file(f"{package.path}/{file}")]
        missing = [file for file in files if file not in there]
        if named is not None and missing:
            where = self.folder / package.path
            raise BadUsage(f"there is no file {where / missing[0]}", "Name files that are there, or leave the key out.")
        return tuple(there)

    def _is_file(self, path: str) -> bool:
        return self._inside(path).is_file()

    def _inside(self, path: str) -> Path:
        """What is at a relative path.

        :raises reqpi.client.BadUsage: a symbolic link leads outside.
        """
        place = self.folder / path
        real, top = os.path.realpath(place), os.path.realpath(self.folder)
        if real != top and not real.startswith(f"{top.rstrip('/')}/"):
            raise BadUsage(f"{place} leads outside the source, to {real}", "Copy it into the source.")
        return place

    def _read(self, path: str) -> bytes | None:
        return bytes_of(self._inside(path), project.LARGEST)
