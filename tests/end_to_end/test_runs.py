"""Runs on a server of two processes: the receipt has what either of them sent, also after a restart."""

from __future__ import annotations

import json
import subprocess
import sys
from urllib.request import Request, urlopen

from reqpi.core.receipts.model import Receipt
from reqpi.core.receipts.reading import read_receipt
from tests.cli.asking import OPEN
from tests.end_to_end.case import LOCK
from tests.end_to_end.server import ROOT
from tests.end_to_end.test_workers import WorkersCase

_TIMES = 30
"""Connections, which the kernel deals out to the processes."""

TAKE = (
    OPEN
    + f"""
for _ in range({_TIMES}):
    opened("top/").read()
for rest in sys.argv[1:]:
    opened(rest).read()
print(os.environ["PIP_INDEX_URL"])
"""
)


class RunsTests(WorkersCase):
    """With the lock of all end-to-end tests."""

    def test_run_url_writes_the_receipt_of_what_its_command_took(self) -> None:
        """The run has ended after that."""
        self.committed()
        (self.folder / "requirements.txt").write_text(LOCK)
        top = f"top/{self.files['top'].filename}"
        options = ("--url", self.server.url, "--receipt", "receipt.json", "requirements.txt")
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "reqpi",
                "run",
                "-q",
                *options,
                "--",
                sys.executable,
                "-c",
                TAKE,
                top,
                f"{top}.metadata",
            ],
            cwd=self.folder,
            env={"PYTHONPATH": str(ROOT), "HOME": str(self.folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        receipt = read_receipt((self.folder / "receipt.json").read_bytes())
        self.assert_taken(receipt, metadata=1)
        self.assertIn("sys_platform", receipt.target)
        token = done.stdout.strip().removeprefix(f"{self.server.url}/runs/").removesuffix("/simple/")
        self.assertRegex(token, r"\A[0-9a-f]{32}\Z")
        self.assertEqual(self.get(f"{self.server.url}/runs/{token}/receipt")[0].status, 410)
        self.assertEqual([line for line in self.server.log if token in line], [])

    def test_a_run_outlives_the_server(self) -> None:
        index = self.committed()
        with urlopen(Request(index.replace("/simple/", "/runs"), method="POST")) as answer:
            run = json.load(answer)
        for rest in (*["top/"] * _TIMES, f"top/{self.files['top'].filename}"):
            self.assertEqual(self.get(f"{run['index']}{rest}")[0].status, 200)
        before = self.server.url
        self.assert_taken(self.receipt(run["receipt"]))
        self.server.stop()
        self.server = self.started()
        self.assert_taken(self.receipt(run["receipt"].replace(before, self.server.url)))

    def receipt(self, url: str) -> Receipt:
        with urlopen(url) as answer:
            return read_receipt(answer.read())

    def assert_taken(self, receipt: Receipt, metadata: int = 0) -> None:
        counts = {each.kind: (each.count, each.partial) for each in receipt.taken}
        expected = {"page": (_TIMES, 0), "file": (1, 0)} | ({"metadata": (metadata, 0)} if metadata else {})
        self.assertEqual(counts, expected)
        (sha256,) = [each.sha256 for each in receipt.taken if each.kind == "file"]
        self.assertEqual(sha256, self.files["top"].sha256)
        self.assertTrue(receipt.complete)
