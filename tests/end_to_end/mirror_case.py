"""A static tree of a running server, and a real nginx that serves it."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.end_to_end.case import LOCK, WithSources
from tests.end_to_end.server import ROOT, Server
from tests.nginx import StaticNginx
from tests.ports import free_ports

__all__ = ["MirrorCase"]


class MirrorCase(WithSources):
    """A server that calls itself by the URL of an nginx, which serves a tree of it."""

    def setUp(self) -> None:
        [self.port] = free_ports(1)
        self.served_at = f"http://127.0.0.1:{self.port}"
        super().setUp()
        self.tree = self.folder / "tree"

    def started(self, *options: str) -> Server:
        """Start a server that calls itself by the URL of the nginx."""
        own = ("--upstream", self.upstream.url, *self.allowed, "--url", self.served_at)
        return super().started(*(options or own))

    @property
    def environ(self) -> dict[str, str]:
        """The variables for a command: a server inside it keeps its store in the folder of this test."""
        return os.environ | {"XDG_STATE_HOME": str(self.folder / "state")}

    def reqpi(self, *arguments: str, status: int = 0) -> str:
        """Run a command to its end; what it says."""
        done = subprocess.run(
            [sys.executable, "-m", "reqpi", *arguments], cwd=ROOT, env=self.environ, capture_output=True, text=True,
            timeout=240, check=False,
        )  # fmt: skip
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout + done.stderr

    def mirrored(self, lock: str = LOCK, *options: str, status: int = 0) -> str:
        """Write the tree of a lock from the running server; what is said."""
        file = self.folder / "requirements.txt"
        file.write_text(lock)
        where = ("--url", self.server.url, "--served-at", self.served_at)
        return self.reqpi("mirror", str(file), "-o", str(self.tree), *where, *options, status=status)

    def serving(self) -> StaticNginx:
        nginx = StaticNginx(self.folder / "nginx", self.tree, self.port)
        self.addCleanup(nginx.stop)
        return nginx

    def rows(self, address: str) -> list[list[str]]:
        """The list of objects: key, file, content type, caching, sha256."""
        head, *rows = (self.tree / f"{address}.objects.tsv").read_text().splitlines()
        self.assertEqual(head.split("\t"), ["key", "file", "content-type", "cache-control", "sha256"])
        return [row.split("\t") for row in rows]
