"""SIGKILL of the server at any moment costs clients a retry, and the store nothing."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from http.client import HTTPException
from pathlib import Path
from threading import Event
from time import monotonic, sleep

import pytest

from tests.end_to_end import clients
from tests.end_to_end.case import EndToEnd
from tests.end_to_end.server import ROOT, Server
from tests.ports import free_ports

_KILLS = int(os.environ.get("REQPI_TEST_KILLS", "15"))
_PROJECTS = 30
_SEED = 20

_PATIENCE = {"PIP_RETRIES": "100", "PIP_RESUME_RETRIES": "100", "UV_HTTP_RETRIES": "100"}


@pytest.mark.clients
@pytest.mark.figures
@pytest.mark.xdist_group("heavy")
class KilledTests(EndToEnd):
    """pip and uv install 30 packages that nobody had before, again and again, while the server is killed."""

    def setUp(self) -> None:
        [self.port] = free_ports(1)
        super().setUp()
        self.enough = Event()

    def started(self, *options: str) -> Server:
        """Always in the same place: clients look for it where it was."""
        server = Server(self.store, *(options or ("--upstream", self.upstream.url)), port=self.port)
        self.addCleanup(server.stop)
        return server

    def test_every_install_completes_and_the_store_verifies(self) -> None:
        """Without a word to the clients, which ask again by themselves. Nothing half-done is left."""
        began = monotonic()
        dice = random.Random(_SEED)
        for client in ("pip", "uv"):
            clients.environment(client, client)
        with ThreadPoolExecutor() as pool:
            installing = [pool.submit(self.install_on, client) for client in ("pip", "uv")]
            try:
                for _ in range(_KILLS):
                    sleep(dice.uniform(0, 1))
                    self.server.kill()
                    self.server = self.started()
            finally:
                self.enough.set()
            installed = [done.result() for done in installing]
        verdict = self.verdict()
        self.assertGreaterEqual(verdict["files"], sum(installed) * _PROJECTS)
        print(
            f"{_KILLS} kills, seed {_SEED}: pip {installed[0]} and uv {installed[1]} installs of {_PROJECTS} packages, "
            f"all complete after {monotonic() - began:.0f} s, {verdict['lists']} lists frozen, 0 lost"
        )

    def verdict(self) -> dict[str, int]:
        """What ``reqpi verify`` says after one more start."""
        self.server.stop()
        self.server = self.started()
        self.assertEqual([path.name for path in self.store.glob("incoming/*")], [])
        command = [sys.executable, "-m", "reqpi", "verify", "--store", str(self.store), "--json"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
        verdict = json.loads(done.stdout)
        self.assertEqual((done.returncode, verdict["damages"]), (0, []), done.stdout)
        found: dict[str, int] = verdict
        return found

    def install_on(self, client: str) -> int:
        """Lock after lock, until it is enough and the last one is complete; how many."""
        count = 0
        while not self.enough.is_set():
            count += 1
            self.install(client, count)
        return count

    def install(self, client: str, count: int) -> None:
        payloads = {f"{client}{count}-{number}": os.urandom(50_000).hex() for number in range(_PROJECTS)}
        for project, payload in payloads.items():
            self.upstream.wheel(project, "1.0", files={f"{project}.txt": payload.encode()})
        index = self.index_of("".join(f"{project}==1.0\n" for project in payloads).encode())
        folder = self.folder / f"{client}{count}"
        folder.mkdir()
        done = clients.run(
            [*self.words(client), index, "--target", "target", *payloads],
            folder,
            {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **_PATIENCE},
        )
        self.assertEqual(done.status, 0, done.said)
        found = {path.stem: path.read_text() for path in (folder / "target").glob("*.txt")}
        self.assertEqual(found, payloads)

    def words(self, client: str) -> list[str | Path]:
        pip, uv = clients.environment("pip", "pip"), clients.environment("uv", "uv")
        if client == "pip":
            return [pip / "python", "-m", "pip", "install", "--no-cache-dir", "--index-url"]
        return [uv / "uv", "--no-config", "--no-cache", "pip", "install", "--python", sys.executable, "--default-index"]

    def index_of(self, lock: bytes) -> str:
        """Commit it, to whichever server is alive."""
        end = monotonic() + 240
        while True:
            try:
                if self.post(f"{self.server.url}/locks", lock)[0].status in (200, 201):
                    return f"{self.server.url}/{sha256(lock).hexdigest()}/simple/"
            except (HTTPException, OSError):
                self.assertLess(monotonic(), end)
                sleep(0.05)
