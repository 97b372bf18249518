"""SIGKILL at any moment costs a client a retry, and the store nothing."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from http.client import HTTPException
from threading import Event, Thread
from time import monotonic, sleep

import pytest

from tests.end_to_end.case import EndToEnd
from tests.end_to_end.server import ROOT
from tests.upstream import Distribution

_KILLS = 50
_PROJECTS = 30
_SEED = 20


@pytest.mark.clients  # it takes half a minute: once a run is enough
@pytest.mark.xdist_group("heavy")
@pytest.mark.figures
class KilledTests(EndToEnd):
    """Somebody installs lock after lock, each of 30 packages that nobody had before, and the server is killed."""

    def setUp(self) -> None:
        super().setUp()
        self.enough = Event()
        self.wrong: list[str] = []
        self.taken = 0

    def test_50_kills_lose_nothing(self) -> None:
        """What was taken is right, the last lock is complete, the store verifies, and nothing half-done is left."""
        dice = random.Random(_SEED)
        client = Thread(target=self.install)
        client.start()
        try:
            for _ in range(_KILLS):
                sleep(dice.uniform(0, 0.5))
                self.server.kill()
                self.server = self.started()
        finally:
            self.enough.set()
            client.join(120)
        self.assertFalse(client.is_alive())
        self.assertEqual(self.wrong, [])
        self.assertGreater(self.taken, _PROJECTS)
        self.server.stop()
        self.server = self.started()
        self.assertEqual([path.name for path in self.store.glob("incoming/*")], [])
        command = [sys.executable, "-m", "reqpi", "verify", "--store", str(self.store), "--json"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
        verdict = json.loads(done.stdout)
        self.assertEqual((done.returncode, verdict["damages"]), (0, []), done.stdout)
        self.assertGreaterEqual(verdict["files"], self.taken)
        print(f"{_KILLS} kills, seed {_SEED}: {self.taken} files taken right, {verdict['lists']} lists frozen, 0 lost")

    def install(self) -> None:
        """Lock after lock, until it is enough and the last one is complete."""
        version = 0
        while not self.enough.is_set():
            version += 1
            files = {f"project{number}": self.fresh(f"project{number}", version) for number in range(_PROJECTS)}
            lock = "".join(f"{project}=={version}.0\n" for project in files).encode()
            address = json.loads(self.taking("/locks", lock))["address"]
            for project, file in files.items():
                page = self.taking(f"/{address}/simple/{project}/")
                if file.sha256.encode() not in page:
                    self.wrong.append(f"the page of {file.filename}")
                if self.taking(f"/{address}/simple/{project}/{file.filename}") != file.content:
                    self.wrong.append(file.filename)
                self.taken += 1

    def fresh(self, project: str, version: int) -> Distribution:
        """A wheel of some 200 KB that nobody has seen."""
        payload = os.urandom(100_000).hex()
        return self.upstream.wheel(project, f"{version}.0", files={f"{project}.py": payload.encode()})

    def taking(self, path: str, document: bytes | None = None) -> bytes:
        """What the server, whichever is alive, answers in the end."""
        end = monotonic() + 60
        while monotonic() < end:
            try:
                status, body = self.asked(path, document)
            except (HTTPException, OSError):
                sleep(0.01)
                continue
            if status in (200, 201):
                return body
            sleep(0.05)
        self.wrong.append(f"{path} never came")
        return b'{"address": ""}'

    def asked(self, path: str, document: bytes | None) -> tuple[int, bytes]:
        """One attempt."""
        if document is None:
            response, body = self.get(f"{self.server.url}{path}")
            return response.status, body
        response, body = self.post(f"{self.server.url}{path}", document)
        return response.status, body
