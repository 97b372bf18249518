"""The cargo of this machine, as a judge of a Cargo.lock: whether it matches its Cargo.toml, and what would.

cargo resolves, and builds nothing. It reads what a stranger wrote, so it gets a folder with manifests and empty sources
alone (:mod:`reqpi.core.crates.cargo_tree`), variables and a ``CARGO_HOME`` of its own, and an index on loopback. It
runs in the topmost folder, because cargo obeys any ``.cargo/config.toml`` in the folder where it runs and above, and
rustup any ``rust-toolchain.toml``. No build script, compiler or credential provider is started.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path, PurePosixPath
from shutil import which
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from attrs import frozen

from reqpi.cli.processes.bounded_child import Ended, run_bounded
from reqpi.cli.processes.cargo_home import active_toolchain
from reqpi.cli.processes.loopback_index import LoopbackIndex
from reqpi.core.cargo_vars import with_cargo
from reqpi.core.crates.cargo_config import config_of_index
from reqpi.core.crates.cargo_tree import CargoTree

__all__ = ["LocalCargo", "NotResolved", "local_cargo"]

_SECONDS = 120.0
"""Time that cargo may take for one sdist. It takes a tenth of a second, and the time of the index."""

_PROXIES = ("CARGO_HTTP_PROXY", "http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy")

_LARGEST_LOCK = 8 << 20

_CHECK = ("update", "--workspace", "--locked")
_REGENERATE = ("update", "--workspace")
"""Resolve again, and keep each version of the Cargo.lock that the manifests still admit. No crate is downloaded."""

_DIFFERS = ("because --locked was passed to prevent this", "needs to be updated but --locked was passed")
_UNMET = ("failed to select a version", "no matching package")
"""The words of cargo if it would write another lock: those of 1.93 and newer, and those of older ones; and its words if
nothing in the lock is what a manifest requires."""

_CHANGE = re.compile(r"^ +(Adding|Removing|Updating|Downgrading) ([^\s`]{1,80}) (v\S{1,80})", re.MULTILINE)
_PLACE = re.compile(r" \(/[^)\n]*\)")
"""The folder of a package in a message."""

_SHOWN = 300


class NotResolved(Exception):
    """cargo could not resolve the crates of a tree; the message says why."""


@frozen
class LocalCargo:
    """The cargo of this machine.

    :param program: its path.
    :param toolchain: for rustup; empty without it.
    :param environ: the variables of this process.
    """

    program: str
    toolchain: str
    environ: Mapping[str, str]

    def difference(self, tree: CargoTree, index: LoopbackIndex) -> str:
        """Return in words how a Cargo.lock differs from what cargo would write; empty if it does not.

        :param tree: has a Cargo.lock.
        :param index: lists the releases of that Cargo.lock, and no others.
        :raises NotResolved: cargo does not say: it is too old, for example.
        """
        with self._written(tree) as place, index.served() as url:
            ended = self._run(_CHECK, place, tree, url, index)
        if ended.status == 0:
            return ""
        if ended.status is None or index.troubles or not any(each in ended.said for each in (*_DIFFERS, *_UNMET)):
            raise NotResolved(_reason(ended, index))
        changes = [] if any(each in ended.said for each in _UNMET) else _CHANGE.findall(ended.said)
        return f"cargo: {', '.join(map(' '.join, changes[:3]))}" if changes else _reason(ended, index)

    def regenerated(self, tree: CargoTree, index: LoopbackIndex) -> bytes:
        """Return the Cargo.lock that cargo writes for a tree.

        :param index: lists the releases that cargo may choose from.
        :raises NotResolved: cargo finds none.
        """
        with self._written(tree) as place, index.served() as url:
            ended = self._run(_REGENERATE, place, tree, url, index)
            if ended.status != 0:
                raise NotResolved(_reason(ended, index))
            return _written_lock(place, tree)

    @contextmanager
    def _written(self, tree: CargoTree) -> Iterator[Path]:
        """Write a tree into a new ``CARGO_HOME``: cargo looks for a workspace in the folders above, up to that one.

        :raises NotResolved: its files contradict each other.
        """
        with TemporaryDirectory(prefix="reqpi-cargo-", ignore_cleanup_errors=True) as home:
            place = Path(home).resolve() / "sdist"
            files = {**tree.files} | ({} if tree.lock is None else {tree.lock_path: tree.lock})
            try:
                for path, content in files.items():
                    file = place / path
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(content)
            except (OSError, ValueError) as error:
                raise NotResolved(f"its files cannot be written: {error}"[:_SHOWN]) from error
            yield place

    def _run(self, command: tuple[str, ...], place: Path, tree: CargoTree, url: str, index: LoopbackIndex) -> Ended:
        home = place.parent
        (home / "config.toml").write_bytes(config_of_index(url, index.registries))
        environ = _environ(self.environ, home, url)
        words = [self.program, *command, "--color", "never", "--manifest-path", str(place / tree.manifest)]
        return run_bounded(words, home.anchor, with_cargo(environ, str(home), self.toolchain), seconds=_SECONDS)


def local_cargo(environ: Mapping[str, str]) -> LocalCargo | None:
    """Return the cargo of this machine; ``None`` if there is none.

    :param environ: the variables of this process.
    """
    program = which("cargo", path=environ.get("PATH"))
    if program is None:
        return None
    toolchain = environ.get("RUSTUP_TOOLCHAIN") or active_toolchain(environ)
    return LocalCargo(str(Path(program).absolute()), toolchain, environ)


def _environ(environ: Mapping[str, str], home: Path, url: str) -> dict[str, str]:
    """Return the variables of cargo: nothing of the user's but where programs are.

    The index is the proxy for every request, and refuses those that are not for itself.
    """
    proxy = f"http://{urlsplit(url).netloc}"
    passed = {name: environ[name] for name in ("PATH", "SYSTEMROOT") if name in environ}
    rustup = Path(environ.get("RUSTUP_HOME") or Path(environ.get("HOME") or Path.home()) / ".rustup")
    return {
        **passed,
        **({"RUSTUP_HOME": str(rustup)} if rustup.is_dir() else {}),
        "HOME": str(home),
        "TMPDIR": str(home),
        "LC_ALL": "C",
        "RUSTUP_AUTO_INSTALL": "0",
        "CARGO_NET_RETRY": "0",
        "CARGO_HTTP_TIMEOUT": str(int(_SECONDS)),
        "RUSTC": str(home / "none"),  # cargo would ask the compiler for its version, and goes on without it
        "CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS": "allow",
        **dict.fromkeys(_PROXIES, proxy),
    }


def _written_lock(place: Path, tree: CargoTree) -> bytes:
    """Return the Cargo.lock of the workspace that a tree belongs to: it may be in a folder above its Cargo.toml.

    :raises NotResolved: there is none, or it is too large.
    """
    folders = [PurePosixPath(tree.root), *PurePosixPath(tree.root).parents]
    for folder in folders:
        file = place / folder / "Cargo.lock"
        if file.is_file():
            if file.stat().st_size > _LARGEST_LOCK:
                raise NotResolved("the Cargo.lock that cargo writes is too large")
            return file.read_bytes()
    raise NotResolved("cargo wrote no Cargo.lock")


def _reason(ended: Ended, index: LoopbackIndex) -> str:
    if index.troubles:
        return index.troubles[0][:_SHOWN]
    if ended.status is None:
        return f"cargo did not end within {_SECONDS:.0f} s, or could not be run"
    lines = iter(_PLACE.sub("", ended.said).splitlines())
    first = next((line for line in lines if line.startswith("error: ")), None)
    if first is None:
        return f"cargo failed with status {ended.status}"
    rest = [line.strip() for line in lines]
    causes = [after for line, after in pairwise(rest) if line == "Caused by:"]
    more = [line for line in rest if line.startswith(("candidate", "required by"))]
    return f"cargo: {'; '.join([first.removeprefix('error: '), *causes[-1:], *more[:2]])}"[:_SHOWN]
