"""``reqpi fetch``: a folder from which everything installs, with no index and no network."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from time import monotonic, sleep

import pytest

from tests.end_to_end import clients
from tests.end_to_end.case import LOCK, EndToEnd
from tests.end_to_end.server import ROOT
from tests.fake_upstream.faults import First, Status, Trickle, WrongBytes


class FetchCase(EndToEnd):
    """Runs the command in the test's own folder."""

    def fetch(self, *options: str, lock: str = LOCK, url: bool = True) -> subprocess.CompletedProcess[str]:
        process = self.begun(*options, lock=lock, url=url)
        out, err = process.communicate(timeout=240)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def begun(self, *options: str, lock: str = LOCK, url: bool = True) -> subprocess.Popen[str]:
        (self.folder / "requirements.txt").write_text(lock)
        where = ["--url", self.server.url] if url else ["--upstream", self.upstream.url, "--store", "own"]
        command = [sys.executable, "-m", "reqpi", "fetch", "requirements.txt", "-o", "out", *where, *options]
        environ = {name: value for name, value in os.environ.items() if not name.startswith("REQPI_")}
        return subprocess.Popen(
            command, cwd=self.folder, env=environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def reqpi(self, *arguments: str, environ: Mapping[str, str] = {}) -> subprocess.CompletedProcess[str]:
        """Any command, in the folder of the test."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("REQPI_")}
        return subprocess.run(
            [sys.executable, "-m", "reqpi", *arguments], cwd=self.folder,
            env=kept | {"PYTHONPATH": str(ROOT)} | dict(environ),
            capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip

    def out(self) -> dict[str, bytes]:
        """What is in the folder."""
        return {path.name: path.read_bytes() for path in (self.folder / "out").iterdir()}

    def expected(self, *projects: str) -> dict[str, bytes]:
        return {file.filename: file.content for name, file in self.files.items() if not projects or name in projects}


class FetchTests(FetchCase):
    """What is in the folder, and what is asked for."""

    def test_all_of_it_and_nothing_else(self) -> None:
        """From a server; the second time nothing is fetched."""
        done = self.fetch()
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
        self.assertRegex(done.stderr, r"^reqpi: 4 files, [0-9.]+ KiB, 4 of them new, in out\n\Z")
        self.assertEqual(self.out(), self.expected())
        self.server.stop()
        self.server = self.started()
        done = self.fetch()
        self.assertIn(" 0 of them new", done.stderr)
        self.server.stop()  # and all is logged
        self.assertTrue([line for line in self.server.log if '"GET ' in line])
        self.assertFalse([line for line in self.server.log if ".whl" in line or ".tar.gz" in line])

    def test_straight_from_the_upstream(self) -> None:
        """By the same code, with a server inside."""
        done = self.fetch(url=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.out(), self.expected())

    def test_json(self) -> None:
        done = self.fetch("--json", "--quiet")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        said = json.loads(done.stdout)
        self.assertEqual({file["filename"]: file["sha256"] for file in said["files"]},
                         {file.filename: file.sha256 for file in self.files.values()})  # fmt: skip
        self.assertTrue(all(file["new"] for file in said["files"]))

    def test_filters_and_markers(self) -> None:
        """lonely is for Python 2, which the target that is named is not; source is an sdist."""
        target = ["--platform", "manylinux2014_x86_64", "--python-version", "3.12"]
        self.assertEqual(self.fetch(*target, "--only-binary=:all:").returncode, 0)
        self.assertEqual(self.out(), self.expected("top", "mid"))
        self.assertEqual(self.fetch("--no-binary=:all:").returncode, 0)
        self.assertEqual(self.out(), self.expected("top", "mid", "source"))

    def test_a_filter_that_means_nothing(self) -> None:
        done = self.fetch("--platform", "a/b")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("platform: 'a/b' is not a valid tag", done.stderr)

    def test_one_sdist_of_each_release(self) -> None:
        tar = self.upstream.sdist("both", "1.0")
        self.upstream.sdist("both", "1.0", form="zip")
        self.assertEqual(self.fetch(lock="both==1.0\n").returncode, 0)
        self.assertEqual(self.out(), {tar.filename: tar.content})

    @pytest.mark.clients
    def test_it_goes_on_where_it_was_interrupted(self) -> None:
        """Killed, or by Ctrl-C: nothing wrong is there, and what came is not fetched again."""
        for project, how in (("killed", signal.SIGKILL), ("interrupted", signal.SIGINT)):
            file = self.upstream.wheel(project, "1.0", files={"large.bin": os.urandom(4 << 20)})
            self.upstream.fail(file.filename, Trickle(piece=1 << 10, first=2 << 20))  # the rest: four minutes
            process = self.begun(lock=f"{project}==1.0\n")
            part = self.folder / "out" / f".{file.sha256}.part"
            end = monotonic() + 240
            while not (part.exists() and part.stat().st_size > 1 << 20):
                self.assertLess(monotonic(), end, "nothing came")
                self.assertIsNone(process.poll(), "it ended by itself")
                sleep(0.02)
            process.send_signal(how)
            out, err = process.communicate(timeout=240)
            self.assertEqual((process.returncode, out), (-9 if how == signal.SIGKILL else 130, ""), err)
            self.assertEqual(set(self.out()), {part.name})
            self.upstream.heal(file.filename)
            self.served(f"{self.committed(f'{project}==1.0')}{project}/{file.filename}")
            log = len(self.server.log)
            self.assertEqual(self.fetch(lock=f"{project}==1.0\n").returncode, 0)
            self.assertEqual(self.out(), {file.filename: file.content})
            self.server.logged(file.filename, '" 206 ', since=log)
            (self.folder / "out" / file.filename).unlink()

    def test_a_part_that_is_wrong_is_forgotten(self) -> None:
        """Half of it is somebody else's."""
        top = self.files["top"]
        (self.folder / "out").mkdir()
        (self.folder / "out" / f".{top.sha256}.part").write_bytes(b"X" * 100)
        self.assertEqual(self.fetch().returncode, 0)
        self.assertEqual(self.out(), self.expected())

    def test_a_wrong_file_is_an_error(self) -> None:
        """It is neither overwritten nor taken for right."""
        (self.folder / "out").mkdir()
        wrong = self.folder / "out" / self.files["top"].filename
        wrong.write_bytes(b"mine")
        done = self.fetch()
        self.assertEqual(done.returncode, 3)
        self.assertIn(f"missing: {wrong.name}: out/{wrong.name} has other bytes than the lock admits", done.stderr)
        self.assertEqual(self.out(), self.expected("mid", "source", "lonely") | {wrong.name: b"mine"})

    def test_wrong_bytes_from_upstream(self) -> None:
        """All else is there; the status says that it is not all."""
        self.upstream.fail(self.files["mid"].filename, WrongBytes())
        done = self.fetch()
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn(f"missing: {self.files['mid'].filename}: ", done.stderr)
        self.assertEqual({name for name in self.out() if not name.startswith(".")},
                         set(self.expected("top", "source", "lonely")))  # fmt: skip

    def test_trouble_that_passes(self) -> None:
        self.upstream.fail(self.files["mid"].filename, First(5, Status(503)))
        self.assertEqual(self.fetch().returncode, 0)
        self.assertEqual(self.out(), self.expected())

    def test_a_folder_that_cannot_be(self) -> None:
        (self.folder / "out").touch()
        done = self.fetch()
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("out cannot be written", done.stderr)


@pytest.mark.clients
class InstallTests(FetchCase):
    """What is it for."""

    def test_pip_and_uv_install_without_a_network(self) -> None:
        """In a network namespace that has none, where the system lets us make one."""
        lock = "top==1.0\nmid==1.5\nsource==3.0\n"
        self.assertEqual(self.fetch(lock=lock).returncode, 0)
        apart = ["unshare", "--net", "--map-root-user"]
        if subprocess.run([*apart, "true"], capture_output=True, check=False).returncode:
            apart = []
        pip, uv = clients.environment("pip", "pip"), clients.environment("uv", "uv")
        links = ["--no-index", "--find-links", "out", "-r", "requirements.txt"]
        for name, command in (
            ("pip", [pip / "python", "-m", "pip", "install", "--no-build-isolation", *links]),
            ("uv", [uv / "uv", "pip", "install", "--no-build-isolation", "--python", pip / "python", *links]),
        ):
            done = clients.run([*apart, *command, "--target", name], self.folder, {"PIP_CONFIG_FILE": "/dev/null"})
            self.assertEqual(done.status, 0, done.said)
            found = {path.name for path in (self.folder / name).glob("*.py")}
            self.assertEqual(found, {"top.py", "mid.py", "source.py"})

    def test_reqpi_env_is_enough(self) -> None:
        """No option, and an index elsewhere that it takes away."""
        lock = "top==1.0\nmid==1.5\nsource==3.0\n"
        self.assertEqual(self.fetch(lock=lock).returncode, 0)
        printed = subprocess.run(
            [sys.executable, "-m", "reqpi", "env", "out", "--shell", "json"], cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        environ = json.loads(printed)["set"]
        self.upstream.close()
        self.server.stop()
        pip, uv = clients.environment("pip", "pip"), clients.environment("uv", "uv")
        for name, command in (
            ("pip", [pip / "python", "-m", "pip", "install", "--no-build-isolation"]),
            ("uv", [uv / "uv", "pip", "install", "--no-build-isolation", "--python", pip / "python"]),
        ):
            done = clients.run([*command, "--target", name, "top"], self.folder, environ)
            self.assertEqual(done.status, 0, done.said)
            found = {path.name for path in (self.folder / name).glob("*.py")}
            self.assertEqual(found, {"top.py", "mid.py", "source.py"})
