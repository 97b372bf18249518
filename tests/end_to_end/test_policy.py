"""A policy on a server that runs: pip is refused with the advisory's id, and installs again once that is revoked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.advisories import a_document, a_package, an_export
from tests.end_to_end.case import EndToEnd
from tests.end_to_end.clients import Done, environment, run
from tests.end_to_end.server import ROOT

pytestmark = pytest.mark.clients

LOCK = "lonely==1.0\n"
LIMIT = 120.0


class PolicyTests(EndToEnd):
    def setUp(self) -> None:
        super().setUp()
        self.policy, self.audit = self.folder / "policy.toml", self.folder / "audit"
        exports = self.folder / "advisories.zip"
        exports.write_bytes(an_export([a_document("MAL-2026-1", a_package("lonely", versions=["1.0"]))]))
        self.write('[refuse]\nmalware = "warn"\n')
        options = ("--upstream", self.upstream.url, "--policy", str(self.policy), "--advisories", str(exports))
        self.server.stop()
        self.server = self.started(*options, "--refuse", "gone=warn", "--audit-log", str(self.audit))

    def write(self, text: str) -> None:
        new = self.folder / "policy.new"
        new.write_text(text)
        os.replace(new, self.policy)

    def install(self, index: str, target: Path) -> Done:
        # -vv: only then does pip print the reason phrases that it was given.
        words = ("install", "--target", str(target), "-r", "requirements.txt", "-vv", "--no-cache-dir")
        environ = {"PIP_CONFIG_FILE": "/dev/null", "PIP_INDEX_URL": index, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        return run([environment("pip", "pip") / "python", "-m", "pip", *words], self.folder, environ)

    def reqpi(self, *words: str) -> str:
        command = [sys.executable, "-m", "reqpi", *words, "--store", str(self.store)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=True).stdout

    def until(self, url: str, status: int) -> None:
        end = monotonic() + LIMIT
        while self.get(url)[0].status != status:
            self.assertLess(monotonic(), end)
            sleep(0.05)

    def test_pip_is_refused_with_the_id_of_the_advisory(self) -> None:
        index = self.committed(LOCK)
        self.assertEqual(self.install(index, self.folder / "one").status, 0)
        response, body = self.post(f"{self.server.url}/locks", LOCK.encode())
        messages = [each["message"] for each in json.loads(body)["warnings"]]
        self.assertIn("the policy warns about lonely 1.0: MAL-2026-1: The summary of MAL-2026-1", messages)
        self.assertEqual(response.status, 200)
        self.write('[refuse]\nmalware = "deny"\n')
        self.until(f"{index}lonely/", 410)
        refused = self.install(index, self.folder / "two")
        self.assertNotEqual(refused.status, 0)
        self.assertIn("MAL-2026-1", refused.said)
        response, body = self.post(f"{self.server.url}/locks", LOCK.encode())
        self.assertEqual((response.status, json.loads(body)["defects"][0]["line"]), (422, 1))
        (denial,) = json.loads(self.reqpi("deny", "--list", "--json"))["denials"]
        self.assertEqual((denial["what"], denial["by"]), ("lonely==1.0", "policy"))
        lines = [json.loads(line) for line in self.audit.read_text().splitlines()]
        self.assertIn(("deny", "lonely==1.0", "policy"), [(e["what"], e.get("denied"), e.get("by")) for e in lines])
        self.reqpi("deny", "--revoke", "lonely==1.0")
        self.until(f"{index}lonely/", 200)
        self.assertEqual(self.install(index, self.folder / "three").status, 0)
