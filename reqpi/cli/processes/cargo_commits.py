"""A ``CARGO_HOME`` with crates of git repositories: written before cargo needs them.

cargo takes a git repository from git, or from a folder, and the server offers neither. So a program named cargo stands
in front of the real one. If the Cargo.lock of a build takes crates from git, it makes a ``CARGO_HOME`` for this
Cargo.lock, with those crates in a folder. They come from the address, which serves only commits that its lock admits.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from reqpi.cli.folders.written_file import PRIVATE, write
from reqpi.cli.processes.cargo_settings import config_for, registries_in

if TYPE_CHECKING:  # these take longer to import than the rest takes to run, and most builds need none of them
    from reqpi.core.crates.model import GitCrate

__all__ = ["main", "write_home", "write_program"]

_LOCK = "Cargo.lock"
_LARGEST_LOCK = 8 << 20
_GIT = b'"git+'

_STATE = "reqpi.json"
_CRATES = "git"

_FAILED = 101
"""cargo's own status for an error."""

_RUN = "import sys; sys.path[:] = {path!r}; from reqpi.cli.processes.cargo_commits import main; main(sys.argv[1:])"
"""The program that Python runs. The variables of a build would lead it to other modules."""


def write_home(home: Path, index_url: str, registries: Iterable[str], git: Sequence[GitCrate] = ()) -> None:
    """Write the configuration of cargo into a folder, and the crates of git repositories.

    :param index_url: ``…/<address>/simple/`` or ``…/runs/<token>/simple/``, with a login if it needs one.
    :param registries: to replace beside cargo's default one.
    :raises reqpi.client.errors.ClientError: the crates cannot be fetched.
    :raises reqpi.core.errors.ReqPIError: they cannot be used.
    """
    if git:
        _write_crates(home / _CRATES, index_url, git)
    # cargo reads a relative path from the folder above: a folder can be renamed as long as its last name stays.
    sources, place = {crate.source for crate in git}, f"{home.absolute().name}/{_CRATES}"
    config = config_for(index_url, registries, commits=sources, commits_place=place)
    write(home / "config.toml", config, PRIVATE, follow=False)


def _write_crates(place: Path, index_url: str, git: Sequence[GitCrate]) -> None:
    from reqpi.cli.fetched_commits import fetch_commits  # noqa: PLC0415
    from reqpi.cli.folders.crates_folder import refuse_two_of_a_name  # noqa: PLC0415
    from reqpi.cli.folders.git_crates import unpack_git_crates  # noqa: PLC0415
    from reqpi.core.crates.commits import CrateCommit  # noqa: PLC0415

    refuse_two_of_a_name(git)
    base, _, below = index_url.rstrip("/").removesuffix("/simple").rpartition("/")
    if base.endswith("/runs"):  # the address is that of a run on another server
        base, below = base.removesuffix("/runs"), f"runs/{below}"
    with TemporaryDirectory(dir=place.parent, prefix=".commits-") as room:
        fetch_commits(base, {below: {*map(CrateCommit.of, git)}}, Path(room))
        unpacked = Path(room) / "crates"
        unpacked.mkdir()
        unpack_git_crates(git, Path(room), unpacked)
        unpacked.rename(place)


def write_program(home: Path, index_url: str, registries: Iterable[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Write the program that stands in front of cargo; return the variable with which builds find it.

    :param index_url: see :func:`write_home`.
    :returns: nothing if there is no cargo, or if no program can be run from the folder.
    """
    program = home.absolute() / "bin" / "cargo"
    cargo = environ.get("CARGO") or which("cargo", path=environ.get("PATH"))
    if not cargo or cargo == str(program) or os.statvfs(home).f_flag & os.ST_NOEXEC:
        return {}
    state = json.dumps({"index": index_url, "registries": [*registries]}).encode()
    write(home / _STATE, state, PRIVATE, follow=False)
    program.parent.mkdir(exist_ok=True)
    path = [each for each in sys.path if os.path.isabs(each)]
    ours = shlex.join([sys.executable, "-I", "-c", _RUN.format(path=path), str(home.absolute())])
    script = (
        f'#!/bin/sh\nCARGO_HOME=$({ours} "$@") || exit {_FAILED}\nexport CARGO_HOME\nexec {shlex.quote(cargo)} "$@"\n'
    )
    write(program, script.encode(), 0o755, follow=False)
    return {"CARGO": str(program)}


def main(arguments: Sequence[str]) -> None:
    """Print the ``CARGO_HOME`` for a call of cargo, and make it if it is not there yet.

    :param arguments: the ``CARGO_HOME`` of the whole run, and the arguments of cargo.
    """
    home = Path(arguments[0])
    lock = _lock_of(arguments[1:])
    if _GIT not in lock:
        print(home)
        return
    place = home / "locks" / sha256(lock).hexdigest()
    try:
        if not place.exists():
            _make(place, home, lock)
    except Exception as error:
        from reqpi.cli.failures import tell_failure  # noqa: PLC0415

        if tell_failure(error) is None:
            raise
        sys.exit(1)
    print(place)


def _make(place: Path, home: Path, lock: bytes) -> None:
    """Make a ``CARGO_HOME`` for one Cargo.lock, in one step: an installer may build several sdists at the same time."""
    from reqpi.core.crates.reading import cargo_lock  # noqa: PLC0415

    git = cargo_lock(lock).git
    state = json.loads((home / _STATE).read_bytes())
    place.parent.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=place.parent, prefix=".new-", ignore_cleanup_errors=True) as room:
        made = Path(room) / place.name
        made.mkdir()
        write_home(made, state["index"], sorted({*state["registries"], *registries_in([lock])}), git)
        try:
            made.rename(place)
        except OSError:
            if not place.exists():  # another call has made it
                raise


def _lock_of(words: Sequence[str]) -> bytes:
    """Return the Cargo.lock that cargo will use, given its arguments; empty if there is none."""
    named = [words[at + 1] for at, word in enumerate(words[:-1]) if word == "--manifest-path"]
    named += [word.partition("=")[2] for word in words if word.startswith("--manifest-path=")]
    folder = Path(named[-1]).absolute().parent if named else Path.cwd()
    for each in (folder, *folder.parents):
        try:
            with (each / _LOCK).open("rb") as opened:
                return opened.read(_LARGEST_LOCK)
        except OSError:
            continue
    return b""
