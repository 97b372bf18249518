"""An empty requirements file is a lock without pins for every command that takes a lock."""

from __future__ import annotations

import hashlib
import json

from tests.cli.process import CommandTestCase
from tests.fake_upstream import Upstream

NOTE = "requirements.txt: warning: Nothing is pinned: this lock admits nothing.\n"


class EmptyLockTests(CommandTestCase):
    def setUp(self) -> None:
        super().setUp()
        upstream = Upstream()
        self.addCleanup(upstream.close)
        self.environ["REQPI_STORE"] = str(self.folder / "store")
        self.environ["REQPI_UPSTREAM"] = upstream.url
        self.lock.write_bytes(b"")

    def test_every_command_takes_it(self) -> None:
        for command in (
            ("check", "requirements.txt"),
            ("fetch", "requirements.txt", "-o", "wheels"),
            ("build-requirements", "requirements.txt"),
            ("wheelhouse", "requirements.txt", "-o", "wheelhouse.tar"),
        ):
            status, _, err = self.run_reqpi(*command)
            self.assertEqual(status, 0, (command, err))

    def test_a_command_runs_behind_it(self) -> None:
        status, out, err = self.run_reqpi("run", "requirements.txt", "--", "sh", "-c", "echo $PIP_INDEX_URL")
        self.assertEqual(status, 0, err)
        self.assertIn(f"/{hashlib.sha256(b'').hexdigest()}/simple/", out)
        self.assertIn(NOTE, err)

    def test_its_bill_has_no_components(self) -> None:
        status, out, err = self.run_reqpi("sbom", "requirements.txt")
        self.assertEqual(status, 0, err)
        self.assertEqual(json.loads(out).get("components", []), [])
