"""A lock whose URLs name hosts that only the proxy of the user knows, and clients that ask for exactly these URLs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from twisted.trial.unittest import SynchronousTestCase

from tests.end_to_end.clients import Done
from tests.end_to_end.server import ROOT
from tests.fake_upstream import Distribution, Upstream
from tests.proxy import OwnProxy

__all__ = ["HOST", "RunProxyCase", "original_url", "pylock", "uv_lock"]

HOST = "index.example.org"
"""A name that no name server knows. The proxy of the user leads it to the tests' upstream."""


@pytest.mark.processes
class RunProxyCase(SynchronousTestCase):
    """A folder with a project, an upstream over TLS, and the proxy that the user has to go through."""

    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.upstream = Upstream(tls=True)
        self.addCleanup(self.upstream.close)
        port = int(self.upstream.url.split(":")[2].split("/")[0])
        self.outside = OwnProxy({f"{HOST}:443": port})
        self.addCleanup(self.outside.close)
        self.top = self.upstream.wheel("top", "1.0", ["mid>=1"])
        self.mid = self.upstream.wheel("mid", "1.5")
        self.other = self.upstream.wheel("other", "1.0")

    def url(self, file: Distribution) -> str:
        return original_url(file)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    def uv_lock(self, *files: Distribution) -> None:
        """Write a uv project, and its lock with these files."""
        for name, text in uv_lock(*files).items():
            self.write(name, text)

    def pylock(self, *files: Distribution) -> None:
        """Write a pylock.toml with these files."""
        self.write("pylock.toml", pylock(*files))

    def run_behind(
        self,
        lock: str,
        *command: object,
        options: tuple[str, ...] = (),
        folder: str = ".",
        limit: float = 240,
        **environ: str,
    ) -> Done:
        """Run a command behind ``reqpi run``; its status, and all that both print.

        :param folder: in which both run.
        :param limit: seconds.
        """
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        own = {
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.folder),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "HTTPS_PROXY": self.outside.url,
            "REQPI_STORE": str(self.folder / "store"),
            "REQPI_UPSTREAM": f"https://{HOST}/simple/",
            "REQPI_CA": str(self.upstream.authority),
            "NO_COLOR": "1",
            "COLUMNS": "400",
        }
        done = subprocess.run(
            [sys.executable, "-m", "reqpi", "run", *options, lock, "--", *map(str, command)],
            cwd=self.folder / folder,
            env=kept | own | environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=limit,
            check=False,
        )
        self.assertNotIn("Traceback", done.stdout)
        return Done(done.returncode, done.stdout)

    def assert_only_reqpi_asked_outside(self) -> None:
        """No client reached the upstream: each request that it received came from the server of the run."""
        self.assertTrue(self.upstream.requests)
        agents = {request.headers.get("user-agent", "").partition("/")[0] for request in self.upstream.requests}
        self.assertLessEqual(agents, {"reqpi", "ReqPI"})


def original_url(file: Distribution) -> str:
    """Where the clients' locks have a file."""
    return f"https://{HOST}/files/{file.filename}"


def uv_lock(*files: Distribution) -> dict[str, str]:
    """A uv project, and its lock with these files: texts by filename."""
    names = [file.filename.partition("-")[0] for file in files]
    wanted = ", ".join(f'"{name}"' for name in names)
    packages = [
        f'[[package]]\nname = "{name}"\nversion = "{file.version}"\n'
        f'source = {{ registry = "https://{HOST}/simple" }}\n'
        f'wheels = [\n    {{ url = "{original_url(file)}", hash = "sha256:{file.sha256}", '
        f"size = {len(file.content)} }},\n]\n"
        for name, file in zip(names, files, strict=True)
    ]
    own = "".join(f'    {{ name = "{name}" }},\n' for name in names)
    head = 'version = 1\nrevision = 3\nrequires-python = ">=3.11"\n'
    project = (
        '[[package]]\nname = "own"\nversion = "1"\nsource = { virtual = "." }\n'
        f"dependencies = [\n{own}]\n\n[package.metadata]\nrequires-dist = [\n{own}]\n"
    )
    return {
        "pyproject.toml": f'[project]\nname = "own"\nversion = "1"\ndependencies = [{wanted}]\n',
        "uv.lock": "\n".join([head, *packages, project]),
    }


def pylock(*files: Distribution) -> str:
    """A pylock.toml with these files."""
    packages = [
        f'[[packages]]\nname = "{file.filename.partition("-")[0]}"\nversion = "{file.version}"\n'
        f'index = "https://{HOST}/simple"\n'
        f'wheels = [{{ url = "{original_url(file)}", size = {len(file.content)}, '
        f'hashes = {{ sha256 = "{file.sha256}" }} }}]\n'
        for file in files
    ]
    return "\n".join(['lock-version = "1.0"\ncreated-by = "tests"\n', *packages])
