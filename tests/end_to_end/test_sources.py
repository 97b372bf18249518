"""A lock with everything that a lock can pin, installed by clients that are told of nothing but the address."""

from __future__ import annotations

import io
import sys
import tarfile
from hashlib import sha256
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.end_to_end.case import WithSources
from tests.end_to_end.clients import environment, run
from tests.end_to_end.server import ROOT
from tests.fake_upstream.distributions import build_sdist

pytestmark = pytest.mark.clients

NOWHERE = "http://127.0.0.1:9/"  # discard: nobody answers there


class SourcesTests(WithSources):
    """Releases with digests, an https archive and a git commit, together."""

    def setUp(self) -> None:
        super().setUp()
        archive = build_sdist("archived", "1.0", ["top"])
        repository = self.host.repository("committed")
        commit = repository.commit(unpacked(build_sdist("committed", "2.0")))
        url = self.host.archive("download/archived.tar.gz", archive)
        pins = [f"{name}=={version} --hash=sha256:{self.files[name].sha256}" for name, version in RELEASES.items()]
        self.lock = "\n".join(
            [
                *pins,
                f"archived @ {url} --hash=sha256:{sha256(archive).hexdigest()}",
                f"committed @ git+{repository.url}@{commit}  # as it was",
                "",
            ]
        )
        self.target = self.folder / "target"

    def exported(self, name: str) -> str:
        """Where an export is, once all that it needs was fetched."""
        place = self.committed(self.lock).removesuffix("simple/")
        self.served(f"{place}{name}")
        return f"{place}{name}"

    def assert_installed(self) -> None:
        names = {path.name.partition("-")[0] for path in self.target.glob("*.dist-info")}
        self.assertEqual(names, {*RELEASES, "archived", "committed"})
        agents = {request.headers["user-agent"].partition("/")[0] for request in self.host.requests}
        self.assertLessEqual(agents, {"reqpi", "git"})

    def test_pip_needs_no_other_host(self) -> None:
        """Digests stand beside a git commit here, which pip alone cannot do."""
        python = environment("pip", "pip") / "python"
        install = [python, "-m", "pip", "install", "--no-cache-dir", "--target", self.target]
        for name in ("requirements.txt", "pylock.toml"):
            environ = {"PIP_CONFIG_FILE": "/dev/null", "PIP_INDEX_URL": NOWHERE}
            done = run([*install, "-r", self.exported(name)], self.folder, environ)
            self.assertEqual(done.status, 0, done.said)
            self.assert_installed()

    def test_uv_needs_no_other_host(self) -> None:
        """The same. An index in its environment would win over the one in the file, so there is none."""
        uv = environment("uv", "uv") / "uv"
        install = [uv, "--no-config", "--no-cache", "pip", "install", "--target", self.target]
        done = run([*install, "--python", sys.executable, "-r", self.exported("requirements.txt")], self.folder, {})
        self.assertEqual(done.status, 0, done.said)
        self.assert_installed()

    def test_a_host_that_the_operator_does_not_allow_keeps_back_its_projects_alone(self) -> None:
        """A warning names the option, pip gets the rest, and the host is asked for nothing."""
        self.server.stop()
        self.server = self.started("--upstream", self.upstream.url)
        (self.folder / "requirements.txt").write_text(self.lock)
        command = [sys.executable, "-m", "reqpi", "gethash", "--url", self.server.url, "requirements.txt"]
        done = run(command, self.folder, {"PYTHONPATH": str(ROOT)})
        self.assertEqual(done.status, 0, done.said)
        self.assertIn("archived and committed: refused when asked for", done.said)
        self.assertIn(f"--allow-host {self.host.name}", done.said)
        index = next(line for line in done.said.split() if line.endswith("/simple/"))
        download = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--no-cache-dir",
            "--no-deps",
            "--index-url",
            index,
            "-d",
            "got",
        ]
        environ = {"PIP_CONFIG_FILE": "/dev/null"}
        self.assertEqual(run([*download, "top"], self.folder, environ).status, 0)
        self.assertEqual(run([*download, "committed"], self.folder, environ).status, 1)
        refused = self.assertRaises(HTTPError, urlopen, f"{index}committed/")
        self.assertEqual(refused.code, 410)
        self.assertIn(f"nothing is taken from {self.host.name}", refused.reason)
        self.assertIn(f"--allow-host {self.host.name}", refused.read().decode())
        self.assertEqual(self.host.requests, [])


RELEASES = {"top": "1.0", "mid": "1.5", "source": "3.0"}


def unpacked(sdist: bytes) -> dict[str, str | bytes]:
    """The files of an sdist, but for its PKG-INFO: as they stand in a repository."""
    with tarfile.open(fileobj=io.BytesIO(sdist)) as archive:
        files = {member.name.partition("/")[2]: archive.extractfile(member) for member in archive if member.isfile()}
        return {name: file.read() for name, file in files.items() if file is not None and name != "PKG-INFO"}
