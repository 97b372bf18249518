"""A server that records a run for ``reqpi run --url --receipt``, and lies about it."""

from __future__ import annotations

from pathlib import Path

from attrs import evolve

from reqpi.core.address import address_of
from reqpi.core.receipts.document import write_receipt
from reqpi.core.receipts.model import Receipt, TakenEntry
from reqpi.core.receipts.reading import read_receipt
from tests.cli.process import DOCUMENT, CommandTestCase

ADDRESS = address_of(DOCUMENT)
CARGO_LOCK = Path(__file__).parents[1] / "data" / "locks" / "cargo" / "bcrypt.Cargo.lock"
"""A lock whose crates are all of cargo's default registry."""

TOKEN = "a" * 32
AT = "2026-11-29T14:50:24Z"
TAKEN = TakenEntry("page", "six", count=1)
GOOD = Receipt(ADDRESS, (), AT, AT, taken=(TAKEN,))


class RunsTests(CommandTestCase):
    """The command runs to its end in any case, and its status counts."""

    def setUp(self) -> None:
        super().setUp()
        self.server.takes(DOCUMENT)
        self.server.says(f"/{ADDRESS}/refused", 200, {"refused": []})
        self.begins({"token": TOKEN, "index": "http://evil.example/", "receipt": "http://evil.example/"})
        self.server.says(f"/runs/{TOKEN}/", 204, b"")

    def begins(self, answer: object, status: int = 201) -> None:
        self.server.says(f"/{ADDRESS}/runs", status, answer)

    def run_recorded(self, expected: int = 0) -> tuple[str, str]:
        """Run a command that prints its index; the output and the errors."""
        options = ("-q", "--url", self.server.url, "--receipt", "receipt.json", "requirements.txt")
        status, out, err = self.run_reqpi("run", *options, "--", "sh", "-c", "echo $PIP_INDEX_URL")
        self.assertEqual(status, expected, err)
        self.assertNotIn("Traceback", err)
        return out.strip(), err

    def receipt(self) -> Receipt:
        return read_receipt((self.folder / "receipt.json").read_bytes())

    def test_the_index_is_on_the_host_that_the_user_named(self) -> None:
        """The server names another host in its answer. What it has recorded is in the receipt, and the run is ended."""
        self.server.says(f"/runs/{TOKEN}/receipt", 200, write_receipt(GOOD))
        self.assertEqual(self.run_recorded(), (f"{self.server.url}/runs/{TOKEN}/simple/", ""))
        receipt = self.receipt()
        self.assertEqual((receipt.address, receipt.taken, receipt.complete), (ADDRESS, (TAKEN,), True))
        self.assertEqual([each.sha256 for each in receipt.documents], [ADDRESS])
        self.assertIn(("DELETE", f"/runs/{TOKEN}/"), [(seen.method, seen.path) for seen in self.server.seen])

    def test_a_token_that_is_none_runs_nothing(self) -> None:
        """The server sends a path, or a command, in place of a token."""
        for answer in (
            {"token": "../../evil"},
            {"token": "$(id)" + "a" * 27},
            {"token": 7},
            {},
            [],
            b"",
            b"[" * 100_000,
        ):
            self.begins(answer)
            out, err = self.run_recorded(3)
            self.assertEqual(out, "")
            self.assertTrue(err.startswith("reqpi: "), err)

    def test_a_server_that_records_no_runs_is_named(self) -> None:
        """An older server, or one that pretends to be."""
        self.begins({"type": "x", "title": "no such path", "status": 404}, 404)
        self.assertEqual(self.run_recorded(3)[0], "")

    def test_a_receipt_that_is_wrong_makes_ours_incomplete(self) -> None:
        """The server sends the receipt of another lock, an edited one, junk, a huge one, or none."""
        for data in (
            write_receipt(evolve(GOOD, address="0" * 64)),
            write_receipt(GOOD).replace(b'"count": 1', b'"count": 0'),
            b"{}",
            b"[" * 100_000,
            b"\x00" * (33 << 20),
        ):
            self.server.says(f"/runs/{TOKEN}/receipt", 200, data)
            self.assert_incomplete()
        self.server.says(f"/runs/{TOKEN}/receipt", 410, {"title": "no such run", "status": 410})
        self.assert_incomplete()

    def assert_incomplete(self) -> None:
        _, err = self.run_recorded()
        self.assertTrue(err.startswith("reqpi: the receipt is not complete: "), err)
        self.assertLess(len(err), 2000)
        receipt = self.receipt()
        self.assertEqual((receipt.taken, receipt.complete), ((), False))

    def test_cargo_takes_crates_from_the_run_alone(self) -> None:
        """The server leads cargo to the address, where no receipt has what is taken."""
        document = CARGO_LOCK.read_bytes()
        self.lock.write_bytes(document)
        self.server.takes(document)
        address = address_of(document)
        self.server.says(f"/{address}/refused", 200, {"refused": []})
        self.server.says(f"/{address}/runs", 201, {"token": TOKEN})
        self.server.says(f"/runs/{TOKEN}/receipt", 200, write_receipt(evolve(GOOD, address=address)))
        options = ("-q", "--url", self.server.url, "--receipt", "receipt.json", "requirements.txt")
        status, out, err = self.run_reqpi("run", *options, "--", "sh", "-c", "cat $CARGO_HOME/config.toml")
        self.assertEqual((status, err), (0, ""))
        self.assertIn(f"sparse+{self.server.url}/runs/{TOKEN}/crates/", out)
        self.assertNotIn(address, out)
        self.assertEqual((self.receipt().taken, self.receipt().complete), ((TAKEN,), True))

    def test_a_run_that_does_not_end_is_reported(self) -> None:
        """The server keeps the run."""
        self.server.says(f"/runs/{TOKEN}/receipt", 200, write_receipt(GOOD))
        self.server.says(f"/runs/{TOKEN}/", 503, {"title": "later", "status": 503})
        self.assertIn("reqpi: the run on the server did not end: ", self.run_recorded()[1])
        self.assertTrue(self.receipt().complete)
