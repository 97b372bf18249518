"""A part of a file, for who asks for one (:rfc:`9110`, section 14): pip resumes with it, uv reads metadata with it."""

from __future__ import annotations

import hashlib

from tests.web.case import CONTENTS, WHEEL, WebCase
from tests.web.wire import Reply

WHOLE = CONTENTS[WHEEL]
SIZE = len(WHOLE)
ETAG = f'"{hashlib.sha256(WHOLE).hexdigest()}"'


class Ranges(WebCase):
    async def part(self, asked: str, method: str = "GET", **headers: str) -> Reply:
        reply = await self.under(f"/simple/six/{WHEEL}", method, Range=asked, **headers)
        self.assertEqual(reply["Accept-Ranges"], "bytes")
        self.assertEqual(reply["ETag"], ETAG)
        return reply

    def assert_part(self, reply: Reply, start: int, stop: int) -> None:
        self.assertEqual((reply.status, reply.reason), (206, "Partial Content"))
        self.assertEqual(reply["Content-Range"], f"bytes {start}-{stop - 1}/{SIZE}")
        self.assertEqual(reply["Content-Type"], "application/octet-stream")
        self.assertEqual(reply.body, WHOLE[start:stop])

    def assert_whole(self, reply: Reply) -> None:
        self.assertEqual((reply.status, reply["Content-Range"], reply.body), (200, None, WHOLE))

    async def test_one_range_is_answered_with_that_range(self) -> None:
        """From the beginning, the middle, up to the end or past it, and counted from the end."""
        for asked, start, stop in (
            ("bytes=0-0", 0, 1),
            ("bytes=0-99", 0, 100),
            ("bytes=100-199", 100, 200),
            (f"bytes={SIZE - 1}-", SIZE - 1, SIZE),
            ("bytes=7-", 7, SIZE),
            ("bytes=7-999999", 7, SIZE),
            ("bytes=-1", SIZE - 1, SIZE),
            ("bytes=-100", SIZE - 100, SIZE),
            ("bytes= 1 - 2 ", 1, 3),
        ):
            self.assert_part(await self.part(asked), start, stop)

    async def test_a_range_that_is_the_whole_is_the_whole(self) -> None:
        """So that a cache keeps it."""
        for asked in ("bytes=0-", f"bytes=0-{SIZE - 1}", f"bytes=-{SIZE}", "bytes=-99999999"):
            self.assert_whole(await self.part(asked))

    async def test_a_range_past_the_end_is_416(self) -> None:
        """It says how long the file is, and is not kept by a cache."""
        for asked in (f"bytes={SIZE}-", f"bytes={SIZE}-{SIZE}", "bytes=999999999999999999-", "bytes=-0"):
            reply = await self.part(asked)
            self.assertEqual((reply.status, reply["Content-Range"], reply.body), (416, f"bytes */{SIZE}", b""), asked)
            self.assertEqual((reply["Cache-Control"], reply["Content-Length"]), ("no-store", "0"))

    async def test_what_is_no_single_range_is_ignored(self) -> None:
        """Several ranges, other units, nonsense: the whole is an answer to all of them."""
        for asked in (
            "bytes=0-1,5-6", "bytes=5-2", "bytes=-", "bytes=", "bytes", "", "lines=0-1", "bytes=a-b", "bytes=--1",
            "bytes=0x1-0x2", "bytes=1-2-3", "bytes=" + "1" * 4000 + "-", "bytes=\xb2-", "bytes=+1-2",
        ):  # fmt: skip
            self.assert_whole(await self.part(asked))

    async def test_if_range_guards_a_resumption(self) -> None:
        """Who has the beginning of other bytes gets all of these (section 13.1.5); a date proves nothing."""
        self.assert_part(await self.part("bytes=5-", If_Range=ETAG), 5, SIZE)
        for other in ('"other"', f"W/{ETAG}", "Sat, 21 Nov 2026 00:00:00 GMT", "\xff"):
            self.assert_whole(await self.part("bytes=5-", If_Range=other))

    async def test_a_range_is_for_get_alone(self) -> None:
        """HEAD says how long the whole is (section 14.2)."""
        reply = await self.part("bytes=5-6", "HEAD")
        self.assertEqual((reply.status, reply["Content-Length"], reply["Content-Range"]), (200, str(SIZE), None))

    async def test_if_none_match_counts_before_the_range(self) -> None:
        """A client that has it all needs no part of it (section 13.2.2)."""
        self.assertEqual((await self.part("bytes=5-6", If_None_Match=ETAG)).status, 304)

    async def test_a_file_of_no_bytes_is_served(self) -> None:
        """Nothing is a range of it, and nothing hangs."""
        self.address = await self.committed_to_many(1)
        for asked in ("bytes=0-", "bytes=-5", "lines=1-2"):
            reply = await self.under("/simple/many/many-1.0.zip", Range=asked)
            self.assertEqual((reply.status, reply["Content-Length"]), (200, "0"), asked)
