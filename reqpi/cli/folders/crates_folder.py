"""The crates next to fetched files: unpacked as ``cargo vendor`` leaves them, or as a registry of verified files.

``CARGO_HOME`` is ``.cargo`` in the same folder. Its configuration names the crates by a relative path, so the folder
can be used wherever it is mounted.
"""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from attrs import frozen

from reqpi.cli.folders.output_folder import writing
from reqpi.cli.folders.vendored_crate import VendoredCrate
from reqpi.cli.folders.written_file import write
from reqpi.client import BadUsage
from reqpi.core.crates.cargo_config import FOLDER, config_of_folder
from reqpi.core.crates.commits import CrateCommit
from reqpi.core.crates.crate_archive import crate_files
from reqpi.core.crates.index import index_path, read_index
from reqpi.core.crates.local_registry import index_line, read_manifest
from reqpi.core.crates.model import Crate, GitCrate, GitSource

__all__ = [
    "CARGO_HOME",
    "CRATES",
    "GitCrates",
    "has_crates",
    "refuse_two_of_a_name",
    "remove_crates",
    "write_registry",
    "write_vendored",
]

CRATES = "deps/cargo"
"""The subfolder that has the crates."""

CARGO_HOME = ".cargo"

_LARGEST_CONFIG = 1 << 20

_COMMITS = f"{CRATES}/git"
"""The folder of the crates of git repositories beside a local registry, which can have none."""


@frozen
class GitCrates:
    """The crates of git repositories that were unpacked.

    :param crates: all of them.
    :param unpacked: the folder with a folder for each. They are moved from there.
    """

    crates: Sequence[GitCrate] = ()
    unpacked: Path | None = None

    def move(self, to: Path, old: Path) -> None:
        """Move the folders of the crates to another folder.

        :param old: receives those that are there already.
        """
        for new in self.unpacked.iterdir() if self.unpacked is not None else ():
            if (to / new.name).exists():
                (to / new.name).rename(old / new.name)
            new.rename(to / new.name)


_NO_GIT = GitCrates()


@frozen
class _Earlier:
    """The configuration that an earlier fetch wrote.

    :param unpacked: its crates are unpacked.
    :param registries: the registries that it replaces beside cargo's default one.
    :param commits: the git repositories that it replaces.
    """

    unpacked: bool
    registries: frozenset[str] = frozenset()
    commits: frozenset[GitSource] = frozenset()


def has_crates(folder: Path) -> bool:
    """Return whether a fetch has put crates into a folder, and the configuration with which cargo finds them."""
    return _earlier(folder) is not None


def remove_crates(folder: Path) -> None:
    """Remove the crates of an earlier run, and the configuration of cargo that it wrote.

    :raises BadUsage: the folder cannot be written.
    """
    if not has_crates(folder):
        return
    place = _place(folder)
    with writing(place):
        if place.exists():
            shutil.rmtree(place)
        (folder / CARGO_HOME / "config.toml").unlink()


def refuse_two_of_a_name(crates: Iterable[Crate | GitCrate]) -> None:
    """Refuse two different crates with one name and version: a folder can have only one of them.

    :raises BadUsage: there are two.
    """
    known: dict[str, object] = {}
    for crate in crates:
        content = crate.sha256 if isinstance(crate, Crate) else CrateCommit.of(crate)
        if known.setdefault(crate.folder, content) != content:
            raise BadUsage(
                f"two different crates are named {crate.folder}",
                "Two sdists take it from two places: fetch each of them into a folder of its own.",
            )


def check_crates_folder(folder: Path, *, unpacked: bool, keep: bool) -> None:
    """Check that crates can be written to a folder, before anything is fetched.

    :param keep: those of an earlier run stay.
    :raises BadUsage: the configuration of cargo is not one that a fetch wrote, or the earlier crates have another
        layout.
    """
    _place(folder)
    config, earlier = folder / CARGO_HOME / "config.toml", _earlier(folder)
    if earlier is None and (config.exists() or config.is_symlink()):
        raise BadUsage(f"{config} was not written by reqpi fetch", "Name another folder, or remove the file.")
    if keep and earlier is not None and earlier.unpacked != unpacked:
        raise BadUsage(
            f"{folder / CRATES} has crates in another layout", "Name another folder, or the same --crates-layout."
        )


