"""Programs of Debian's packages, unpacked into the tests' own cache. Nothing is installed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from shutil import rmtree, which

from twisted.trial.unittest import SkipTest

from tests.end_to_end.clients import CACHE, making

__all__ = ["debian_program"]


def debian_program(package: str, path: str) -> str:
    """Return a program: the system's own if there is one, otherwise Debian's.

    :param package: the name of the package that has it.
    :param path: where it is in the package: ``usr/bin/promtool``.
    :raises SkipTest: it is not installed, and cannot be fetched.
    """
    if own := which(Path(path).name, path=f"{os.environ.get('PATH', '')}:/usr/sbin"):
        return own
    place = CACHE / package
    program = place / path
    with making(place):
        if not program.exists():
            if which("apt-get") is None:
                raise SkipTest(f"there is no {program.name} here, and no apt-get to fetch it")
            rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
            _do(["apt-get", "download", "--quiet", package], place)
            (archive,) = place.glob(f"{package}_*.deb")
            _do(["dpkg-deb", "--extract", str(archive), str(place)], place)
            archive.unlink()
    return str(program)


def _do(command: list[str], folder: Path) -> None:
    done = subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode:
        raise SkipTest(f"{folder.name} cannot be fetched here: {done.stderr.strip()[-300:]}")
