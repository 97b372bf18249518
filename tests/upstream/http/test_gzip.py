"""A coded page is decoded, within a limit; a page that is coded in another way than it says is no page."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import WrongPage
from reqpi.upstream import documents
from reqpi.upstream.http.gzip import decode
from tests.fake_upstream import faults
from tests.upstream.case import UpstreamCase
from tests.upstream.scripted import ok

HTML = "Content-Type: text/html"
GZIP = "Content-Encoding: gzip"
LINK = b'<a href="thing-1.0.tar.gz">thing-1.0.tar.gz</a>'


class DecodeTests(SynchronousTestCase):
    """Bytes and the name of a coding."""

    def refused(self, data: bytes, coding: str = "gzip", limit: int = 1000) -> str:
        return self.assertRaises(WrongPage, decode, data, coding, limit).title

    def test_what_was_coded_comes_back(self) -> None:
        """Under any spelling of its name; and what was not coded, as it is."""
        for coding in ("gzip", "x-gzip", " GZip "):
            self.assertEqual(decode(gzip.compress(LINK), coding, 1000), LINK)
        for coding in ("", "identity", "Identity"):
            self.assertEqual(decode(LINK, coding, 1000), LINK)

    def test_the_limit_is_a_limit_and_no_less(self) -> None:
        """Up to the last byte of it."""
        self.assertEqual(len(decode(gzip.compress(b"x" * 1000), "gzip", 1000)), 1000)
        self.assertIn("too much", self.refused(gzip.compress(b"x" * 1001)))

    def test_a_bomb_takes_no_memory(self) -> None:
        """32 MiB in 32 KiB: no more than the limit is ever decoded."""
        one = zlib.compressobj(wbits=31)
        bomb = b"".join(one.compress(bytes(1 << 20)) for _ in range(32)) + one.flush()
        self.assertLess(len(bomb), 1 << 16)
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        self.refused(bomb, limit=1 << 20)
        self.assertLess(tracemalloc.get_traced_memory()[1], 8 << 20)

    def test_what_has_no_end_is_refused(self) -> None:
        """Cut off at any byte."""
        coded = gzip.compress(LINK)
        for stop in range(len(coded)):
            self.refused(coded[:stop])

    def test_what_goes_on_after_its_end_is_refused(self) -> None:
        """A second part would be lost without a word."""
        self.refused(gzip.compress(LINK) * 2)
        self.refused(gzip.compress(LINK) + b"\0")

    def test_damage_is_found(self) -> None:
        """By the checksum in it."""
        coded = bytearray(gzip.compress(LINK))
        coded[-8] ^= 1
        self.refused(bytes(coded))

    def test_a_coding_that_was_not_asked_for_is_refused(self) -> None:
        """Twice gzip as well: that would be a bomb in a bomb."""
        for coding in ("br", "deflate", "zstd", "gzip, gzip", "gzip, identity", "\ufffd", "x" * 9999):
            self.assertIn("not requested", self.refused(gzip.compress(LINK), coding))


class PageTests(UpstreamCase):
    """Over HTTP."""

    async def test_gzip_is_asked_for_and_undone(self) -> None:
        """A page of 10 MB is one of 1 MB."""
        script = self.scripted(ok(gzip.compress(LINK), HTML, GZIP))
        self.assertEqual(len((await self.page(script.url)).files), 1)
        self.assertEqual(script.header("Accept-Encoding"), ["gzip"])

    async def test_two_labels_are_two_codings(self) -> None:
        """In one header or in two."""
        script = self.scripted(ok(gzip.compress(LINK), HTML, GZIP, GZIP))
        await self.assertFailure(self.page(script.url), WrongPage)

    async def test_a_bomb_is_a_wrong_page(self) -> None:
        """And is not asked for again."""
        self.patch(documents, "_LARGEST_PAGE", 1 << 16)
        script = self.scripted(ok(gzip.compress(bytes(1 << 24)), HTML, GZIP))
        await self.assertFailure(self.page(script.url), WrongPage)
        self.assertEqual(len(script.requests), 1)

    async def test_a_wrong_label_is_a_wrong_page(self) -> None:
        """Guessing would be worse."""
        for name in ("gzip", "br"):
            upstream = self.upstream()
            upstream.fail("page", faults.Encoding(name))
            await self.assertFailure(self.page(upstream.url), WrongPage)
