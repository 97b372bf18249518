"""A test of the commands against a server that lies: in this process, in a folder of its own."""

from __future__ import annotations

import os
from contextlib import redirect_stderr, redirect_stdout
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

from reqpi.cli import main
from tests.attacks.lying_server import LyingServer
from tests.client.case import ClientTestCase
from tests.distributions import digest_of
from tests.fake_upstream import build_sdist, build_wheel

__all__ = ["CONTENTS", "OPEN_LOCK", "ServerCase", "hashed"]


CONTENTS = {
    "six-1.0-py3-none-any.whl": build_wheel("six", "1.0"),
    "six-1.0.tar.gz": build_sdist("six", "1.0"),
    "idna-3.1-py3-none-any.whl": build_wheel("idna", "3.1"),
}
"""The files that the locks of these tests pin."""

OPEN_LOCK = b"six==1.0\nidna==3.1\n"
"""A lock without digests."""


def hashed(*algorithms: str) -> bytes:
    """A lock with every digest of all files, of these algorithms."""

    def line(project: str, version: str) -> str:
        files = [content for name, content in CONTENTS.items() if name.startswith(f"{project}-")]
        digests = [digest_of(content, algorithm) for content in files for algorithm in algorithms]
        return " ".join([f"{project}=={version}", *(f"--hash={digest}" for digest in digests)])

    return f"{line('six', '1.0')}\n{line('idna', '3.1')}\n".encode()


class ServerCase(ClientTestCase):
    """A folder with a lock, and a server that tells the truth about it until a test changes it."""

    document = hashed("sha256")

    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir(parents=True)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)
        self.begin(self.document)

    def begin(self, document: bytes) -> None:
        """Start a server for this lock."""
        self.liar = LyingServer(document, CONTENTS)
        self.addCleanup(self.liar.close)
        for path in (self.folder / "requirements.txt", self.folder / "src" / "requirements.txt"):
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(document)
        (self.folder / "src" / "pyproject.toml").write_text('[project]\nname = "own"\nversion = "1"\n')

    def reqpi(self, *arguments: str) -> tuple[int, str]:
        """Run a command; its status, and what it says."""
        err, out = StringIO(), TextIOWrapper(BytesIO(), "utf-8", write_through=True)
        with redirect_stderr(err), redirect_stdout(out):
            try:
                status = main(list(arguments))
            except SystemExit as ended:
                status = int(ended.code or 0)
        return status, err.getvalue()

    def left(self) -> set[str]:
        """Everything in the folder apart from what the test put there, folders without content left out."""
        found = {str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if not path.is_dir()}
        return found - {"requirements.txt", "src/requirements.txt", "src/pyproject.toml"}

    def command(self, name: str) -> tuple[str, ...]:
        """A command that takes something from the server."""
        url, lock = ("--url", self.liar.url), "requirements.txt"
        return {
            "fetch": ("fetch", lock, "-o", "out", *url),
            "fetch --platform": ("fetch", lock, "-o", "out", "--platform", "win_amd64", *url),
            "fetch --source": (
                *("fetch", "--source", "src", "-o", "out", "--mode", "permissive", *url),
                '{"type": "pip", "binary": {}}',
            ),
            "wheelhouse": ("wheelhouse", lock, "-o", "a.tar", *url),
            "wheelhouse --build": ("wheelhouse", lock, "-o", "a.tar", "--build", *url),
            "sbom": ("sbom", lock, "-o", "bom.json", *url),
            "sbom --format spdx": ("sbom", lock, "-o", "bom.json", "--format", "spdx", *url),
            "diff": ("diff", lock, f"{self.liar.url}/{self.liar.address}/simple/"),
        }[name]
