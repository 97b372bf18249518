"""Files come byte for byte, whole or from where they are asked for."""

from __future__ import annotations

import gzip

from reqpi.core.errors import NotFound
from reqpi.core.interfaces import Transfer
from tests.fake_upstream import Style, faults
from tests.upstream.case import UpstreamCase
from tests.upstream.scripted import Turn, ok

CONTENT = bytes(range(256)) * 4


async def taken(transfer: Transfer) -> bytes:
    """All the bytes of a transfer."""
    return b"".join([piece async for piece in transfer])


class WholeTests(UpstreamCase):
    """A file from its beginning to its end."""

    async def test_a_file_comes_whole_with_its_size(self) -> None:
        """No range is requested, and none is sent."""
        upstream = self.upstream()
        transfer = await self.index(upstream.url).open(upstream.file_url(self.thing))
        self.assertEqual((transfer.size, transfer.start), (len(self.thing.content), 0))
        self.assertEqual(await taken(transfer), self.thing.content)
        self.assertNotIn("range", upstream.requests[0].headers)

    async def test_an_empty_file_comes(self) -> None:
        """It has a size too."""
        transfer = await self.index("http://h/").open(self.scripted(ok(b"")).url)
        self.assertEqual((transfer.size, await taken(transfer)), (0, b""))

    async def test_a_file_without_a_length_comes(self) -> None:
        """In chunks, or up to the end of the connection."""
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        for turn in (Turn(chunked), Turn(b"HTTP/1.0 200 OK\r\n\r\nabc", "close")):
            transfer = await self.index("http://h/").open(self.scripted(turn).url)
            self.assertEqual((transfer.size, await taken(transfer)), (None, b"abc"))

    async def test_a_label_of_gzip_is_passed_over(self) -> None:
        """A ``.tar.gz`` that some server calls coded is what its digest is of, as it is."""
        coded = gzip.compress(CONTENT)
        script = self.scripted(ok(coded, "Content-Encoding: gzip"))
        transfer = await self.index("http://h/").open(f"{script.url}/thing-1.0.tar.gz")
        self.assertEqual((transfer.size, await taken(transfer)), (len(coded), coded))
        self.assertEqual(script.header("Accept-Encoding"), ["identity"])

    async def test_a_redirect_is_followed(self) -> None:
        """Many indexes keep their files on a host of another party."""
        there = self.scripted(ok(CONTENT))
        here = self.scripted(ok(b"", f"Location: {there.url}/x?sig=1", status="307 Elsewhere"))
        self.assertEqual(await taken(await self.index("http://h/").open(here.url)), CONTENT)

    async def test_a_file_that_is_not_there_is_not_found(self) -> None:
        """404 or 410."""
        upstream = self.upstream()
        for code in (404, 410):
            upstream.fail("file", faults.Status(code))
            with self.assertRaises(NotFound):
                await self.index(upstream.url).open(upstream.file_url(self.thing))


