"""A lock is held, the upstream goes, and everything installs."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from time import monotonic
from typing import Any

import pytest

from tests.end_to_end import clients
from tests.end_to_end.case import LOCK, EndToEnd
from tests.end_to_end.server import ROOT
from tests.fake_upstream.faults import Status


class HeldTests(EndToEnd):
    """``gethash --hold`` against a real server."""

    def gethash(
        self, *options: str, lock: str = LOCK, stderr: int = subprocess.PIPE
    ) -> subprocess.CompletedProcess[str]:
        file = self.folder / "requirements.txt"
        file.write_text(lock)
        command = [sys.executable, "-m", "reqpi", "gethash", "--url", self.server.url, *options, str(file)]
        return subprocess.run(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=stderr, text=True, timeout=240, check=False
        )

    def verdict(self, index: str, query: str = "") -> Any:
        return json.loads(self.get(f"{index.removesuffix('simple/')}held{query}")[1])

    def test_it_prints_the_index_once_all_is_there(self) -> None:
        done = self.gethash("--hold")
        self.assertEqual((done.returncode, done.stdout.count("\n")), (0, 1), done.stderr)
        size = sum(len(file.content) for file in self.files.values())
        self.assertRegex(done.stderr, r"^reqpi: held: 4 files, [0-9.]+ KiB\n.*no digest.*\n\Z")
        verdict = self.verdict(done.stdout.strip())
        self.assertEqual((verdict["complete"], verdict["held_size"]), (True, size))

    def test_a_lock_of_a_hundred_kilobytes(self) -> None:
        """The request has a query now, and is taken all the same."""
        done = self.gethash("--hold", lock=LOCK + f"# {'x' * 100}\n" * 1000)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_filters(self) -> None:
        """What they leave is held and nothing else; what does not fit is told."""
        done = self.gethash("--hold", "--only-binary=:all:", "--python-version", "3.12")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("reqpi: source 3.0 has no file for these filters\n", done.stderr)
        self.assertEqual(self.upstream.asked(self.files["source"].filename), [])
        verdict = self.verdict(done.stdout.strip(), "?only-binary=:all:&python-version=3.12")
        self.assertEqual((verdict["complete"], verdict["files"]), (True, 2))
        everything = self.verdict(done.stdout.strip())
        missing = {self.files["lonely"].filename, self.files["source"].filename}  # lonely is for Python 2
        self.assertEqual({each["filename"] for each in everything["missing"]}, missing)

    def test_filters_alone_are_a_mistake(self) -> None:
        done = self.gethash("--platform", "any")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("add --hold", done.stderr)

    def test_what_cannot_be_had_is_named(self) -> None:
        """stdout stays empty; and the second time goes on from what is there."""
        self.upstream.fail(self.files["mid"].filename, Status(404))
        done = self.gethash("--hold")
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertIn("requirements.txt is not held: 1 missing", done.stderr)
        self.assertIn(f"reqpi: missing: {self.files['mid'].filename}\n", done.stderr)
        self.upstream.heal(self.files["mid"].filename)
        self.upstream.forget()
        end = monotonic() + 240
        while self.gethash("--hold").returncode:  # for some seconds the failure is remembered
            self.assertLess(monotonic(), end)
        self.assertEqual(self.upstream.asked(self.files["top"].filename), [])

    def test_a_server_that_is_started_again_goes_on(self) -> None:
        """Nobody is about it any more, so the client asks for it again."""
        index = self.gethash("--hold").stdout.strip()
        self.server.kill()
        self.server = self.started()
        verdict = self.verdict(index.replace(index.split("/")[2], self.server.url[7:]))
        self.assertTrue(verdict["complete"])

    def test_what_is_repaired_is_fetched_again_at_once(self) -> None:
        """``reqpi verify --repair --url``, beside the running server."""
        index = self.gethash("--hold").stdout.strip()
        before, sha256 = len(self.upstream.asked(self.files["top"].filename)), self.files["top"].sha256
        (blob,) = self.store.rglob(sha256)
        blob.write_bytes(b"X" * len(self.files["top"].content))
        command = [sys.executable, "-m", "reqpi", "verify", "--store", str(self.store), "--repair"]
        done = subprocess.run(
            [*command, "--url", self.server.url], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("is fetching the removed files of lock ", done.stderr)
        end = monotonic() + 240
        while not self.verdict(index)["complete"]:
            self.assertLess(monotonic(), end)
        self.assertEqual(blob.read_bytes(), self.files["top"].content)
        self.assertEqual(len(self.upstream.asked(self.files["top"].filename)), before + 1)

    def test_a_bar_on_a_terminal(self) -> None:
        """It is taken away at the end."""
        ours, its = pty.openpty()
        self.addCleanup(os.close, ours)
        done = self.gethash("--hold", stderr=its)
        os.close(its)
        shown = os.read(ours, 1 << 16).decode()
        self.assertEqual(done.returncode, 0, shown)
        self.assertIn("\r\x1b[K", shown)
        self.assertRegex(shown, r"\x1b\[Kreqpi: held: 4 files, [0-9.]+ KiB\r\n.*no digest.*\r\n\Z")

    @pytest.mark.clients
    def test_pip_and_uv_install_with_the_upstream_gone(self) -> None:
        """All of it, on a server that was started anew."""
        lock = LOCK.replace("lonely", "# lonely")
        index = self.gethash("--hold", lock=lock).stdout.strip()
        self.assertTrue(index)
        self.upstream.close()
        self.server.stop()
        self.server = self.started("--upstream", self.upstream.url)
        index = index.replace(index.split("/")[2], self.server.url[7:])
        pip, uv = clients.environment("pip", "pip"), clients.environment("uv", "uv")
        for name, command in (
            (
                "pip",
                [
                    pip / "python",
                    "-m",
                    "pip",
                    "install",
                    "--no-cache-dir",
                    "--no-build-isolation",
                    "--target",
                    "got-pip",
                    "top",
                ],
            ),
            ("uv", [uv / "uv", "pip", "install", "--python", pip / "python", "--target", "got-uv", "top"]),
        ):
            option = "--index-url" if name == "pip" else "--default-index"
            done = clients.run([*command, option, index], self.folder, {"PIP_CONFIG_FILE": "/dev/null"})
            self.assertEqual(done.status, 0, done.said)
            installed = {path.name for path in (self.folder / f"got-{name}").glob("*.py")}
            self.assertEqual(installed, {"top.py", "mid.py", "source.py"})
