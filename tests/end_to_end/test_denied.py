"""``reqpi deny``, ``forget`` and ``refreeze`` on a store that two servers use."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from http.client import HTTPConnection
from time import monotonic, sleep
from typing import Any

from tests.end_to_end.case import LOCK, EndToEnd
from tests.end_to_end.server import ROOT, Server

LIMIT = 120.0
"""Seconds to wait for what takes one or two."""


class DeniedTests(EndToEnd):
    def setUp(self) -> None:
        super().setUp()
        self.tokens = self.folder / "tokens"
        scopes = ("--scope", "operate", "--scope", "read")
        self.token = self.reqpi("token", "new", "op", "--tokens", str(self.tokens), *scopes)[1].splitlines()[-1]
        options = ("--upstream", self.upstream.url, "--tokens", str(self.tokens), "--anonymous", "commit")
        self.audit = self.folder / "audit-of-server"
        options += ("--audit-log", str(self.audit))
        self.other = self.started(*options)
        self.connections = {
            server: HTTPConnection(server.url.removeprefix("http://"), timeout=60) for server in self.both
        }
        for connection in self.connections.values():
            self.addCleanup(connection.close)
        self.address = self.ask(self.server, "/locks", LOCK.encode())[1]["address"]
        self.file = f"/{self.address}/simple/top/{self.files['top'].filename}"
        self.page = f"/{self.address}/simple/top/"

    @property
    def both(self) -> tuple[Server, Server]:
        return self.server, self.other

    def ask(self, server: Server, path: str, body: bytes | None = None) -> tuple[int, Any, bytes]:
        """Ask on the one connection to a server: status, JSON if it is some, and the body."""
        connection = self.connections[server]
        connection.request("GET" if body is None else "POST", path, body)
        response = connection.getresponse()
        data = response.read()
        return response.status, json.loads(data) if "json" in str(response.getheader("Content-Type")) else None, data

    def until(self, done: Callable[[], bool]) -> None:
        """Wait until something is so, on both servers."""
        end = monotonic() + LIMIT
        while not done():
            self.assertLess(monotonic(), end)
            sleep(0.05)

    def reqpi(self, *words: str, status: int | None = 0) -> tuple[int, str]:
        command = [sys.executable, "-m", "reqpi", *words]
        environ = {"PYTHONPATH": str(ROOT), "HOME": str(self.folder), "PATH": "/usr/bin:/bin"}
        done = subprocess.run(command, cwd=self.folder, env=environ, capture_output=True, text=True, check=False)
        if status is not None:
            self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.returncode, done.stdout

    def test_a_denied_file_disappears_from_two_servers_and_comes_back(self) -> None:
        """Both have it in memory and answer on the fast path; a command without a server tells the store."""
        for server in self.both:
            for path in (self.page, self.file) * 3:
                self.assertEqual(self.ask(server, path)[0], 200)
        reason = ("--because", "it mines coins", "--store", str(self.store))
        sha256 = self.files["top"].sha256
        self.assertEqual(self.reqpi("deny", f"sha256:{sha256}", *reason)[1].split(": ")[0], "denied")
        for server in self.both:
            self.until(lambda server=server: self.ask(server, self.file)[0] == 410)  # type: ignore[misc]
            status, problem, _ = self.ask(server, self.file)
            self.assertEqual((status, problem["type"]), (410, "urn:reqpi:denied"))
            self.assertIn("it mines coins", problem["detail"])
            self.assertEqual(self.ask(server, self.page)[0], 410)
        shown = json.loads(self.reqpi("deny", "--list", "--json", "--url", self.operated)[1])["denials"]
        self.assertEqual([each["what"] for each in shown], [f"sha256:{sha256}"])
        self.reqpi("deny", "--revoke", f"sha256:{sha256}", "--url", self.operated)
        self.reqpi("deny", "--revoke", f"sha256:{sha256}", "--url", self.operated, status=6)
        for server in self.both:
            self.until(lambda server=server: self.ask(server, self.file)[0] == 200)  # type: ignore[misc]
            self.assertIn(self.files["top"].filename.encode(), self.ask(server, self.page)[2])

    def test_a_page_is_frozen_again_and_a_lock_is_forgotten(self) -> None:
        for server in self.both:
            self.assertEqual(self.ask(server, self.page)[0], 200)
        added = self.upstream.sdist("top", "1.0").filename
        said = self.reqpi("refreeze", self.address, "--url", self.operated, "top")[1]
        self.assertEqual(said, f"top: 1 file added\n  + {added}\n")
        for server in self.both:
            self.until(lambda server=server: added.encode() in self.ask(server, self.page)[2])  # type: ignore[misc]
        local = ("--store", str(self.store), "--upstream", self.upstream.url)
        self.assertEqual(self.reqpi("refreeze", self.address, "top", *local)[1], "top: nothing has changed\n")
        frozen = self.ask(self.server, f"/{self.address}/frozen")[1]["projects"]["top"]
        self.assertTrue(frozen["again"])
        audit = self.folder / "audit"
        local = ("--store", str(self.store), "--audit-log", str(audit))
        said = self.reqpi("forget", self.address.upper(), *local)[1]
        self.assertTrue(said.startswith(f"forgot {self.address} with "), said)
        for server in self.both:
            self.until(lambda server=server: self.ask(server, self.page)[0] == 410)  # type: ignore[misc]
            self.assertEqual(self.ask(server, self.page)[1]["type"], "urn:reqpi:unknown-address")
        # A server that did not know it yet may have written a record, which another forget removes.
        while self.reqpi("forget", self.address, *local, status=None)[0] == 0:
            pass
        lines = [json.loads(line) for line in audit.read_text().splitlines()]
        ended = [(line["what"], line["outcome"]) for line in lines]
        self.assertEqual((ended[0], ended[-1]), (("forget", "done"), ("forget", "failed")))
        lines = [json.loads(line) for line in self.audit.read_text().splitlines()]
        self.assertEqual([line["what"] for line in lines], ["refreeze"])

    @property
    def operated(self) -> str:
        """The URL of the second server, with the token of an operator."""
        return self.other.url.replace("://", f"://__token__:{self.token}@")
