"""Git as a child process, within limits of time and size, and with only the settings and secrets that are given here.

There are no hooks and no prompts. Everything here blocks, and is to be called in a thread. Processes are not spawned by
the reactor: in ``reqpi run`` it does not receive SIGCHLD.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event
from time import monotonic

from attrs import field, frozen

from reqpi.core.errors import UpstreamTrouble

__all__ = ["GitFailed", "GitLimits", "GitProgram"]

_OLDEST = (2, 37)
"""The first version of git that accepts a host's address (http.curloptResolve)."""

_STEP = 0.1
"""Seconds between two checks of the time and of the folder's size."""

_MEMORY = 4 << 20
"""The most address space of a process, in KiB: a tree of trees of trees can represent any number of files."""

_PRINTED = 32 << 20
"""The most bytes that git may print: the list of a large repository's files."""

_SETTINGS = {
    "core.abbrev": "no",  # in archives: how short an id may be depends on what else is in the repository
    "core.attributesFile": os.devnull,
    "core.autocrlf": "false",
    "core.eol": "lf",
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "credential.helper": "",
    "fetch.recurseSubmodules": "false",
    "fetch.unpackLimit": "1",  # one pack, and not up to a hundred files
    "gc.auto": "0",
    "gpg.program": "false",  # an archive may ask for the state of a signature
    "gpg.ssh.program": "false",
    "gpg.x509.program": "false",
    "http.followRedirects": "false",  # our HTTP client has followed them, as it knows which hosts are allowed
    "http.lowSpeedLimit": "1",
    "http.lowSpeedTime": "30",
    "http.proxy": "",
    "maintenance.auto": "false",
    "pack.threads": "1",
    "protocol.version": "2",
    "tar.umask": "0022",
    "transfer.bundleURI": "false",
}

_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "https",
    "GIT_ASKPASS": "true",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_DEFAULT_REF_FORMAT": "files",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_TEST_DATE_NOW": "1",  # in archives: `%ar` is the age of the commit
    "LC_ALL": "C",
    "TZ": "UTC",
}


class GitFailed(UpstreamTrouble):
    """Git exited with an error."""


@frozen
class GitLimits:
    """The limits for git.

    :param seconds: for all work on one commit and its submodules.
    :param size: the most bytes of a file, and of a repository.
    """

    seconds: float = 600.0
    size: int = 2 << 30


@frozen
class GitProgram:
    """Git in one folder of its own.

    :param folder: a private, empty folder.
    :param stopped: is set when the result is no longer needed.
    """

    folder: Path
    limits: GitLimits
    stopped: Event
    _program: str = field(factory=lambda: shutil.which("git") or "")
    _deadline: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_deadline", monotonic() + self.limits.seconds)

    def check(self) -> None:
        """Check that a usable git is installed.

        :raises reqpi.core.errors.UpstreamTrouble: git is not installed, or is too old.
        """
        if not self._program:
            raise UpstreamTrouble(
                "git is not installed",
                "This server needs it for locks that pin commits. Ask its operator to install git 2.37 or newer.",
                final=True,
            )
        said = self.run(["version"])
        match = re.match(rb"git version ([0-9]{1,4})\.([0-9]{1,4})", said)
        if match is None or (int(match[1]), int(match[2])) < _OLDEST:
            raise UpstreamTrouble(
                "git is too old", "This server needs git 2.37 or newer. Ask its operator to upgrade it.", final=True
            )

    def run(
        self, arguments: Sequence[str], settings: Mapping[str, str] | None = None, repository: Path | None = None
    ) -> bytes:
        """Run git and return what it prints.

        :param settings: further settings of git. They are not passed as arguments, which other users can see.
        :param repository: the bare repository to work on.
        :raises GitFailed: git exited with an error.
        :raises reqpi.core.errors.UpstreamTrouble: it exceeded a limit.
        """
        out, err = self.folder / "out", self.folder / "err"
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(  # noqa: S603
                ["/bin/sh", "-c", self._limited(), "sh", self._program, *arguments],
                cwd=self.folder,
                env=self._environment(settings or {}, repository),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
            try:
                status = self._wait(process)
            finally:
                _end(process)
        if status:
            raise self._failed(arguments[0], err)
        if out.stat().st_size > _PRINTED:
            raise self._too_large()
        return out.read_bytes()

    def _limited(self) -> str:
        """Return a shell command that sets its own limits and then executes git.

        In a thread nothing may run between fork and exec.
        """
        blocks, seconds = self.limits.size // 512 + 1, int(self.limits.seconds) + 1
        return (
            f"ulimit -c 0; ulimit -f {blocks}; ulimit -t {seconds}; ulimit -v {_MEMORY} 2>/dev/null; "
            'umask 077; exec "$@"'
        )

    def _environment(self, settings: Mapping[str, str], repository: Path | None) -> dict[str, str]:
        settings = {**_SETTINGS, **settings}
        environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.folder / "home"), **_ENVIRONMENT}
        if repository is not None:
            environment["GIT_DIR"] = str(repository)
        environment["GIT_CONFIG_COUNT"] = str(len(settings))
        for number, (key, value) in enumerate(settings.items()):
            environment |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        return environment

    def _wait(self, process: subprocess.Popen[bytes]) -> int:
        while True:
            with suppress(subprocess.TimeoutExpired):
                return process.wait(_STEP)
            if self.stopped.is_set():
                raise UpstreamTrouble("git was stopped", "Its result is no longer needed.")
            if monotonic() > self._deadline:
                raise UpstreamTrouble(
                    "git takes too long", f"It was stopped after {self.limits.seconds:g} s.", final=True
                )
            # The repository, its archives, and the packed archive.
            if sum(_sizes(self.folder)) > 3 * self.limits.size:
                raise self._too_large()

    def _failed(self, command: str, err: Path) -> UpstreamTrouble:
        with err.open("rb") as file:
            said = file.read(1 << 16).decode("utf-8", "replace").replace(str(self.folder), "…")
        # A child that was killed at the limit leaves its file behind, and git then reports some other error.
        if max(_sizes(self.folder)) >= self.limits.size:
            return self._too_large()
        # Lines from the server begin with "remote:", and are not repeated.
        lines = [line for line in said.splitlines() if line.startswith(("fatal:", "error:"))]
        shown = "".join(char for char in " ".join(lines) if char.isprintable())
        return GitFailed(f"git {command} failed", shown[:500] or "It gave no reason.")

    def _too_large(self) -> UpstreamTrouble:
        return UpstreamTrouble("the repository is too large", f"It has more than {self.limits.size} bytes.", final=True)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all its children, unless it has ended by itself."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _sizes(folder: Path) -> Iterator[int]:
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # git removes files that it no longer needs
                yield Path(parent, name).lstat().st_size