def write_vendored(
    crates: Sequence[Crate], files: Path, folder: Path, git: GitCrates = _NO_GIT, *, keep: bool = False
) -> None:
    """Unpack crates into ``deps/cargo``, and write the configuration of cargo.

    :param files: the folder of the verified ``.crate`` files.
    :param folder: the output folder.
    :param git: those of git repositories, on the same file system.
    :param keep: crates of an earlier run stay; otherwise they are removed.
    :raises reqpi.core.crates.crate_archive.BrokenCrate: a crate cannot be unpacked.
    :raises BadUsage: the folder cannot be written.
    """
    place = _place(folder)
    with writing(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        work = Path(mkdtemp(dir=place.parent, prefix=f".{place.name}."))
        try:
            (work / "old").mkdir()
            for crate in crates:
                _unpack(crate, files / crate.filename, work / "new" / crate.folder)
            if not keep and place.exists():
                place.rename(work / "old" / "all")
            place.mkdir(exist_ok=True)
            (work / "new").mkdir(exist_ok=True)
            for ready in (GitCrates(unpacked=work / "new"), git):
                ready.move(place, work / "old")
        finally:
            shutil.rmtree(work, ignore_errors=True)
    _configure(folder, crates, git.crates, unpacked=True, keep=keep)


def write_registry(crates: Sequence[Crate], folder: Path, git: GitCrates = _NO_GIT, *, keep: bool = False) -> None:
    """Make a local registry of the verified ``.crate`` files in ``deps/cargo``.

    :param git: the crates of git repositories, on the same file system.
    :param keep: crates of an earlier run stay; otherwise they, and anything else there, are removed.
    :raises reqpi.core.crates.crate_archive.BrokenCrate: a crate cannot be read.
    :raises BadUsage: the folder cannot be written.
    """
    place = _place(folder)
    lines: dict[str, dict[str, bytes]] = {}
    for crate in crates:
        data = (place / crate.filename).read_bytes()
        line = index_line(read_manifest(crate_files(data, crate), crate), crate)
        lines.setdefault(index_path(crate.name), {})[crate.version] = line
    with writing(place):
        place.mkdir(parents=True, exist_ok=True)
        if not keep:
            _keep_only(place, {crate.filename for crate in crates})
        (place / "index").mkdir(exist_ok=True)
        for path, of_crate in sorted(lines.items()):
            index = place / "index" / path
            index.parent.mkdir(parents=True, exist_ok=True)
            there = read_index(index.read_bytes(), _name_in(of_crate)) if index.exists() else {}
            earlier = {version: line.text.encode() for version, line in there.items()}
            index.write_bytes(b"".join(line + b"\n" for _, line in sorted({**earlier, **of_crate}.items())))
        if git.crates:
            (folder / _COMMITS).mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(dir=place.parent, prefix=f".{place.name}.") as old:
                git.move(folder / _COMMITS, Path(old))
    _configure(folder, crates, git.crates, unpacked=False, keep=keep)


def _name_in(lines: Mapping[str, bytes]) -> str:
    """Return the name of the crate whose lines these are."""
    return str(json.loads(next(iter(lines.values())))["name"])


def _earlier(folder: Path) -> _Earlier | None:
    """Return the configuration that an earlier fetch wrote; ``None`` if there is none, or another one."""
    try:
        with (folder / CARGO_HOME / "config.toml").open("rb") as stream:
            sources = tomllib.loads(stream.read(_LARGEST_CONFIG).decode())["source"]
        ours = sources[FOLDER]
        kind = next(key for key in ("directory", "local-registry") if ours.get(key) == CRATES)
        named = frozenset(name for name, each in sources.items() if "registry" in each)
        commits = frozenset(
            GitSource(each["git"], name.partition("?")[2]) for name, each in sources.items() if "git" in each
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError, StopIteration, RecursionError):
        return None
    return _Earlier(kind == "directory", named, commits)


def _place(folder: Path) -> Path:
    """Return the folder of the crates.

    :raises BadUsage: it, or one that it is in, is a symbolic link.
    """
    place = folder / CRATES
    link = next((path for path in (place, place.parent, folder / CARGO_HOME) if path.is_symlink()), None)
    if link is not None:
        raise BadUsage(f"{link} is a symbolic link", "Remove it, or name another folder: a fetch replaces its content.")
    return place


def _keep_only(place: Path, names: set[str]) -> None:
    for path in place.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name not in names:
            path.unlink()


def _unpack(crate: Crate, file: Path, to: Path) -> None:
    """Unpack a crate into a new folder, with the digests of its files for cargo."""
    vendored = VendoredCrate(to)
    for each in crate_files(file.read_bytes(), crate):
        vendored.add(each)
    vendored.finish(crate.sha256)


def _configure(folder: Path, crates: Iterable[Crate], git: Iterable[GitCrate], *, unpacked: bool, keep: bool) -> None:
    home, earlier = folder / CARGO_HOME, _earlier(folder)
    with writing(home):
        home.mkdir(exist_ok=True)
    before = earlier if keep and earlier else _Earlier(unpacked)
    config = config_of_folder(
        CRATES,
        unpacked=unpacked,
        registries=sorted(({crate.registry for crate in crates} | before.registries) - {""}),
        commits={crate.source for crate in git} | before.commits,
        commits_place="" if unpacked else _COMMITS,
    )
    write(home / "config.toml", config, follow=False)