class RangeTests(UpstreamCase):
    """A part of a file."""

    async def part(self, start: int, stop: int | None, style: Style | None = None) -> tuple[int | None, int, bytes]:
        upstream = self.upstream(style)
        transfer = await self.index(upstream.url).open(upstream.file_url(self.thing), start, stop)
        return transfer.size, transfer.start, await taken(transfer)

    async def test_a_part_comes_with_where_it_begins_and_the_size_of_the_whole(self) -> None:
        """From a start, between a start and a stop, and counted from the end."""
        for start, stop in ((5, None), (5, 6), (0, 1), (7, 107), (5, 10**9)):
            size, begins, data = await self.part(start, stop)
            self.assertEqual((size, begins), (len(self.thing.content), start))
            self.assertEqual(data, self.thing.content[start:stop])
        size, begins, data = await self.part(-10, None)
        self.assertEqual((begins, data), (len(self.thing.content) - 10, self.thing.content[-10:]))

    async def test_a_part_is_of_the_file_that_it_was_asked_of(self) -> None:
        """By its ETag; of another, all of it comes."""
        upstream = self.upstream(Style(ranges=True))
        url, whole = upstream.file_url(self.thing), self.thing.content
        index = self.index(upstream.url)
        first = await index.open(url)
        await taken(first)
        again = await index.open(url, 5, etag=first.etag)
        self.assertEqual((again.start, again.etag, await taken(again)), (5, first.etag, whole[5:]))
        other = await index.open(url, 5, etag='"another"')
        self.assertEqual((other.start, other.etag, await taken(other)), (0, first.etag, whole))

    async def test_a_weak_etag_is_none(self) -> None:
        """It says that two files mean the same, not that their bytes are the same."""
        for said, expected in (('"x"', '"x"'), ('W/"x"', None), ("x", None), ('"a" "b"', None)):
            transfer = await self.index("http://h/").open(self.scripted(ok(CONTENT, f"ETag: {said}")).url)
            await taken(transfer)
            self.assertEqual(transfer.etag, expected)

    async def test_more_than_there_is_from_the_end_is_the_whole(self) -> None:
        """Small wheels are smaller than what is asked for of large ones."""
        self.assertEqual((await self.part(-(10**6), None))[1:], (0, self.thing.content))

    async def test_a_server_without_ranges_sends_the_whole(self) -> None:
        """And says so, by beginning at 0."""
        for start, stop in ((5, None), (5, 6), (-10, None)):
            size, begins, data = await self.part(start, stop, Style(ranges=False))
            self.assertEqual((size, begins, data), (len(self.thing.content), 0, self.thing.content))

    async def test_a_size_that_is_not_said_is_not_known(self) -> None:
        """``*`` is allowed."""
        script = self.scripted(ok(b"ab", "Content-Range: bytes 5-6/*", status="206 Part"))
        transfer = await self.index("http://h/").open(script.url, 5, 7)
        self.assertEqual((transfer.size, transfer.start, await taken(transfer)), (None, 5, b"ab"))

    async def test_fewer_bytes_than_were_asked_for_are_taken(self) -> None:
        """A server may send less at a time; the caller sees that the rest is missing."""
        script = self.scripted(ok(b"ab", "Content-Range: bytes 5-6/100", status="206 Part"))
        for stop in (50, None):
            transfer = await self.index("http://h/").open(script.url, 5, stop)
            self.assertEqual(await taken(transfer), b"ab")

    async def test_bytes_from_elsewhere_are_refused(self) -> None:
        """Joined with others they would make a file that never existed."""
        for said, sent in (
            ("4-5/100", 2),
            ("6-6/100", 1),
            ("5-7/100", 3),
            ("5-4/100", 0),
            ("5-6/6", 2),
            ("5-6/100", 1),
            ("5-6/100", 3),
            ("-2/100", 2),
            ("5-6", 2),
            ("", 2),
        ):
            script = self.scripted(ok(b"x" * sent, f"Content-Range: bytes {said}", status="206 Part"))
            trouble = await self.trouble(self.index("http://h/").open(script.url, 5, 7))
            self.assertIn("unexpected range", trouble.title, said)

    async def test_a_refused_range_ends_its_connection(self) -> None:
        """What it brings is not read."""
        script = self.scripted(Turn(b"HTTP/1.1 206 Part\r\nContent-Range: bytes 0-9/10\r\nContent-Length: 10\r\n\r\n"))
        await self.trouble(self.index("http://h/").open(script.url, 5))
        await script.quiet()

    async def test_an_end_that_is_none_is_refused(self) -> None:
        """A wheel's directory stands at its end: another part would be read as one."""
        for said, sent in (("97-99/100", 3), ("98-98/100", 1), ("0-1/100", 2), ("0-2/3", 3)):
            script = self.scripted(ok(b"x" * sent, f"Content-Range: bytes {said}", status="206 Part"))
            trouble = await self.trouble(self.index("http://h/").open(script.url, -2))
            self.assertIn("unexpected range", trouble.title, said)

    async def test_several_parts_at_once_are_refused(self) -> None:
        """They were not requested."""
        script = self.scripted(ok(b"--x", "Content-Type: multipart/byteranges; boundary=x", status="206 Part"))
        self.assertIn("unexpected range", (await self.trouble(self.index("http://h/").open(script.url, 5))).title)

    async def test_a_range_beyond_the_end_is_trouble(self) -> None:
        """416: the file is shorter than it was."""
        upstream = self.upstream()
        trouble = await self.trouble(self.index(upstream.url).open(upstream.file_url(self.thing), 10**6))
        self.assertIn("answered 416", trouble.title)
