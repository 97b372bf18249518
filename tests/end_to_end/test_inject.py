"""``reqpi fetch``, ``reqpi inject``, and an install without a network of a lock that names URLs and commits."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from hashlib import sha256

import pytest

from tests.end_to_end import clients
from tests.end_to_end.case import WithSources
from tests.end_to_end.server import ROOT
from tests.end_to_end.test_sources import unpacked
from tests.fake_upstream.distributions import build_sdist


class InjectCase(WithSources):
    """Archives and repositories beside an index."""

    def archive(self, name: str, project: str, *, as_in_a_repository: bool = False) -> str:
        """The lines that pin an archive, which may be of a repository: it does not say whose it is."""
        data = build_sdist(project, "1.0", ["top"])
        if as_in_a_repository:
            data = packed(unpacked(data))
        return f"{project} @ {self.host.archive(name, data)} \\\n    --hash=sha256:{sha256(data).hexdigest()}"

    def commit(self, project: str) -> str:
        repository = self.host.repository(project)
        return f"git+{repository.url}@{repository.commit(unpacked(build_sdist(project, '2.0')))}"

    def reqpi(self, *arguments: str) -> str:
        """What a command that succeeds says on stderr."""
        done = subprocess.run(
            [sys.executable, "-m", "reqpi", *arguments], cwd=self.folder, env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr

    def fetched(self, lock: str, *options: str) -> dict[str, object]:
        """Fetch a lock into ``out``; what the folder then says of itself."""
        (self.folder / "requirements.txt").write_text(lock)
        self.reqpi("fetch", "requirements.txt", "-o", "out", "--url", self.server.url, *options)
        found: dict[str, object] = json.loads((self.folder / "out/.reqpi.json").read_bytes())
        return found


class FetchTests(InjectCase):
    """What ``reqpi fetch`` leaves for it."""

    def test_each_source_has_its_file(self) -> None:
        """Two archives of one name lie side by side; what the platform does not need is left out."""
        one = self.archive("one/v1.0.tar.gz", "one", as_in_a_repository=True)
        two = self.archive("two/v1.0.tar.gz", "two", as_in_a_repository=True)
        other = self.archive("archived.tar.gz", "archived").replace(" \\", ' ; sys_platform == "win32" \\')
        said = self.fetched(
            f"{one}\n{two}\n{other}\n", "--platform", "manylinux2014_x86_64", "--python-version", "3.12"
        )
        places = [each.split()[2] for each in (one, two, other)]
        self.assertEqual(said["left_out"], [places[2]])
        sources = said["sources"]
        assert isinstance(sources, dict)
        self.assertEqual(set(sources), set(places[:2]))
        for entry in sources.values():
            data = (self.folder / "out" / entry["file"]).read_bytes()
            self.assertEqual(entry["sha256"], sha256(data).hexdigest())
        self.assertEqual(len(list((self.folder / "out").glob("*v1.0.tar.gz"))), 2)
        self.assertIn("2 requirements in 1 file", self.reqpi("inject", "out", "-r", "requirements.txt"))


@pytest.mark.clients
class InstallTests(InjectCase):
    """What is it for."""

    def test_pip_and_uv_install_without_a_network_and_with_hashes(self) -> None:
        """In a network namespace that has none, where the system lets us make one: hashes are required of all lines."""
        names = {"top": "1.0", "mid": "1.5", "source": "3.0"}
        pins = [f"{name}=={version} --hash=sha256:{self.files[name].sha256}" for name, version in names.items()]
        lines = [*pins, self.archive("download/archived.tar.gz", "archived"), f"-e {self.commit('made')}#egg=made", ""]
        self.fetched("\n".join(lines))
        said = self.reqpi("inject", "out", "-r", "requirements.txt")
        self.assertIn("2 requirements in 1 file rewritten", said)
        self.server.stop()
        self.host.close()
        apart = ["unshare", "--net", "--map-root-user"]
        if subprocess.run([*apart, "true"], capture_output=True, check=False).returncode:
            apart = []
        pip, uv = clients.environment("pip", "pip"), clients.environment("uv", "uv")
        links = ["--no-index", "--find-links", "out", "--no-build-isolation", "--require-hashes"]
        wanted = {"top.py", "mid.py", "source.py", "archived.py", "made.py"}
        installers = {
            "pip": [pip / "python", "-m", "pip", "install"],
            "uv": [uv / "uv", "pip", "install", "--python", pip / "python"],
        }
        for name, command in installers.items():
            words = [*apart, *command, *links, "-r", "requirements.txt", "--target", name]
            done = clients.run(words, self.folder, {"PIP_CONFIG_FILE": "/dev/null"})
            self.assertEqual(done.status, 0, done.said)
            self.assertEqual({path.name for path in (self.folder / name).glob("*.py")}, wanted)
        (made,) = (self.folder / "out").glob("made-*.tar.gz")
        made.write_bytes(b"something else")
        words = [*apart, *installers["pip"], *links, "--no-cache-dir", "-r", "requirements.txt", "--target", "x"]
        done = clients.run(words, self.folder, {"PIP_CONFIG_FILE": "/dev/null"})
        self.assertIn("THESE PACKAGES DO NOT MATCH THE HASHES", done.said)


def packed(files: Mapping[str, str | bytes]) -> bytes:
    """An archive of a repository."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else content.encode()
            member = tarfile.TarInfo(f"top/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()
