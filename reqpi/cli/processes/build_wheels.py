"""The building of wheels from the sdists of a lock, through the lock's own address: builds get only what it pins.

The build environment is new, and nothing of the user's own enters it: no configuration of pip or distutils, no cache,
no variable of Python. Times are fixed, so that backends that honour ``SOURCE_DATE_EPOCH`` build the same wheel twice.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from reqpi.cli.messages import tell_remark
from reqpi.cli.processes.cargo_home import cargo_home
from reqpi.cli.processes.interpreter import Interpreter
from reqpi.client.errors import ClientError
from reqpi.client.listed_file import ListedFile
from reqpi.core.env_vars import changes, pointed_at

__all__ = ["NotBuilt", "compiled", "to_be_built"]

_EPOCH = "1580601600"
"""2020-02-02, the date that hatchling uses. A zip archive cannot store a time before 1980, in any time zone."""

_STAYS = frozenset({"PIP_CERT", "PIP_CLIENT_CERT", "PIP_PROXY"})
"""The variables that say how to reach the address, which the client used as well."""

_SHOWN = 25
"""The number of pip's last output lines that are shown if a build fails."""


class NotBuilt(ClientError):
    """An sdist could not be built.

    :ivar said: the last lines of pip's output.
    """

    def __init__(self, filename: str, said: Sequence[str]) -> None:
        super().__init__(f"{filename} could not be built", "The output of pip is above.")
        self.said = said


def to_be_built(files: Iterable[ListedFile], interpreter: Interpreter) -> list[ListedFile]:
    """Return the sdists of the releases that have no wheel for the interpreter, if their markers hold."""
    fitting = {
        (file.project, file.version)
        for file in files
        if file.filename.endswith(".whl") and interpreter.fits(file.filename)
    }
    wanted = {
        file.filename: file
        for file in files
        if not file.filename.endswith(".whl")
        and (file.source or (file.project, file.version) not in fitting)
        and interpreter.marker_holds(file.marker)
    }
    return [wanted[filename] for filename in sorted(wanted)]


def compiled(
    sdists: Sequence[ListedFile],
    folder: Path,
    room: Path,
    index_url: str,
    interpreter: Interpreter,
    *,
    pages: str = "",
    registries: Iterable[str] = (),
) -> dict[str, Path]:
    """Build a wheel of each sdist.

    :param folder: the folder that has the sdists.
    :param room: an empty folder to work in.
    :param index_url: the index URL of the address, with a login if it needs one.
    :param registries: the registries of crates that the lock names.
    :param pages: the URL of pages that were checked, whose links lead to that index; empty: its own pages.
    :returns: the wheels by the filename of the sdist.
    :raises NotBuilt: an sdist could not be built.
    :raises BadUsage: the interpreter cannot make an environment to build in.
    """
    environ = _environ(room, index_url) | (changes(pages)[0] if pages else {})
    python = interpreter.make_venv(room / "environment", environ)
    wheels: dict[str, Path] = {}
    with cargo_home(index_url, environ, registries) as with_cargo:
        for number, sdist in enumerate(sdists):
            tell_remark(f"building {sdist.filename}")
            wheels[sdist.filename] = _wheel(python, sdist, folder, room / f"built-{number}", with_cargo)
    return wheels


def _wheel(python: Path, sdist: ListedFile, folder: Path, into: Path, environ: Mapping[str, str]) -> Path:
    place = (folder / sdist.filename).as_uri()
    what = f"{place}#subdirectory={quote(sdist.subdirectory)}" if sdist.subdirectory else place
    command = [
        str(python),
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-cache-dir",
        "--no-input",
        "--wheel-dir",
        str(into),
        what,
    ]
    done = subprocess.run(  # noqa: S603 - it runs what the lock admits, and the user asked for that
        command,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        umask=0o022,  # the modes of files become part of the wheel
    )
    built = sorted(into.glob("*.whl"))
    if done.returncode or len(built) != 1:
        raise NotBuilt(sdist.filename, done.stdout.splitlines()[-_SHOWN:])
    return built[0]


def _environ(room: Path, index_url: str) -> dict[str, str]:
    """Return the environment variables of builds: the user's, without those that would make a build irreproducible."""
    users_own = {
        name: value
        for name, value in os.environ.items()
        if name in _STAYS or not name.startswith(("PIP_", "PYTHON", "UV_"))
    }
    home = room / "home"
    home.mkdir()
    netrc = os.environ.get("NETRC") or str(Path("~/.netrc").expanduser())
    own = {"HOME": str(home), "NETRC": netrc, "PYTHONNOUSERSITE": "1", "PYTHONHASHSEED": "0"}
    return pointed_at(index_url, {"SOURCE_DATE_EPOCH": _EPOCH} | _toolchain() | users_own | own)


def _toolchain() -> dict[str, str]:
    """Return the folder of rustup: with another ``HOME``, the programs in ``PATH`` find no compiler."""
    place = Path("~/.rustup").expanduser()
    return {"RUSTUP_HOME": str(place)} if place.is_dir() else {}
