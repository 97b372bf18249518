"""The crates next to fetched files: unpacked as ``cargo vendor`` leaves them, or as a registry of verified files.

``CARGO_HOME`` is ``.cargo`` in the same folder. Its configuration names the crates by a relative path, so the folder
can be used wherever it is mounted.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp

from reqpi.cli.folders.fetched_folder import write
from reqpi.cli.folders.output_folder import writing
from reqpi.client import BadUsage
from reqpi.core.crates.cargo_config import config_of_folder
from reqpi.core.crates.crate_archive import CHECKSUM_FILE, CrateFile, crate_files
from reqpi.core.crates.index import index_path
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

_NOT_VENDORED = frozenset({".gitattributes", ".gitignore", ".git"})
"""``cargo vendor`` omits these files: in a repository, they would change how git treats a crate."""


def has_crates(folder: Path) -> bool:
    """Return whether a folder has crates, and the configuration with which cargo finds them."""
    return (folder / CARGO_HOME / "config.toml").is_file()


def remove_crates(folder: Path) -> None:
    """Remove the crates of an earlier run, and the configuration of cargo.

    :raises BadUsage: the folder cannot be written.
    """
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


def write_vendored(crates: Sequence[Crate], files: Path, folder: Path) -> None:
    """Unpack crates into ``deps/cargo`` in place of those of an earlier run, and write the configuration of cargo.

    :param files: the folder of the verified ``.crate`` files.
    :param folder: the output folder.
    :raises reqpi.core.crates.crate_archive.BrokenCrate: a crate cannot be unpacked.
    :raises BadUsage: the folder cannot be written.
    """
    place = _place(folder)
    with writing(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        work = Path(mkdtemp(dir=place.parent, prefix=f".{place.name}."))
        try:
            for crate in crates:
                _unpack(crate, files / crate.filename, work / "new" / f"{crate.name}-{crate.version}")
            (work / "new").mkdir(exist_ok=True)
            _put(work / "new", place, work / "old")
        finally:
            shutil.rmtree(work, ignore_errors=True)
    _configure(folder, crates, unpacked=True)


def write_registry(crates: Sequence[Crate], folder: Path) -> None:
    """Make a local registry of the verified ``.crate`` files in ``deps/cargo``; remove what else is there.

    :raises reqpi.core.crates.crate_archive.BrokenCrate: a crate cannot be read.
    :raises BadUsage: the folder cannot be written.
    """
    place = _place(folder)
    lines: dict[str, list[bytes]] = {}
    for crate in crates:
        data = (place / crate.filename).read_bytes()
        line = index_line(read_manifest(crate_files(data, crate), crate), crate)
        lines.setdefault(index_path(crate.name), []).append(line + b"\n")
    with writing(place):
        place.mkdir(parents=True, exist_ok=True)
        _keep_only(place, {crate.filename for crate in crates})
        for path, of_crate in sorted(lines.items()):
            index = place / "index" / path
            index.parent.mkdir(parents=True, exist_ok=True)
            index.write_bytes(b"".join(of_crate))
    _configure(folder, crates, unpacked=False)


def _place(folder: Path) -> Path:
    """Return the folder of the crates.

    :raises BadUsage: it, or one that it is in, is a symbolic link.
    """
    place = folder / CRATES
    link = next((path for path in (place, place.parent, folder / CARGO_HOME) if path.is_symlink()), None)
    if link is not None:
        raise BadUsage(f"{link} is a symbolic link", "Remove it, or name another folder: a fetch replaces its content.")
    return place


def _put(new: Path, place: Path, old: Path) -> None:
    if place.exists():
        place.rename(old)
    new.rename(place)


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


def _configure(folder: Path, crates: Iterable[Crate], *, unpacked: bool) -> None:
    home = folder / CARGO_HOME
    with writing(home):
        home.mkdir(exist_ok=True)
    registries = sorted({crate.registry for crate in crates} - {""})
    write(home / "config.toml", config_of_folder(CRATES, unpacked=unpacked, registries=registries), follow=False)
