"""Locks that contain URLs: clients that ask no index, with the upstream switched off."""

from __future__ import annotations

import os
import subprocess
import sys
from hashlib import sha256

import pytest

from tests.end_to_end.case import EndToEnd, WithSources
from tests.end_to_end.clients import Done, environment, run
from tests.end_to_end.server import ROOT
from tests.end_to_end.test_pdm import PROJECT
from tests.fake_upstream import Distribution
from tests.fake_upstream.distributions import build_wheel

pytestmark = pytest.mark.clients

PINNED = {"top": "1.0", "mid": "1.5", "source": "3.0"}


class RewrittenCase(EndToEnd):
    """A project with a lock that its tool has made from the upstream."""

    __test__ = False

    requirements = [f"{name}=={version}" for name, version in PINNED.items()]

    def __init_subclass__(cls) -> None:
        cls.__test__ = cls.__name__.endswith("Tests")

    def stocked(self) -> dict[str, Distribution]:
        """A lock for all platforms needs what only another one installs, too."""
        return {**super().stocked(), "windows": self.upstream.wheel("windows", "1.0")}

    def project(self, more: str = "") -> None:
        (self.folder / "pyproject.toml").write_text(PROJECT.format(requirements=self.requirements) + more)
        run([sys.executable, "-m", "venv", "--without-pip", ".venv"], self.folder, {})

    def rewrite(self, name: str) -> str:
        """Commit and hold the lock, and write it over itself with its URLs below the address; the URL of the index."""
        lock = self.folder / name
        document = lock.read_bytes()
        command = [sys.executable, "-m", "reqpi", "gethash", "--url", self.server.url, "--hold", "--rewrite", str(lock)]
        done = subprocess.run([*command, str(lock)], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        index = f"{self.server.url}/{sha256(document).hexdigest()}/simple/"
        self.assertEqual(done.stdout, f"{index}\n")
        response, served = self.get(f"{index.removesuffix('simple/')}{name}")
        self.assertEqual((response.status, served), (200, lock.read_bytes()))
        self.assertNotIn(self.upstream.url.removesuffix("simple/").encode(), served)
        return index

    def assert_installed(self, done: Done) -> None:
        self.assertEqual(done.status, 0, done.said)
        [packages] = (self.folder / ".venv").glob("lib/python*/site-packages")
        found = {path.stem: path.read_text().partition("'")[2].partition("'")[0] for path in packages.glob("*.py")}
        self.assertLessEqual(PINNED.items(), found.items())


class UvTests(RewrittenCase):
    """uv sync --frozen, which takes every file from the URL in uv.lock."""

    def uv(self, *words: str, **environ: str) -> Done:
        command = [environment("uv", "uv") / "uv", "--no-config", "--no-cache", *words]
        return run([*command, "--python", sys.executable], self.folder, {"UV_HTTP_RETRIES": "1", **environ})

    def locked(self) -> None:
        self.project()
        done = self.uv("lock", UV_DEFAULT_INDEX=self.upstream.url)
        self.assertEqual(done.status, 0, done.said)

    def test_a_frozen_lock_installs_without_the_upstream(self) -> None:
        """The lock as it was would not: it names the upstream."""
        self.locked()
        original = (self.folder / "uv.lock").read_bytes()
        index = self.rewrite("uv.lock")
        rewritten = (self.folder / "uv.lock").read_bytes()
        self.upstream.close()
        (self.folder / "uv.lock").write_bytes(original)
        self.assertNotEqual(self.uv("sync", "--frozen").status, 0)
        (self.folder / "uv.lock").write_bytes(rewritten)
        self.assert_installed(self.uv("sync", "--frozen"))
        self.assertEqual(self.refused(index), set())

    def test_uv_takes_the_rewritten_lock_for_one_of_the_address(self) -> None:
        """With the index set to that of the address, not even --locked finds anything to change."""
        self.locked()
        index = self.rewrite("uv.lock")
        self.assert_installed(self.uv("sync", "--locked", UV_DEFAULT_INDEX=index))

    def test_a_second_index_is_never_asked(self) -> None:
        """It stays another index in the lock, and uv only compares it."""
        self.locked()
        lock = self.folder / "uv.lock"
        head, name, rest = lock.read_text().partition('[[package]]\nname = "top"')
        own = self.upstream.url.rstrip("/")
        lock.write_text(head + name + rest.replace(own, "https://index.example.org/whl/cpu", 1))
        index = self.rewrite("uv.lock")
        self.assertIn(f"{index.removesuffix('simple/')}files/index.example.org/whl/cpu", lock.read_text())
        self.upstream.close()
        self.assert_installed(self.uv("sync", "--frozen"))
        self.assertEqual(self.refused(index), set())

    def test_another_digest_in_the_lock_fails(self) -> None:
        """Digests are uv's own check, and are in the rewritten lock as they were."""
        self.locked()
        self.rewrite("uv.lock")
        lock = self.folder / "uv.lock"
        digest = self.files["mid"].sha256
        lock.write_text(lock.read_text().replace(digest, sha256(b"other").hexdigest()))
        done = self.uv("sync", "--frozen")
        self.assertNotEqual(done.status, 0)
        self.assertIn("mid", done.said)


class UvSourceTests(RewrittenCase, WithSources):
    """An archive at a URL of its own, which uv.lock names as a source."""

    def test_an_archive_comes_through_the_address(self) -> None:
        wheel = build_wheel("archived", "1.0")
        url = self.host.archive("download/archived-1.0-py3-none-any.whl", wheel)
        self.requirements = [*self.requirements, "archived"]
        self.project(f'[tool.uv.sources]\narchived = {{ url = "{url}" }}\n')
        uv = [environment("uv", "uv") / "uv", "--no-config", "--no-cache"]
        environ = {"UV_DEFAULT_INDEX": self.upstream.url, "SSL_CERT_FILE": str(self.host.authority)}
        done = run([*uv, "lock", "--python", sys.executable], self.folder, environ)
        self.assertEqual(done.status, 0, done.said)
        index = self.rewrite("uv.lock")
        self.assertIn(f"{index.removesuffix('simple/')}files/{url.removeprefix('https://')}",
                      (self.folder / "uv.lock").read_text())  # fmt: skip
        asked = len(self.host.requests)
        self.upstream.close()
        done = run([*uv, "sync", "--frozen", "--python", sys.executable], self.folder, {"UV_HTTP_RETRIES": "1"})
        self.assert_installed(done)
        self.assertEqual(len(self.host.requests), asked)
        [packages] = (self.folder / ".venv").glob("lib/python*/site-packages")
        self.assertTrue((packages / "archived-1.0.dist-info").exists())


class PdmTests(RewrittenCase):
    """pdm sync, with a lock that has static URLs."""

    def pdm(self, *words: str, **environ: str) -> Done:
        own = {
            "PDM_CONFIG_FILE": os.devnull,
            "PDM_CHECK_UPDATE": "0",
            "PDM_CACHE_DIR": str(self.folder / "cache"),
            "PDM_IGNORE_ACTIVE_VENV": "1",
            "PDM_REQUEST_TIMEOUT": "30",
        }
        return run([environment("pdm", "pdm[locked]") / "pdm", *words, "-vv"], self.folder, own | environ)

    def test_a_lock_with_static_urls_installs_without_the_upstream(self) -> None:
        """pdm has nothing in its cache that it could use instead."""
        self.project()
        platform = "macos" if sys.platform == "darwin" else "linux"
        locked = self.pdm("lock", "--static-urls", "--platform", platform, PDM_PYPI_URL=self.upstream.url)
        self.assertEqual(locked.status, 0, locked.said)
        self.rewrite("pdm.lock")
        self.upstream.close()
        done = self.pdm(
            "sync", "--no-self", PDM_CACHE_DIR=str(self.folder / "fresh"), PDM_PYPI_URL="http://127.0.0.1:9/"
        )
        self.assert_installed(done)
