"""A store that an earlier version wrote is read as it was."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from twisted.trial.unittest import SynchronousTestCase

from reqpi.shelf.records import KINDS
from tests.end_to_end.server import Server

STORES = Path(__file__).parents[1] / "data" / "stores"
NOT_IN_IT = {
    *("told-build-systems", "differing", "crates", "crate-commits", "runs", "run-entries", "run-counts"),
    *("times", "charges", "freezings", "commits", "decisions", "histories", "drift", "provenance", "surveys"),
}
"""Kinds of record that the store happens not to have, or that version 0.1 did not know."""


class EarlierStoreTests(SynchronousTestCase):
    """Everything that version 0.1 served is served, byte for byte, with no upstream."""

    def setUp(self) -> None:
        self.store = Path(self.mktemp())
        with tarfile.open(STORES / "0.1.tar.gz") as archive:
            archive.extractall(self.store, filter="data")
        self.known = json.loads((STORES / "0.1.json").read_text("utf-8"))

    def test_it_has_records_of_every_kind(self) -> None:
        found = {path.name for path in (self.store / "records").iterdir()}
        self.assertEqual(found, {kind.folder for kind in KINDS} - NOT_IN_IT)

    def test_every_response_is_the_same(self) -> None:
        server = Server(self.store, "--offline", "--url", self.known["base"], "--host", "127.0.0.1")
        self.addCleanup(server.stop)
        for path, expected in self.known["responses"].items():
            with urlopen(f"{server.url}/{self.known['address']}/{path}") as response:
                # 0.1 stated the sizes of the upstream's page in a pylock.toml, which may be wrong.
                sizes = re.compile(r"^size = [0-9]+\n" if path == "pylock.toml" else "(?!)", re.MULTILINE)
                self.assertEqual(response.read().decode(), sizes.sub("", expected), path)
        with urlopen(f"{server.url}/{self.known['listing']}/lock/b.txt") as response:
            self.assertEqual(response.read(), b"attrs==25.1.0\n")
        with urlopen(f"{server.url}/{self.known['address']}/held") as response:
            held = json.loads(response.read())
        self.assertEqual((held["complete"], held["files"], held["missing"]), (True, 3, []))
        with urlopen(f"{server.url}/{self.known['address']}/refused") as response:
            [refused] = json.loads(response.read())["refused"]
        self.assertEqual((refused["project"], refused["count"]), ("flask", 1))
        with self.assertRaises(HTTPError) as raised:
            urlopen(f"{server.url}/{self.known['address']}/simple/flask/")
        self.assertEqual(raised.exception.code, 410)

    def test_it_verifies_and_a_sweep_leaves_it_alone(self) -> None:
        said = json.loads(self.reqpi("verify", "--store", str(self.store), "--json"))
        self.assertEqual((said["damages"], said["left"], said["files"], said["locks"]), ([], 0, 5, 2))
        century = str(100 * 365 * 86400)
        swept = json.loads(self.reqpi("sweep", "--store", str(self.store), "--max-age", century, "--json"))
        self.assertEqual(swept, {"locks": 0, "blobs": 0, "size": 0})

    def reqpi(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "reqpi", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
