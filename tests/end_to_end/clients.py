"""Real clients, each in an environment of its own that is made once and kept in .cache/clients.

They are installed from wherever pip on this machine installs from; the tests then show them nothing but loopback.
"""

from __future__ import annotations

import fcntl
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from shutil import rmtree, which

from attrs import frozen
from twisted.trial.unittest import SkipTest

from tests.end_to_end.server import ROOT

__all__ = ["CACHE", "Done", "environment", "making", "oldest_pip", "run"]

CACHE = Path(os.environ.get("REQPI_TEST_CLIENTS", ROOT / ".cache" / "clients"))


@frozen
class Done:
    """How a command ended, and all that it said."""

    status: int
    said: str


def environment(name: str, *requirements: str, python: str = sys.executable) -> Path:
    """The folder of the programs of an environment that has ``requirements``.

    :param name: for its folder; the version of Python is added.
    """
    place = CACHE / f"{name}-{_version(python)}"
    made = place / "made"
    with making(place):
        if not made.exists() or made.read_text() != repr(requirements):
            rmtree(place, ignore_errors=True)
            subprocess.run([python, "-m", "venv", "--without-pip", str(place)], check=True, timeout=240)
            install = [sys.executable, "-m", "pip", "--python", str(place / "bin" / "python"), "install", "--quiet"]
            subprocess.run([*install, *requirements], check=True, timeout=600, stdin=subprocess.DEVNULL)
            made.write_text(repr(requirements))
    return place / "bin"


@cache
def _version(python: str) -> str:
    if python == sys.executable:
        return platform.python_version()
    asked = [python, "-c", "import platform; print(platform.python_version())"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


@contextmanager
def making(place: Path) -> Iterator[None]:
    """One at a time makes what is in ``place``, of all the threads and processes that run tests."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_name(f"{place.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def oldest_pip() -> Path:
    """An environment of pip 20.3.4, which needs a Python that still has distutils.

    :raises SkipTest: there is none here.
    """
    found = [sys.executable] if sys.version_info < (3, 12) else []
    found += [path for path in (which(f"python3.{minor}") for minor in (11, 10, 9)) if path]
    for python in found:
        if subprocess.run([python, "-c", "import distutils, venv"], capture_output=True, check=False).returncode == 0:
            return environment("pip20", "pip==20.3.4", "setuptools<81", "wheel", python=python)
    raise SkipTest("pip 20.3 needs Python 3.11 or older, and there is none here")


def run(command: Sequence[object], folder: Path, environ: Mapping[str, str], limit: float = 900) -> Done:
    """Run a client that knows nothing of this machine's configuration.

    :param folder: where it runs, has its home, and keeps its caches.
    :param limit: seconds.
    """
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    own = {"HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache"), "NO_COLOR": "1", "COLUMNS": "400"}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env={**kept, **own, **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=limit,
        check=False,
    )
    return Done(done.returncode, done.stdout)
