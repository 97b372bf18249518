"""``reqpi wheelhouse`` and ``/<address>/wheelhouse.tar``: one archive, the same bytes from everywhere."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from hashlib import sha256
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.end_to_end import clients
from tests.end_to_end.case import LOCK, EndToEnd
from tests.end_to_end.server import ROOT
from tests.fake_upstream.faults import Status

INSTALLED = LOCK.replace("lonely", "# lonely")


class WheelhouseCase(EndToEnd):
    """Runs the command in the test's own folder."""

    def wheelhouse(self, *options: str, lock: str = LOCK, url: bool = True) -> subprocess.CompletedProcess[str]:
        (self.folder / "requirements.txt").write_text(lock)
        where = ["--url", self.server.url] if url else ["--upstream", self.upstream.url, "--store", "own"]
        command = [sys.executable, "-m", "reqpi", "wheelhouse", "requirements.txt", *where, *options]
        environ = {name: value for name, value in os.environ.items() if not name.startswith("REQPI_")}
        return subprocess.run(
            command, cwd=self.folder, env=environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip

    def archive(self, index: str) -> bytes:
        """What a server sends, once it has all of it."""
        url = f"{index.removesuffix('simple/')}wheelhouse.tar"
        end = monotonic() + 240
        while (answer := self.get(url))[0].status == 503:
            self.assertLess(monotonic(), end, answer[1])
            sleep(0.1)
        self.assertEqual(answer[0].status, 200, answer[1])
        return answer[1]


class WheelhouseTests(WheelhouseCase):
    """A real server, and one inside."""

    def test_the_same_bytes_from_everywhere(self) -> None:
        """From a server asked over HTTP, by the command, and from a server inside on a store of its own."""
        data = self.archive(self.committed())
        done = self.wheelhouse("-o", "a.tar")
        self.assertEqual((done.returncode, done.stdout), (0, f"{sha256(data).hexdigest()}  a.tar\n"), done.stderr)
        self.assertEqual((self.folder / "a.tar").read_bytes(), data)
        done = self.wheelhouse("-o", "b.tar", url=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.folder / "b.tar").read_bytes(), data)

    def test_its_list_is_right(self) -> None:
        """As sha256sum says."""
        self.assertEqual(self.wheelhouse("-o", "a.tar").returncode, 0)
        with tarfile.open(self.folder / "a.tar") as archive:
            archive.extractall(self.folder, filter="data")
        checked = subprocess.run(
            ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=self.folder / "wheelhouse",
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        self.assertEqual(checked.stdout.count(": OK"), 5)

    def test_parts_of_it(self) -> None:
        """With the ETag of the whole."""
        index = self.committed()
        data = self.archive(index)
        url = f"{index.removesuffix('simple/')}wheelhouse.tar"
        response, part = self.get(url, Range="bytes=1000-4999")
        self.assertEqual((response.status, part), (206, data[1000:5000]))
        etag = response.headers["ETag"]
        self.assertEqual(self.get(url, **{"If-None-Match": etag})[0].status, 304)
        response, body = self.get(f"{url}?only-binary=:all:")
        self.assertEqual(response.status, 200)
        self.assertNotEqual(response.headers["ETag"], etag)
        self.assertLess(len(body), len(data) + 1)
        self.assertEqual(self.get(f"{url}?platform=a/b")[0].status, 400)

    def test_what_cannot_be_had(self) -> None:
        """It is named, and there is no archive."""
        self.upstream.fail(self.files["mid"].filename, Status(404))
        done = self.wheelhouse("-o", "a.tar")
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertIn(f"missing: {self.files['mid'].filename}", done.stderr)
        self.assertEqual([path.name for path in self.folder.glob("*.tar*")], [])
        url = f"{self.committed().removesuffix('simple/')}wheelhouse.tar"
        response, body = self.get(url)
        self.assertEqual(response.status, 503)
        self.assertIn(b"is not held: mid-1.5", body)

    def test_a_file_that_is_damaged_meanwhile_is_fetched_again(self) -> None:
        """If it cannot be fetched, the command keeps nothing."""
        index = self.committed()
        data = self.archive(index)
        (blob,) = self.store.rglob(self.files["top"].sha256)
        content = self.files["top"].content
        blob.write_bytes(b"X" * len(content))
        done = self.wheelhouse("-o", "a.tar")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.archive(index), data)
        (self.folder / "a.tar").unlink()
        blob.write_bytes(b"X" * len(content))
        self.upstream.fail(self.files["top"].filename, Status(404))
        done = self.wheelhouse("-o", "a.tar")
        self.assertEqual((done.returncode, done.stdout), (3, ""), done.stderr)
        self.assertFalse((self.folder / "a.tar").exists())

    @pytest.mark.clients
    def test_pip_and_uv_install_from_it(self) -> None:
        """Without an index, and by its own requirements."""
        self.assertEqual(self.wheelhouse("-o", "a.tar", lock=INSTALLED).returncode, 0)
        with tarfile.open(self.folder / "a.tar") as archive:
            archive.extractall(self.folder, filter="data")
        pip, uv = clients.environment("pip", "pip"), clients.environment("uv", "uv")
        links = ["--no-index", "--find-links", "wheelhouse", "--require-hashes", "-r", "wheelhouse/requirements.txt"]
        for name, command in (
            ("pip", [pip / "python", "-m", "pip", "install", "--no-build-isolation", *links]),
            ("uv", [uv / "uv", "pip", "install", "--no-build-isolation", "--python", pip / "python", *links]),
        ):
            done = clients.run([*command, "--target", name], self.folder, {"PIP_CONFIG_FILE": "/dev/null"})
            self.assertEqual(done.status, 0, done.said)
            found = {path.name for path in (Path(self.folder) / name).glob("*.py")}
            self.assertEqual(found, {"top.py", "mid.py", "source.py"})


