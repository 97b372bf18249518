"""The crates next to fetched files: unpacked as ``cargo vendor`` leaves them, or as a registry of verified files.

``CARGO_HOME`` is ``.cargo`` in the same folder. Its configuration names the crates by a relative path, so the folder
can be used wherever it is mounted.
"""

from __future__ import annotations

import json
import os
import shutil
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp

from attrs import frozen

from reqpi.cli.folders.fetched_folder import write
from reqpi.cli.folders.output_folder import writing
from reqpi.client import BadUsage
from reqpi.core.crates.cargo_config import FOLDER, config_of_folder
from reqpi.core.crates.crate_archive import CHECKSUM_FILE, CrateFile, crate_files
from reqpi.core.crates.index import index_path, read_index
from reqpi.core.crates.local_registry import index_line, read_manifest
from reqpi.core.crates.model import Crate

__all__ = [
    "CARGO_HOME",
    "CRATES",
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

_NOT_VENDORED = frozenset({".gitattributes", ".gitignore", ".git"})
"""``cargo vendor`` omits these files: in a repository, they would change how git treats a crate."""


@frozen
class _Earlier:
    """The configuration that an earlier fetch wrote.

    :param unpacked: its crates are unpacked.
    :param registries: the registries that it replaces beside cargo's default one.
    """

    unpacked: bool
    registries: frozenset[str] = frozenset()


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


def refuse_two_of_a_name(crates: Iterable[Crate]) -> None:
    """Refuse two different crates with one name and version: a folder can have only one of them.

    :raises BadUsage: there are two.
    """
    known: dict[str, Crate] = {}
    for crate in crates:
        if known.setdefault(crate.filename, crate).sha256 != crate.sha256:
            raise BadUsage(
                f"two different crates are named {crate.filename}",
                "Two sdists take it from two registries: fetch each of them into a folder of its own.",
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


def write_vendored(crates: Sequence[Crate], files: Path, folder: Path, *, keep: bool = False) -> None:
    """Unpack crates into ``deps/cargo``, and write the configuration of cargo.

    :param files: the folder of the verified ``.crate`` files.
    :param folder: the output folder.
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
                _unpack(crate, files / crate.filename, work / "new" / f"{crate.name}-{crate.version}")
            if not keep and place.exists():
                place.rename(work / "old" / "all")
            place.mkdir(exist_ok=True)
            for new in (work / "new").iterdir():
                if (place / new.name).exists():
                    (place / new.name).rename(work / "old" / new.name)
                new.rename(place / new.name)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    _configure(folder, crates, unpacked=True, keep=keep)


def write_registry(crates: Sequence[Crate], folder: Path, *, keep: bool = False) -> None:
    """Make a local registry of the verified ``.crate`` files in ``deps/cargo``.

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
        if not keep:
            _keep_only(place, {crate.filename for crate in crates})
        for path, of_crate in sorted(lines.items()):
            index = place / "index" / path
            index.parent.mkdir(parents=True, exist_ok=True)
            there = read_index(index.read_bytes(), _name_in(of_crate)) if index.exists() else {}
            earlier = {version: line.text.encode() for version, line in there.items()}
            index.write_bytes(b"".join(line + b"\n" for _, line in sorted({**earlier, **of_crate}.items())))
    _configure(folder, crates, unpacked=False, keep=keep)


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
    except (OSError, ValueError, LookupError, TypeError, AttributeError, StopIteration, RecursionError):
        return None
    return _Earlier(kind == "directory", named)


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
    digests: dict[str, str] = {}
    to.mkdir(parents=True)
    for each in crate_files(file.read_bytes(), crate):
        if _NOT_VENDORED.isdisjoint(each.path.split("/")):
            _write(each, to)
            digests[each.path] = sha256(each.data).hexdigest()
    sums = {"files": dict(sorted(digests.items())), "package": crate.sha256}
    with open(to / CHECKSUM_FILE, "xb") as stream:
        stream.write(json.dumps(sums, separators=(",", ":")).encode())


def _write(file: CrateFile, to: Path) -> None:
    place = to.joinpath(*file.path.split("/"))
    place.parent.mkdir(parents=True, exist_ok=True)
    mode = 0o755 if file.executable else 0o644
    with open(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "wb") as stream:
        stream.write(file.data)


def _configure(folder: Path, crates: Iterable[Crate], *, unpacked: bool, keep: bool) -> None:
    home, earlier = folder / CARGO_HOME, _earlier(folder)
    with writing(home):
        home.mkdir(exist_ok=True)
    registries = {crate.registry for crate in crates} | (earlier.registries if keep and earlier else frozenset())
    config = config_of_folder(CRATES, unpacked=unpacked, registries=sorted(registries - {""}))
    write(home / "config.toml", config, follow=False)
