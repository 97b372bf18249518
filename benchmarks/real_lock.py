"""A lock of about sixty real packages, resolved once from the index that pip is configured with on this machine."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from shutil import rmtree

from attrs import frozen
from packaging.utils import canonicalize_name, parse_wheel_filename

from benchmarks.processes import run
from benchmarks.tools import environment
from reqpi.server.host_defaults import default_upstream

__all__ = ["Clients", "RealLock", "clients", "real_lock"]

_TOP = ("boto3", "celery", "flask", "furo", "tox")
"""The packages that the lock is resolved from."""


@frozen
class Clients:
    """pip and uv, without any configuration of this machine except its certificates.

    :param folder: the folder of their programs.
    """

    folder: Path

    def install(self, client: str, lock: Path, index: str | None, to: Path) -> list[object]:
        """Return the command that installs a lock into ``to``.

        :param client: ``pip`` or ``uv``.
        :param index: the URL of the index; ``None`` uses the one that the environment variables specify.
        """
        given = ["--require-hashes", "-r", lock, "--target", to]
        if client == "uv":
            where = ["--default-index", index] if index else []
            return [
                self.folder / "uv",
                "pip",
                "install",
                *self._uv(),
                "--python",
                self.folder / "python",
                *given,
                *where,
            ]
        return [*self._pip("install"), *given, *(["--index-url", index] if index else [])]

    def resolve(self, client: str, top: Path, index: str, to: Path) -> list[object]:
        """Return the command that resolves the requirements in ``top``."""
        if client == "uv":
            command = [self.folder / "uv", "pip", "compile", *self._uv(), "--python", self.folder / "python", top]
            return [*command, "-o", to / "requirements.txt", "--generate-hashes", "--default-index", index]
        return [*self._pip("install"), "--dry-run", "--ignore-installed", "-r", top, "--index-url", index]

    def download(self, lock: Path, index: str, to: Path) -> list[object]:
        """Return the command with which pip downloads the files of a lock."""
        return [*self._pip("download"), "--no-deps", "--require-hashes", "-r", lock, "-d", to, "--index-url", index]

    def run(self, command: Iterable[object], folder: Path) -> str:
        """Run a command without the environment variables that would configure an index."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if name == "PIP_CERT" or not name.startswith(("PIP_", "UV_", "REQPI_"))
        }
        return run(list(command), folder, {**kept, "PIP_CONFIG_FILE": os.devnull})

    def _pip(self, command: str) -> list[object]:
        return [self.folder / "python", "-m", "pip", command, "-q", "--no-cache-dir", "--no-input"]

    def _uv(self) -> list[str]:
        return ["--no-cache", "--no-config", "-q"]


@frozen
class RealLock:
    """The resolved lock.

    :param upstream: the URL of the index that it was resolved from.
    :param top: the requirements file that it was resolved from.
    :param lock: a requirements file with the digests of all files of each release.
    :param wheels: the same with one digest for each release: that of the file that this machine installs.
    :param files: the paths of those files, by ``project/filename``.
    """

    upstream: str
    top: Path
    lock: Path
    wheels: Path
    files: dict[str, Path]


def clients(work: Path) -> Clients:
    """Return the newest pip and uv, in an environment of their own."""
    return Clients(environment(work, "clients", "pip", "uv"))


def real_lock(work: Path) -> RealLock:
    """Return the real lock; it is resolved, and its files are downloaded, only once."""
    folder, upstream = work / "real-lock", default_upstream()
    top, lock, wheels, files = (folder / name for name in ("top.in", "requirements.txt", "wheels.txt", "files"))
    if not wheels.exists():
        rmtree(folder, ignore_errors=True)
        files.mkdir(parents=True)
        top.write_text("".join(f"{name}\n" for name in _TOP))
        having = clients(work)
        having.run(having.resolve("uv", top, upstream, folder), folder)
        having.run(having.download(lock, upstream, files), folder)
        wheels.write_text("".join(sorted(_pinned(file, lock.read_text()) for file in files.iterdir())))
    found = {f"{_project(file)}/{file.name}": file for file in files.iterdir() if file.suffix != ".metadata"}
    return RealLock(upstream, top, lock, wheels, found)


def _pinned(file: Path, lock: str) -> str:
    """Return the line that pins one file, with the version as the lock spells it."""
    name = _project(file)
    version = re.search(rf"^{re.escape(name)}==(\S+)", lock, re.MULTILINE)
    assert version is not None, name
    return f"{name}=={version[1]} --hash=sha256:{sha256(file.read_bytes()).hexdigest()}\n"


def _project(file: Path) -> str:
    if file.suffix == ".whl":
        return parse_wheel_filename(file.name)[0]
    return canonicalize_name(file.name.rpartition("-")[0])
