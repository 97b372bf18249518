"""``reqpi fetch --source`` and ``--request``, with the commands and requests of Hermeto and Cachito."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from hashlib import sha256

import pytest

from tests.end_to_end import clients
from tests.end_to_end.prefetch_case import PrefetchCase
from tests.end_to_end.server import ROOT
from tests.end_to_end.test_sources import unpacked
from tests.fake_upstream.distributions import build_sdist, build_wheel, wheel_filename
from tests.sourcehost import SourceHost


@pytest.mark.clients
class InterfacesTests(PrefetchCase):
    """The whole way, with archives and repositories, and with pip at its end."""

    def setUp(self) -> None:
        super().setUp()
        self.host = SourceHost()
        self.addCleanup(self.host.close)
        self.allowed = ("--allow-host", self.host.name, "--ca", str(self.host.authority))

    def command(self, *arguments: str) -> str:
        """What another command prints."""
        done = subprocess.run(
            [sys.executable, "-m", "reqpi", *arguments], cwd=self.folder, env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def installed(self, environ: Mapping[str, str], *arguments: str) -> set[str]:
        """What pip installs that is told of nothing but what is in ``environ``."""
        pip = clients.environment("pip", "pip")
        install = [pip / "python", "-m", "pip", "install", "--no-build-isolation", "--target", "t"]
        done = clients.run([*install, *arguments], self.folder, environ)
        self.assertEqual(done.status, 0, done.said)
        return {path.name for path in (self.folder / "t").glob("*.py")}

    def test_a_source_and_pip_without_an_index(self) -> None:
        """Sources have names that no release has; ``inject`` writes these, and ``env`` says where they are."""
        archive = build_sdist("archived", "1.0")
        url = self.host.archive("archived.tar.gz", archive)
        repository = self.host.repository("committed.git")
        commit = repository.commit(unpacked(build_sdist("committed", "2.0")))
        self.write("requirements.txt", "top==1.0\nmid==1.5\nsource==3.0\n")
        digest = sha256(archive).hexdigest()
        lines = f"archived @ {url} --hash=sha256:{digest}\ncommitted @ git+{repository.url}@{commit}\n"
        self.write("requirements-urls.txt", lines)
        asked = {"type": "pip", "requirements_files": ["requirements.txt", "requirements-urls.txt"]}
        self.fetch(asked, *self.allowed, inside=True)
        names = {f"archived-{digest}.tar.gz", f"committed-gitcommit-{commit}.tar.gz"}
        self.assertEqual(self.there(), {"top-1.0.tar.gz", "mid-1.5.tar.gz", "source-3.0.tar.gz"} | names)
        sources = self.document(".build-config.json")["sources"]
        self.assertEqual({each["file"] for each in sources.values()}, names)
        self.assertEqual(set(sources), {url, f"git+{repository.url}@{commit}"})
        asked_for = len(self.upstream.requests), len(self.host.requests)
        self.fetch(asked, *self.allowed, inside=True)
        self.assertEqual((len(self.upstream.requests), len(self.host.requests)), asked_for)
        self.assertEqual(self.command("inject", "out", "--source", "src"), "")
        environ = json.loads(self.command("env", "out", "--shell", "json"))["set"]
        self.assertEqual(environ["PIP_FIND_LINKS"], str(self.out / "deps/pip"))
        # pip would have the hashes of the one hold for the other.
        self.assertEqual(self.installed(environ, "-r", "src/requirements.txt"), {"top.py", "mid.py", "source.py"})
        self.assertLessEqual(
            {"archived.py", "committed.py"}, self.installed(environ, "-r", "src/requirements-urls.txt")
        )

    def test_a_request(self) -> None:
        """The repository is there at its commit, and what its packages require; wheels only where that is asked for."""
        repository = self.host.repository("tool.git")
        (repository.folder / "link").symlink_to("/etc/passwd")
        commit = repository.commit({"requirements.txt": "top==1.0\n", "sub/requirements.txt": "mid==1.5\n"})
        repository.commit({"requirements.txt": "top==2.0\n"})
        request = {"repo": repository.url, "ref": commit, "pkg_managers": ["pip"]}
        request["packages"] = {"pip": [{"path": "."}, {"path": "sub", "binary": {}}]}
        (self.folder / "request.json").write_text(json.dumps(request))
        arguments = ["--request", "request.json", "--output", "out", *self.allowed]
        done = self.reqpi(*arguments, inside=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("left out: link", done.stderr)
        self.assertEqual((self.out / "app/requirements.txt").read_text(), "top==1.0\n")
        self.assertEqual(self.there(), {"top-1.0.tar.gz", "mid-1.5.tar.gz", "mid-1.5-py3-none-any.whl"})
        own = self.document("bom.json")["metadata"]["component"]
        self.assertEqual((own["name"], own["purl"].rpartition("%40")[2]), ("tool", commit))
        asked_for = len(self.upstream.requests), len(self.host.requests)
        self.assertIn(" 0 of them new", self.reqpi(*arguments, inside=True).stderr)
        self.assertEqual((len(self.upstream.requests), len(self.host.requests)), asked_for)

    def test_requests_that_cannot_be_done(self) -> None:
        """A host that is not allowed, a wheel where sources are wanted."""
        repository = self.host.repository("tool.git")
        filename = wheel_filename("wheeled", "1.0")
        wheel = build_wheel("wheeled", "1.0")
        url = self.host.archive(filename, wheel)
        digest = sha256(wheel).hexdigest()
        commit = repository.commit({"requirements.txt": f"wheeled @ {url} --hash=sha256:{digest}\n"})
        request = {"repo": repository.url, "ref": commit, "pkg_managers": ["pip"]}
        (self.folder / "request.json").write_text(json.dumps(request))
        for options, expected in (
            ((), "--allow-host"),
            (self.allowed, "out/app/requirements.txt:1: wheeled 1.0 is a wheel"),
        ):
            done = self.reqpi("--request", "request.json", "--output", "out", *options, inside=True)
            self.assertNotIn(done.returncode, (0, 70), done.stderr)
            self.assertIn(expected, done.stderr)