class OneWheelTests(WheelhouseCase):
    """With a platform, of each release what pip would choose there."""

    def names(self) -> set[str]:
        with tarfile.open(self.folder / "a.tar") as archive:
            return {name.removeprefix("wheelhouse/") for name in archive.getnames()} - {
                "SHA256SUMS",
                "requirements.txt",
            }

    def stocked(self):  # type: ignore[no-untyped-def]
        here = f"cp{sys.version_info[0]}{sys.version_info[1]}"
        self.many = [
            self.upstream.wheel("many", "1.0", tag=tag).filename
            for tag in (f"{here}-{here}-manylinux2014_x86_64", f"{here}-abi3-manylinux1_x86_64", "py3-none-any")
        ]
        self.many.append(self.upstream.sdist("many", "1.0").filename)
        return super().stocked()

    @pytest.mark.clients
    def test_pips_own_recipe_works_on_what_is_unpacked(self) -> None:
        lock = "many==1.0\ntop==1.0\nmid==1.5\n" + 'lonely==1.0; sys_platform == "win32"\n'
        for options, expected in (
            ([], {self.many[0], "top-1.0-py3-none-any.whl", "mid-1.5-py3-none-any.whl"}),
            (["--all-wheels"], {*self.many, "top-1.0-py3-none-any.whl", "mid-1.5-py3-none-any.whl",
                                "lonely-1.0-py3-none-any.whl"}),
        ):  # fmt: skip
            done = self.wheelhouse("-o", "a.tar", "--platform", "current", *options, lock=lock)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(self.names(), expected)
            if not options:
                with tarfile.open(self.folder / "a.tar") as archive:
                    archive.extractall(self.folder, filter="data")
        pip = clients.environment("pip", "pip")
        wheels = [str(path) for path in (self.folder / "wheelhouse").glob("*.whl")]
        install = [pip / "python", "-m", "pip", "install", "--no-index", "--no-deps", "--target", "got", *wheels]
        done_too = clients.run(install, self.folder, {"PIP_CONFIG_FILE": "/dev/null"})
        self.assertEqual(done_too.status, 0, done_too.said)
        self.assertEqual({path.name for path in (self.folder / "got").glob("*.py")}, {"many.py", "top.py", "mid.py"})
