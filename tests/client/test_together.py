"""Several documents in one request."""

from __future__ import annotations

import subprocess
from io import BytesIO
from pathlib import Path

from multipart import MultipartParser, parse_options_header

from reqpi.client import AddressDiffers, LockRefused, commit
from reqpi.core.address import address_of
from reqpi.core.report import Defect, Document, Note
from tests.client.case import ClientTestCase

DOCUMENTS = (
    Document("requirements.txt", b"-r sub/b.txt\n"),
    Document('sub/b "ä; x=y.txt', b"\r\n--\xff\x00six==1.17.0"),
    Document("c.txt", b""),
)


class TogetherTests(ClientTestCase):
    """They arrive in order, byte for byte; the address is what coreutils make of them."""

    def setUp(self) -> None:
        super().setUp()
        for path, data, _ in DOCUMENTS:
            (self.home / path).parent.mkdir(exist_ok=True)
            (self.home / path).write_bytes(data)
        self.listing = self.sha256sum(*(path for path, _, _ in DOCUMENTS))

    def sha256sum(self, *paths: str) -> bytes:
        """What the real one prints."""
        return subprocess.run(["sha256sum", *paths], cwd=Path(self.home), capture_output=True, check=True).stdout

    def test_the_address_is_that_of_the_listing(self) -> None:
        """As ``sha256sum a b | sha256sum`` has it."""
        index = self.server.takes(self.listing)
        committed = commit(self.server.url, DOCUMENTS)
        self.assertEqual((committed.index_url, committed.address), (index, address_of(self.listing)))

    def test_they_arrive_as_they_are(self) -> None:
        """A server's own parser reads them."""
        self.server.takes(self.listing)
        commit(self.server.url, DOCUMENTS)
        (seen,) = self.server.seen
        kind, options = parse_options_header(seen.headers["Content-Type"])
        self.assertEqual((seen.method, seen.path, kind), ("POST", "/locks", "multipart/form-data"))
        parts = MultipartParser(BytesIO(seen.body), options["boundary"], content_length=len(seen.body), strict=True)
        found = [(part.name, part.content_type, part.filename, part.raw) for part in parts]
        self.assertEqual(found, [("document", "text/plain", path, data) for path, data, _ in DOCUMENTS])

    def test_the_boundary_is_never_the_same(self) -> None:
        """A document cannot have it in its text."""
        self.server.takes(self.listing)
        for _ in range(2):
            commit(self.server.url, DOCUMENTS)
        self.assertEqual(len({seen.headers["Content-Type"] for seen in self.server.seen}), 2)

    def test_one_document_with_a_path_is_a_listing_too(self) -> None:
        """Its address is another than without."""
        self.server.takes(self.sha256sum("c.txt"))
        commit(self.server.url, DOCUMENTS[2:])
        self.assertIn(b'filename="c.txt"', self.server.seen[0].body)

    def test_the_order_counts(self) -> None:
        """A server that has sorted them is not believed."""
        self.server.takes(self.listing)
        self.assertRaises(AddressDiffers, commit, self.server.url, DOCUMENTS[::-1])

    def test_what_is_said_names_its_document(self) -> None:
        """Defects and warnings."""
        self.server.denies({"line": 2, "text": "six", "problem": "p", "advice": "a", "document": "c.txt"})
        error = self.assertRaises(LockRefused, commit, self.server.url, DOCUMENTS)
        self.assertEqual(error.defects, (Defect(2, "six", "p", "a", document="c.txt"),))
        self.server.takes(
            self.listing, warnings=[{"line": 3, "text": "--pre", "message": "m", "document": "sub/b.txt"}]
        )
        self.assertEqual(commit(self.server.url, DOCUMENTS).warnings, (Note(3, "--pre", "m", "sub/b.txt"),))
