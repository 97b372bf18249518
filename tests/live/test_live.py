"""The lock that the project ships, from the real upstream, through pip and uv."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import pytest
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.end_to_end.clients import Done, environment, run
from tests.end_to_end.server import ROOT, Server
from tests.live.reachable import why_not

pytestmark = [pytest.mark.live, pytest.mark.xdist_group("live")]  # the second client finds what the first fetched

LOCK = ROOT / "examples" / "requirements.txt"


class LiveTests(SynchronousTestCase):
    """What is pinned installs, with all digests required; what is not fails, and is named."""

    folder: Path
    server: Server

    @classmethod
    def setUpClass(cls) -> None:
        """One server for all: the second client finds warm what the first one fetched."""
        reason = why_not()
        if reason:
            raise SkipTest(f"NOT RUN: {reason}")
        cls._folder = TemporaryDirectory()
        cls.addClassCleanup(cls._folder.cleanup)
        cls.folder = Path(cls._folder.name)
        cls.server = Server(cls.folder / "store")
        cls.addClassCleanup(cls.server.stop)

    def committed(self, lock: bytes) -> str:
        """The index's URL."""
        command = [sys.executable, "-m", "reqpi", "gethash", "--url", self.server.url, "-"]
        done = subprocess.run(command, cwd=ROOT, input=lock, capture_output=True, timeout=240, check=False)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        index = done.stdout.decode().strip()
        self.assertEqual(index, f"{self.server.url}/{sha256(lock).hexdigest()}/simple/")
        return index

    def pip(self, index: str, *words: object) -> Done:
        """pip install."""
        command = [environment("pip", "pip") / "python", "-m", "pip", "install", "--no-cache-dir", "--retries", "1"]
        environ = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": index, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        return run([*command, *words], self.home(), environ)

    def uv(self, index: str, *words: object) -> Done:
        """uv pip install."""
        command = [environment("uv", "uv") / "uv", "--no-config", "--no-cache", "pip", "install"]
        return run([*command, "--python", sys.executable, *words], self.home(), {"UV_DEFAULT_INDEX": index})

    def home(self) -> Path:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return Path(folder.name)

    def target(self) -> Path:
        return self.home() / "target"

    def refused(self, index: str) -> set[str]:
        """The projects that were asked for and not admitted."""
        parts = urlsplit(index)
        connection = HTTPConnection(parts.netloc, timeout=240)
        self.addCleanup(connection.close)
        connection.request("GET", parts.path.removesuffix("simple/") + "refused")
        return {entry["project"] for entry in json.loads(connection.getresponse().read())["refused"]}

    def installed(self, target: Path) -> set[str]:
        return {path.name.partition("-")[0].lower() for path in target.glob("*.dist-info")}

    def test_the_lock_installs_with_pip_and_with_uv(self) -> None:
        """All of it, the same from both."""
        index = self.committed(LOCK.read_bytes())
        found = []
        for install in (self.pip, self.uv):
            target = self.target()
            done = install(index, "--require-hashes", "-r", LOCK, "--target", target)
            self.assertEqual(done.status, 0, done.said)
            found.append(self.installed(target))
        self.assertGreaterEqual(len(found[0]), 30)
        self.assertEqual(found[0], found[1])
        self.assertEqual(self.refused(index), set())

    def test_a_bare_requirement_gets_the_pinned_version_and_all_it_needs(self) -> None:
        """``pip install Twisted[tls]`` where the lock has it."""
        index = self.committed(LOCK.read_bytes())
        target = self.target()
        done = self.pip(index, "Twisted[tls]", "--target", target)
        self.assertEqual(done.status, 0, done.said)
        self.assertTrue((target / "twisted-26.10.0.dist-info").exists(), done.said)
        self.assertIn("pyopenssl", self.installed(target))

    def test_with_one_line_removed_it_fails_and_the_server_says_which(self) -> None:
        """For pip and uv alike."""
        head, _, rest = LOCK.read_text().partition("constantly==")
        lock = head + rest[rest.index("\nc") + 1 :]
        for install, extra in ((self.pip, ""), (self.uv, "# for uv\n")):
            index = self.committed((lock + extra).encode())
            done = install(index, "Twisted[tls]", "--target", self.target())
            self.assertNotEqual(done.status, 0, done.said)
            self.assertIn("constantly", done.said)
            self.assertEqual(self.refused(index), {"constantly"})
