"""``reqpi fetch --receipt``: the files that were fetched, and those that were there before."""

from __future__ import annotations

from reqpi.core.address import address_of
from reqpi.core.receipts.model import Receipt
from reqpi.core.receipts.reading import read_receipt
from tests.cli.test_run_inside import InsideTestCase


class FetchReceiptTests(InsideTestCase):
    """A lock of two projects."""

    def setUp(self) -> None:
        super().setUp()
        self.lock.write_bytes(self.document + b"idna==3.10\n")

    def fetch(self, *options: str, status: int = 0) -> tuple[Receipt, str]:
        done = self.run_reqpi("fetch", "-q", "requirements.txt", "-o", "out", "--receipt", "receipt.json", *options)
        self.assertEqual((done[0], done[1]), (status, ""), done)
        return read_receipt((self.folder / "receipt.json").read_bytes()), done[2]

    def test_files_are_taken_once_and_then_confirmed(self) -> None:
        """With their original URLs, and the filters as the target."""
        receipt, _ = self.fetch("--python-version", "3.12", "--only-binary", "six", "--only-binary", "idna")
        self.assertEqual([each.filename for each in receipt.taken], sorted(path.name for path in self.out()))
        six = next(each for each in receipt.taken if each.project == "six")
        self.assertEqual((six.sha256, six.size), (self.wheel.sha256, len(self.wheel.content)))
        self.assertTrue(six.url.endswith(f"/files/{self.wheel.filename}"), six.url)
        self.assertEqual([(each.kind, each.count, each.unchanged) for each in receipt.taken], [("file", 1, 0)] * 2)
        self.assertEqual(receipt.target, {"only_binary": "six, idna", "python_version": "3.12"})
        self.assertEqual((receipt.address, receipt.sealed), (address_of(self.lock.read_bytes()), False))
        receipt, _ = self.fetch()
        self.assertEqual([(each.count, each.unchanged) for each in receipt.taken], [(0, 1)] * 2)

    def test_files_that_arrived_are_there_although_another_one_failed(self) -> None:
        (self.folder / "out").mkdir()
        (self.folder / "out" / self.wheel.filename).write_bytes(b"other")
        receipt, err = self.fetch(status=3)
        self.assertIn(self.wheel.filename, err)
        self.assertEqual([(each.project, each.count) for each in receipt.taken], [("idna", 1)])

    def test_the_lock_is_not_overwritten(self) -> None:
        before = self.lock.read_bytes()
        done = self.run_reqpi("fetch", "requirements.txt", "-o", "out", "--receipt", "requirements.txt")
        self.assertEqual((done[0], self.lock.read_bytes()), (2, before))
        self.assertIn("name another file", done[2])

    def out(self) -> list:  # type: ignore[type-arg]
        return [path for path in (self.folder / "out").iterdir() if not path.name.startswith(".")]
