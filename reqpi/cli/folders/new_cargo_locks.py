"""The Cargo.locks that cargo has made during a fetch, next to the crates: each can be committed beside the lock."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from reqpi.cli.folders.output_folder import writing
from reqpi.cli.folders.written_file import write
from reqpi.cli.messages import tell_remark
from reqpi.client import BadUsage

__all__ = ["write_new_locks"]

_LOCKS = "deps/cargo-locks"


def write_new_locks(output: Path, locks: Mapping[str, bytes]) -> None:
    """Write each Cargo.lock into a folder that is named after its sdist, in place of those of an earlier run.

    :param locks: by the name of the sdist.
    :raises BadUsage: the folder cannot be written, or is a symbolic link.
    """
    place = output / _LOCKS
    if place.is_symlink():
        raise BadUsage(
            f"{place} is a symbolic link", "Remove it, or name another folder: a fetch replaces its content."
        )
    with writing(place):
        if place.exists():
            shutil.rmtree(place)
        for name, data in locks.items():
            file = place / name / "Cargo.lock"
            file.parent.mkdir(parents=True)
            write(file, data, follow=False)
            tell_remark(f"to pin what cargo has chosen for {name}, commit {file} beside the lock")
