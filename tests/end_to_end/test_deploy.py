"""A server as ``deploy/`` runs it: started by a service manager, behind the shipped nginx."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
from http.client import HTTPSConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from twisted.trial.unittest import SynchronousTestCase

from tests.deploy_case import DEPLOY, unit
from tests.end_to_end.server import ROOT
from tests.fake_upstream import Upstream
from tests.fake_upstream.authority import make_certificates
from tests.nginx import Nginx

pytestmark = [pytest.mark.clients, pytest.mark.processes]

_LIMIT = 240.0
_BEGUN = """
import ctypes, os, sys
os.dup2(int(sys.argv[1]), 3)
ctypes.CDLL(None).prctl(65, 1, 0, 0, 0)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.executable, [sys.executable, "-m", "reqpi", "server"])
"""
"""How systemd begins it: the socket is descriptor 3, and MemoryDenyWriteExecute=yes where the kernel knows it."""

Answer = tuple[int, Any, bytes]
"""Status, headers, body."""

NAME = "pypi.example.org"


class ServiceManagerOfOurs:
    """What systemd does for a service with a socket and a watchdog."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self._notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notified.settimeout(_LIMIT)
        name = f"reqpi-deploy-{os.getpid()}-{self.port}"
        self._notified.bind("\0" + name)
        of_unit = dict(line.split("=", 1) for line in unit("reqpi.service")["Environment"])
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("REQPI_", "PIP_"))},
            **of_unit,
            **settings,
            "REQPI_STORE": str(folder / "store"),
            "NOTIFY_SOCKET": f"@{name}",
            "WATCHDOG_USEC": "2000000",
            "LISTEN_FDS": "1",
            "LISTEN_FDNAMES": "reqpi.socket",
            "PYTHONPATH": str(ROOT),
        }
        self.log = (folder / "log").open("w+b")
        self.process = subprocess.Popen(
            [sys.executable, "-c", _BEGUN, str(self.socket.fileno())],
            env=environment,
            pass_fds=[self.socket.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
        )

    def notified(self) -> str:
        """The next message."""
        return self._notified.recv(1000).decode()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(_LIMIT)
        self.socket.close()
        self._notified.close()
        self.log.close()


class DeployTests(SynchronousTestCase):
    """With the settings that are shipped."""

    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.upstream = Upstream()
        self.addCleanup(self.upstream.close)
        self.upstream.wheel("thing", "1.0")
        lines = (DEPLOY / "systemd" / "reqpi.env").read_text().splitlines()
        self.settings = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
        self.settings["REQPI_TOKENS"] = str(self.folder / "tokens")
        for name in ("access", "audit"):
            self.settings[f"REQPI_{name.upper()}_LOG"] = str(self.folder / f"{name}.log")
        self.settings["REQPI_UPSTREAM"] = self.upstream.url
        done = self.reqpi("token", "new", "ci", "--tokens", self.settings["REQPI_TOKENS"])
        self.token = done.stdout.strip()

    def reqpi(self, *words: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "reqpi", *words],
            capture_output=True,
            text=True,
            timeout=_LIMIT,
            check=False,
            cwd=ROOT,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def manager(self, **more: str) -> ServiceManagerOfOurs:
        manager = ServiceManagerOfOurs(self.folder, **self.settings | more)
        self.addCleanup(manager.close)
        self.assertEqual(manager.notified(), "READY=1", (self.folder / "log").read_text())
        return manager

    def ask(
        self, url: str, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, Any, bytes]:
        host, port = url.removeprefix("https://").split(":")
        connection = HTTPSConnection(host, int(port), timeout=_LIMIT, context=self.context)
        connection.request(method, path, body, {"Host": NAME} | headers)
        response = connection.getresponse()
        try:
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def test_behind_the_shipped_proxy(self) -> None:
        """Everything between the socket of systemd and a client that speaks TLS."""
        manager = self.manager()
        certificates = self.folder / "tls"
        certificates.mkdir()
        authority, _ = make_certificates(certificates)
        chain = next(each for each in certificates.iterdir() if b"PRIVATE KEY" in each.read_bytes())
        for name in ("fullchain.pem", "privkey.pem"):
            (certificates / name).write_bytes(chain.read_bytes())
        self.context = ssl.create_default_context(cafile=str(authority))
        self.context.check_hostname = False
        nginx = Nginx(self.folder / "nginx", [f"127.0.0.1:{manager.port}"], certificates)
        self.addCleanup(nginx.stop)

        def ask(*words: Any, **headers: str) -> Answer:
            return self.ask(nginx.url, *words, **headers)

        self.assertEqual(ask("POST", "/locks", b"thing==1.0\n")[0], 401)
        status, _, body = ask("POST", "/locks", b"thing==1.0\n", Authorization=f"Bearer {self.token}")
        self.assertEqual(status, 201, body)
        index = json.loads(body)["index"]
        self.assertTrue(index.startswith(f"https://{NAME}/"), index)
        status, headers, page = ask("GET", index.removeprefix(f"https://{NAME}") + "thing/")
        self.assertEqual((status, b"thing-1.0" in page), (200, True))
        self.assertIn("max-age=", headers["Strict-Transport-Security"])
        self.assertEqual(ask("PUT", "/")[0], 403)
        self.assertEqual(ask("GET", "/locks")[0], 403)
        answers = [ask("POST", "/locks", b"thing==1.0\n") for _ in range(100)]
        self.assertEqual({status for status, _, _ in answers}, {401, 429})
        self.assertEqual({each["Retry-After"] for status, each, _ in answers if status == 429}, {"2"})
        manager.process.terminate()
        manager.process.wait(_LIMIT)
        self.assertIn('"POST /locks HTTP/1.1" 201', (self.folder / "access.log").read_text())
        self.assertIn('"token": "ci"', (self.folder / "audit.log").read_text())

    def test_the_service_manager_learns_what_happens(self) -> None:
        """Ready, alive, stopping; and the socket belongs to systemd, so that clients can wait there."""
        manager = self.manager(REQPI_WORKERS="2")
        self.assertEqual([manager.notified(), manager.notified()], ["WATCHDOG=1"] * 2)
        manager.process.terminate()
        while (said := manager.notified()) == "WATCHDOG=1":
            pass
        self.assertEqual(said, "STOPPING=1")
        manager.process.wait(_LIMIT)
        socket.create_connection(("127.0.0.1", manager.port), timeout=_LIMIT).close()
