"""The address is a recipe that anybody can follow."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from unittest import SkipTest

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.address import (
    DOCUMENTS,
    PATH_LENGTH,
    address_of,
    flaws_of_paths,
    is_address,
    is_listing,
    listing_of,
    parse_listing,
)
from reqpi.core.report import Document

SIX, SEVEN = b"six==1.0\n", b"seven==1.0\n"
DIGEST = "a" * 64

BAD_PATHS = [
    "",
    "/a",
    "a/",
    "a//b",
    "./a",
    "a/.",
    "../a",
    "a/../b",
    "..",
    ".",
    "a\\b",
    "a\nb",
    "a\rb",
    "a\tb",
    "a\0",
    "-a",
]
BAD_PATHS += ["a\x7f", "a\u2028b", "a\u202eb", "a\ud800", " a", "a ", "a /b", "x" * (PATH_LENGTH + 1)]
GOOD_PATHS = [
    "a",
    "requirements.txt",
    "d/b.txt",
    "..a",
    "a..",
    ".a/b",
    "b c",
    "*a",
    "a-",
    "d/-b",
    "\u00e9",
    "x" * PATH_LENGTH,
]


def sha256sum() -> str:
    tool = shutil.which("sha256sum")
    if tool is None:
        raise SkipTest("there is no sha256sum here")
    return tool


class AddressTests(SynchronousTestCase):
    """The address is what sha256sum prints, of the bytes as they are."""

    def test_it_is_what_sha256sum_prints(self) -> None:
        for document in (b"six==1.0\n", b"six==1.0\r\n", b"", "\ufeffsix==1.0 # \u00e9".encode()):
            printed = subprocess.run([sha256sum()], input=document, capture_output=True, check=True).stdout
            self.assertEqual(printed.split()[0].decode(), address_of(document))

    def test_one_byte_makes_another_address(self) -> None:
        self.assertNotEqual(address_of(b"six==1.0\n"), address_of(b"six==1.0"))

    def test_only_its_own_form_is_one(self) -> None:
        address = address_of(b"six==1.0\n")
        self.assertTrue(is_address(address))
        for text in (address[:-1], address + "0", address.upper(), address + "\n", "", "g" * 64, "\u0663" * 64):
            self.assertFalse(is_address(text), text)


class ListingTests(SynchronousTestCase):
    """Several documents are committed to by what sha256sum prints of them."""

    def test_it_is_what_sha256sum_prints(self) -> None:
        """In any order, in folders, with every character that a path may have."""
        folder = Path(self.mktemp())
        documents = [Document(path, path.encode()) for path in GOOD_PATHS]
        for document in documents:
            path = folder / document.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(document.data)
        for ordered in (documents, documents[::-1], documents[1:2]):
            command = [sha256sum(), *(document.path for document in ordered)]
            printed = subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout
            self.assertEqual(printed, listing_of(ordered))

    def test_the_order_counts(self) -> None:
        one, two = Document("a", SIX), Document("b", SEVEN)
        self.assertNotEqual(listing_of([one, two]), listing_of([two, one]))
        self.assertEqual([path for _, path in parse_listing(listing_of([two, one]))], ["b", "a"])

    def test_it_can_be_read_again(self) -> None:
        """The digest and the path of each document."""
        listing = listing_of([Document("a/b c", SIX), Document("d", SEVEN)])
        self.assertEqual(parse_listing(listing), ((address_of(SIX), "a/b c"), (address_of(SEVEN), "d")))
        self.assertTrue(is_listing(listing))

    def test_nothing_else_is_one(self) -> None:
        """A reader must recognise every listing, and nothing else, as a listing."""
        line = f"{DIGEST}  a\n".encode()
        for data in (
            *(b"", b"\n", SIX, line[:-1], line + b"\n", line + SIX, line * 2, b"\xef\xbb\xbf" + line, line.upper()),
            *(line.replace(b"  ", b" *"), line.replace(b"  ", b" "), line.replace(b"\n", b"\r\n"), b"\\" + line),
            *(line.replace(b"a\n", b"\xff\n"), line[1:], b"a" + line),
            *(f"{DIGEST}  {path}\n".encode("utf-8", "surrogatepass") for path in BAD_PATHS),
            b"".join(b"%s  %d\n" % (DIGEST.encode(), number) for number in range(DOCUMENTS + 1)),
        ):
            self.assertFalse(is_listing(data), data[:200])
            self.assertRaises(ValueError, parse_listing, data)

    def test_documents_are_bounded(self) -> None:
        documents = [Document(str(number), SIX) for number in range(DOCUMENTS)]
        self.assertTrue(is_listing(listing_of(documents)))
        self.assertRaises(ValueError, listing_of, [*documents, Document("x", SIX)])
        self.assertRaises(ValueError, listing_of, [])

    @given(st.binary(max_size=200))
    def test_any_bytes(self, data: bytes) -> None:
        """They are a listing or they are not."""
        self.assertIn(is_listing(data), (False, True))


class PathTests(SynchronousTestCase):
    """A path is one that sha256sum prints as it is, and that leads nowhere else."""

    def test_good_ones(self) -> None:
        self.assertEqual(flaws_of_paths(GOOD_PATHS), {})

    def test_bad_ones(self) -> None:
        """Each of them is named, and has no place in a listing."""
        self.assertEqual(set(flaws_of_paths(BAD_PATHS)), set(BAD_PATHS))
        for path in BAD_PATHS:
            self.assertRaises(ValueError, listing_of, [Document(path, SIX)])

    def test_no_two_are_one(self) -> None:
        """Nor is one the folder of another: they could not lie side by side."""
        self.assertEqual(set(flaws_of_paths(["a", "b", "a"])), {"a"})
        self.assertEqual(set(flaws_of_paths(["a/b/c", "d", "a"])), {"a/b/c"})
        self.assertEqual(set(flaws_of_paths(["a", "ab", "a-/b"])), set())
