"""Building what a lock has as an sdist alone, through its own address: whatever a build asks for, the lock pins.

The environment is made for it, and nothing of the user's own comes in: no configuration of pip or distutils, no cache,
no variable of Python's. Times are fixed, so that backends which heed ``SOURCE_DATE_EPOCH`` give the same wheel twice.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from reqpi.cli.messages import tell_remark
from reqpi.cli.processes.interpreter import Interpreter
from reqpi.client.errors import ClientError
from reqpi.client.fetching import ListedFile
from reqpi.core.env_vars import pointed_at

__all__ = ["NotBuilt", "compiled", "to_be_built"]

_EPOCH = "1580601600"
"""2020-02-02, as hatchling takes it. A zip archive knows no time before 1980, wherever the clock is."""

_STAYS = frozenset({"PIP_CERT", "PIP_CLIENT_CERT", "PIP_PROXY"})
"""How the address is reached, as the rest of us reached it."""

_SHOWN = 25
"""Lines of what pip says that are shown where a build fails."""


class NotBuilt(ClientError):
    """An sdist could not be built.

    :ivar said: the last of what pip said, by lines.
    """

    def __init__(self, filename: str, said: Sequence[str]) -> None:
        super().__init__(f"{filename} could not be built", "What pip said of it is above.")
        self.said = said


def to_be_built(files: Iterable[ListedFile], interpreter: Interpreter) -> list[ListedFile]:
    """The sdists among ``files`` of whose releases no wheel fits, where their markers hold."""
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
        and interpreter.heeds(file.marker)
    }
    return [wanted[filename] for filename in sorted(wanted)]


def compiled(
    sdists: Sequence[ListedFile], folder: Path, room: Path, index_url: str, interpreter: Interpreter
) -> dict[str, Path]:
    """A wheel of each of ``sdists``, by the sdist's filename.

    :param folder: where the sdists are.
    :param room: an empty folder to work in.
    :param index_url: of the address; with a login where it wants one.
    :raises NotBuilt: one could not be built.
    :raises BadUsage: there is no environment to build in.
    """
    environ = _environ(room, index_url)
    python = interpreter.environment(room / "environment", environ)
    wheels: dict[str, Path] = {}
    for number, sdist in enumerate(sdists):
        tell_remark(f"building {sdist.filename}")
        wheels[sdist.filename] = _wheel(python, sdist, folder, room / f"built-{number}", environ)
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
        umask=0o022,  # modes of files get into wheels
    )
    built = sorted(into.glob("*.whl"))
    if done.returncode or len(built) != 1:
        raise NotBuilt(sdist.filename, done.stdout.splitlines()[-_SHOWN:])
    return built[0]


def _environ(room: Path, index_url: str) -> dict[str, str]:
    """What builds see of the environment: it is the user's, but for what would make another build of it elsewhere."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _STAYS or not name.startswith(("PIP_", "PYTHON", "UV_"))
    }
    home = room / "home"
    home.mkdir()
    netrc = os.environ.get("NETRC") or str(Path("~/.netrc").expanduser())
    own = {"HOME": str(home), "NETRC": netrc, "PYTHONNOUSERSITE": "1", "PYTHONHASHSEED": "0"}
    return pointed_at(index_url, {"SOURCE_DATE_EPOCH": _EPOCH} | _toolchain() | kept | own)


def _toolchain() -> dict[str, str]:
    """Where rustup and cargo have what the user installed: without a home, the programs in PATH find no compiler."""
    places = {"RUSTUP_HOME": Path("~/.rustup").expanduser(), "CARGO_HOME": Path("~/.cargo").expanduser()}
    return {name: str(place) for name, place in places.items() if place.is_dir()}
