"""A store that is full, that cannot be written, that is away: what clients get, and that nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import urlsplit

import pytest
from twisted.trial.unittest import SkipTest

from tests.end_to_end import clients
from tests.end_to_end.case import EndToEnd
from tests.end_to_end.server import ROOT, Server
from tests.end_to_end.test_object_store import ObjectStoreCase, words
from tests.slow_line import SlowLine

_ROOM = 4 << 20
"""Bytes of the file system that gets full."""


class SmallDiskCase(EndToEnd):
    """A store on a file system of 4 MiB."""

    def setUp(self) -> None:
        self.disk: Path | None = None
        super().setUp()

    def started(self, *options: str) -> Server:
        if self.disk is None:
            self.disk = self.folder / "disk"
            self.disk.mkdir()
            self.mount("-t", "tmpfs", "-o", f"size={_ROOM},mode=700", "tmpfs", str(self.disk))
            self.addCleanup(subprocess.run, ["umount", "--lazy", str(self.disk)], check=False, capture_output=True)
            self.store = self.disk / "store"
        return super().started(*options)

    def mount(self, *words: str) -> None:
        done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SkipTest(f"nothing can be mounted here: {done.stderr.strip()}")

    def verify(self) -> None:
        command = [sys.executable, "-m", "reqpi", "verify", "--json", "--store", str(self.store)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(json.loads(done.stdout)["damages"], [])


@pytest.mark.clients
class FullDiskTests(SmallDiskCase):
    """The file system has no room left."""

    def test_what_is_there_is_served_and_the_rest_is_507(self) -> None:
        """Until there is room; then everything is well by itself, and nothing half-written is left."""
        file = self.upstream.wheel("large", "1.0", files={"large.bin": os.urandom(1 << 20)})
        lock = "top==1.0\nlarge==1.0\n"
        index = self.posted(lock)
        top = f"{index}top/{self.files['top'].filename}"
        self.assertEqual(self.served(top), self.files["top"].content)
        self.served(f"{index}large/")
        assert self.disk is not None
        filler = self.disk / "filler"
        self.fill(filler)
        for _ in range(3):
            response, body = self.get(f"{index}large/{file.filename}")
            self.assertEqual((response.status, response.reason), (507, "the store is full"), body)
        response, body = self.post(f"{self.server.url}/locks", b"six==1.0\n" + b"# room\n" * 5000)
        self.assertEqual(response.status, 507, body)
        self.assertEqual(self.posted(lock), index)
        self.assertEqual(self.get(top)[1], self.files["top"].content)
        self.assertEqual(list((self.store / "incoming").iterdir()), [])
        self.verify()
        filler.unlink()
        self.assertEqual(self.served(f"{index}large/{file.filename}"), file.content)
        self.verify()

    def test_it_starts_on_a_full_disk(self) -> None:
        """To serve what it has."""
        index = self.posted()
        top = f"{index}top/{self.files['top'].filename}"
        self.served(top)
        self.server.stop()
        assert self.disk is not None
        self.fill(self.disk / "filler")
        self.server = self.started()
        self.assertEqual(self.get(top.replace(index.split("/")[2], self.server.url[7:]))[1], self.files["top"].content)

    def fill(self, path: Path) -> None:
        with path.open("wb", buffering=0) as filler:
            try:
                for size in (1 << 16, 1 << 12, 1):
                    while True:
                        try:
                            filler.write(b"x" * size)
                        except OSError:
                            break
            finally:
                os.fsync(filler.fileno())


@pytest.mark.clients
class ReadOnlyTests(SmallDiskCase):
    """The file system was remounted read-only, as after an error of the disk."""

    def test_what_is_there_is_served(self) -> None:
        """And the rest is 503, until it can be written again."""
        index = self.posted()
        top, mid = (f"{index}{name}/{self.files[name].filename}" for name in ("top", "mid"))
        self.served(top)
        self.served(f"{index}mid/")
        self.mount("-o", "remount,ro", str(self.disk))
        self.assertEqual(self.get(top)[1], self.files["top"].content)
        self.assertEqual(self.posted(), index)
        self.assertIn(self.files["mid"].filename.encode(), self.get(f"{index}mid/")[1])
        response, body = self.get(mid)
        self.assertEqual((response.status, json.loads(body)["title"]), (503, "the store cannot be written"))
        self.mount("-o", "remount,rw", str(self.disk))
        self.assertEqual(self.served(mid), self.files["mid"].content)
        self.verify()


@pytest.mark.clients
@pytest.mark.figures
class SlowStoreTests(ObjectStoreCase):
    """An object store a tenth of a second away, and as long back."""

    def store_options(self, folder: Path) -> list[str]:
        super().store_options(folder)
        line = SlowLine(urlsplit(self.seaweed.options["endpoint"]).port or 0, 0.1)
        self.addCleanup(line.close)
        return words(self.seaweed.options | {"endpoint": f"http://127.0.0.1:{line.port}"})

    def test_an_install_takes_longer(self) -> None:
        """And that is all."""
        index = self.posted()
        for client in ("pip", "uv"):
            began = monotonic()
            done = self.installed(client, index, client)
            self.assertEqual(done.status, 0, done.said)
            self.assert_installed(client)
            print(f"0.2 s to the store and back: {client} installed 3 packages in {monotonic() - began:.0f} s")
        self.assertEqual(self.verify()["damages"], [])


@pytest.mark.clients
@pytest.mark.figures
class AwayTests(ObjectStoreCase):
    """An object store that stands still."""

    def test_away_for_30_seconds_in_the_middle_of_an_install(self) -> None:
        """pip and uv are told at once, and what they had to wait for they get later; nothing is lost."""
        projects = [f"part{number}" for number in range(10)]
        for project in projects:
            self.upstream.wheel(project, "1.0", files={f"{project}.py": os.urandom(1 << 14)})
        index = self.posted("".join(f"{project}==1.0\n" for project in projects))
        self.assertEqual(self.installed("uv", index, "before", "part0").status, 0)
        clients.environment("pip", "pip")
        self.freeze(30.0)
        began = monotonic()
        with ThreadPoolExecutor() as pool:
            uv = pool.submit(self.installed, "uv", index, "uv", *projects, UV_HTTP_RETRIES="12")
            pip = pool.submit(self.installed, "pip", index, "pip", *projects, PIP_RETRIES="20")
            for done in (uv.result(), pip.result()):
                self.assertEqual(done.status, 0, done.said)
        print(f"the store was away for 30 s: pip and uv installed all of it within {monotonic() - began:.0f} s")
        self.assertGreater(monotonic() - began, 15)
        self.wait()
        for folder in ("uv", "pip"):
            self.assertEqual({path.name for path in (self.folder / folder).glob("*.py")}, {f"{p}.py" for p in projects})
        self.assertEqual(self.verify()["damages"], [])

    def freeze(self, seconds: float) -> None:
        """Have the object store stand still from now on, for a while."""
        process = self.seaweed._process
        assert process is not None
        process.send_signal(signal.SIGSTOP)
        self.thaw = threading.Timer(seconds, process.send_signal, [signal.SIGCONT])
        self.thaw.start()

    def wait(self) -> None:
        self.thaw.join()
        end = monotonic() + 240
        while self.get(f"{self.server.url}/{'0' * 64}/simple/")[0].status == 503:
            self.assertLess(monotonic(), end)
            sleep(0.2)
