"""A server that sends files without end: each file is bounded, whether the list has its size or not."""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path

from reqpi.client.errors import ServerTrouble, WrongBytes
from reqpi.client.fetching import FetchFailed, fetch
from reqpi.client.listed_file import ListedFile
from tests.client.case import ClientTestCase

NAME = "six-1.0-py3-none-any.whl"
PATH = f"/{'a' * 64}/simple/six/{NAME}"
CONTENT = b"a wheel of six" * 50_000


class EndlessFileTests(ClientTestCase):
    """The disk is not filled, and nothing is left."""

    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(self.mktemp())
        self.server.says(PATH, 200, CONTENT)

    def fetched(self, size: int | None, content: bytes = CONTENT) -> None:
        """Fetch a file of which the server lists this size."""
        fetch(self.server.url, "a" * 64, [ListedFile("six", NAME, sha256(content).hexdigest(), size)], self.folder)

    def assert_cut_off(self, size: int | None, digest_of: bytes) -> None:
        """Check that one request was made, and that no byte remains."""
        [failure] = self.assertRaises(FetchFailed, self.fetched, size, digest_of).failures.values()
        self.assertIsInstance(failure, ServerTrouble)
        self.assertIn("too many bytes", failure.title)
        self.assertEqual(len(self.server.seen), 1)
        self.assertEqual(sum(path.stat().st_size for path in self.folder.iterdir()), 0)

    def bound(self, name: str, size: int) -> None:
        """Make a bound smaller, for this test."""
        self.patch(sys.modules["reqpi.client.bounds"], name, size)

    def test_a_file_without_a_size_is_cut_off(self) -> None:
        """The server lists no size, and sends more than any file has."""
        self.bound("LARGEST_UNSAID", 500_000)
        self.assert_cut_off(None, CONTENT)

    def test_a_size_that_no_file_has_is_not_believed(self) -> None:
        """The server lists an enormous size."""
        self.bound("LARGEST", 500_000)
        self.assert_cut_off(1 << 60, CONTENT)

    def test_a_file_that_is_longer_than_its_size_is_cut_off(self) -> None:
        """The server sends more than it has listed."""
        [failure] = self.assertRaises(FetchFailed, self.fetched, 7, b"a wheel").failures.values()
        self.assertIsInstance(failure, WrongBytes)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_file_within_the_bounds_arrives(self) -> None:
        """No attack: the size is not known."""
        self.bound("LARGEST_UNSAID", len(CONTENT))
        self.fetched(None)
        self.assertEqual((self.folder / NAME).read_bytes(), CONTENT)
