"""Crates in the receipt of ``reqpi fetch``."""

from __future__ import annotations

import pytest

from reqpi.core.receipts.reading import read_receipt
from tests.end_to_end.rust_case import RustCase
from tests.rust_sdists import GREET, WORDS

pytestmark = pytest.mark.clients


class FetchedCratesTests(RustCase):
    """One sdist, and the two crates that its Cargo.lock names."""

    def test_crates_are_in_the_receipt_with_the_sdist(self) -> None:
        """As taken; a local registry has them the next time."""
        lock = self.lock(self.shout, build=())
        sdist = (self.shout.filename, self.shout.sha256, len(self.shout.content))
        crates = [(each.filename, each.sha256, len(each.content)) for each in (GREET, WORDS)]
        for layout, counts in (("vendored", (1, 0)), ("local-registry", (1, 0)), ("local-registry", (0, 1))):
            words = ("fetch", "--crates-layout", layout, "-o", f"out-{layout}", "--receipt", "receipt.json", lock)
            done = self.reqpi(*words)
            self.assertEqual(done.status, 0, done.said)
            receipt = read_receipt((self.folder / "receipt.json").read_bytes())
            found = [(each.filename, each.sha256, each.size) for each in receipt.taken]
            self.assertCountEqual(found, [sdist, *crates])
            of_crates = {(each.count, each.unchanged) for each in receipt.taken if each.purl.startswith("pkg:cargo/")}
            self.assertEqual((of_crates, receipt.complete), ({counts}, True))
