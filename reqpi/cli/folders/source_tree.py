"""A source: a folder with packages, which may come from anyone. Its code is not run, and no link out is followed."""

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
    """A folder with packages.

    :param folder: as the user spells it; messages use the same spelling.
    :param upstream: the URL of its repository; ``None``: it is read from ``.git``.
    :param commit: the id of the commit that the folder has; it is read from ``.git`` together with ``upstream``.
    :ivar is_repository: whether it is a git repository, or inside one.
    """

    def __init__(self, folder: Path, upstream: str | None = None, commit: str | None = None) -> None:
        if not folder.is_dir():
            raise BadUsage(f"{folder} is not a folder", "Name the source with --source.")
        self.folder = folder
        self._top = folder
        self._upstream, self._commit = upstream, commit
        repository = None if upstream is not None else WorkingRepository.around(folder)
        if repository is not None:
            self._top, self._upstream, self._commit = repository.top, repository.upstream, repository.commit
        self.is_repository = upstream is not None or repository is not None

    def filled(self, package: InputPackage) -> FetchedPackage:
        """Return the requirements files of a package: those that it names, or the default files that exist.

        :raises reqpi.client.BadUsage: the folder or a file does not exist, or is outside the source.
        """
        if not self._inside(package.path).is_dir():
            raise BadUsage(f"{self.folder / package.path} is not a folder", 'Write a folder of the source for "path".')
        return FetchedPackage(
            package.path,
            self._files(package, package.requirements_files, _USUAL),
            self._files(package, package.requirements_build_files, _USUAL_BUILD),
        )

    def taken(self, files: FetchedPackage) -> LockFiles | None:
        """Return the documents that are committed for a package: its files, and the files that they include.

        :returns: ``None`` if the package has no files.
        :raises reqpi.cli.inputs.lock_files.LockHasDefects: an included file cannot be used; this was reported.
        """
        named = dict.fromkeys([*files.requirements_files, *files.requirements_build_files])
        paths = [os.path.normpath(self.folder / files.path / each) for each in named]
        return take_or_tell(paths, source=str(self.folder)) if paths else None

    def own(self, package: InputPackage) -> MainComponent:
        """Return the name, the version and the purl of a package; its name falls back to the repository's.

        :raises reqpi.client.BadUsage: neither its files nor a repository give it a name.
        :raises reqpi.core.errors.UnreadableProject: a file that should have the name cannot be read.
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
                "Set one in pyproject.toml ([project], name = …), or give the repository a remote called origin.",
            )
        return MainComponent(name, version, purl_of_own(name, version, self._upstream, self._commit, below))

    @property
    def whole(self) -> MainComponent:
        """The component that stands for a source of several packages, named like its repository or its folder."""
        below = Path(os.path.relpath(self.folder.absolute(), self._top.absolute())).as_posix()
        with suppress(UnreadableProject):
            if self._upstream is not None:
                name = project.from_git_origin(self._upstream, below)
                return MainComponent(name, purl=purl_of_source(name, self._upstream, self._commit))
        return MainComponent(self.folder.absolute().resolve().name or "source")

    def declared(self, path: str = ".") -> project.ProjectMetadata | None:
        """Return the project metadata that the files of a subfolder declare; ``None`` if they declare none.

        :raises reqpi.client.BadUsage: a symbolic link points outside the source.
        :raises reqpi.core.errors.UnreadableProject: a file that should have the metadata cannot be read.
        """
        return project.read(lambda file: self._read(f"{path}/{file}"))

    def _files(self, package: InputPackage, named: Sequence[str] | None, usual: Sequence[str]) -> tuple[str, ...]:
        files = usual if named is None else named
        there = [file for file in files if self._is_file(f"{package.path}/{file}")]
        missing = [file for file in files if file not in there]
        if named is not None and missing:
            where = self.folder / package.path
            raise BadUsage(f"{where / missing[0]} is missing", "Name files that exist, or omit the key.")
        return tuple(there)

    def _is_file(self, path: str) -> bool:
        return self._inside(path).is_file()

    def _inside(self, path: str) -> Path:
        """Return the place of a relative path.

        :raises reqpi.client.BadUsage: a symbolic link points outside the source.
        """
        place = self.folder / path
        real, top = os.path.realpath(place), os.path.realpath(self.folder)
        if real != top and not real.startswith(f"{top.rstrip('/')}/"):
            raise BadUsage(f"{place} points outside the source, to {real}", "Copy the file into the source.")
        return place

    def _read(self, path: str) -> bytes | None:
        return bytes_of(self._inside(path), project.LARGEST)
