"""The page of a file: its digests, its metadata and its members, each of which is text."""

from __future__ import annotations

import zlib

from packaging.utils import canonicalize_name

from tests.distributions import a_file, a_page
from tests.web.archives import sdist_of, wheel_of
from tests.web.case import SDIST, WHEEL, WebCase
from tests.web.test_pages import read

SCRIPT = "<script>alert(1)</script>"
METADATA = f"""Metadata-Version: 2.4
Name: six
Version: 1.0
Summary: {SCRIPT}\u202e reversed
License: {SCRIPT}
Requires-Dist: anna; extra == "{SCRIPT}"
Classifier: Topic :: {SCRIPT}
Classifier: License :: {SCRIPT}

{SCRIPT}
""".encode()
MEMBERS = {f"six/{SCRIPT}.py": b"x" * 1234, "six/\x1b[31m\u202e\nred.py": b"", '"onload="alert(1)': b""}


class FilePageTests(WebCase):
    """A wheel and an sdist with hostile metadata and members."""

    async def setUp(self) -> None:
        await super().setUp()
        await self.offered(wheel_of(METADATA, MEMBERS), sdist_of(METADATA, MEMBERS))

    async def offered(self, wheel: bytes, sdist: bytes) -> None:
        """Offer two files of six, and commit a new lock of it whose page is frozen."""
        files = (a_file(WHEEL, wheel, size=len(wheel)), a_file(SDIST, sdist, size=len(sdist)))
        self.upstream.offer(a_page(*files), wheel, sdist)
        self.address = await self.committed(f"six==1.0  # {files[0].sha256}{files[1].sha256}")
        await self.shelf.page(await self.shelf.commitment(self.address), "six")

    async def hold(self, *names: str) -> None:
        commitment = await self.shelf.commitment(self.address)
        for name in names:
            await self.shelf.hold(commitment, canonicalize_name("six"), name)

    async def test_a_file_has_its_digest_its_place_and_a_link_to_its_bytes(self) -> None:
        reply = await self.under(f"/pins/six/{SDIST}")
        (digest,) = self.upstream.pages[canonicalize_name("six")].files[1].digests
        for words in (digest.hex, "six==1.0", "not in the store yet", f"https://files.example.org/{SDIST}"):
            self.assertIn(words, read(reply.body).text)
        self.assertIn(f'href="../../../{self.address}/simple/six/{SDIST}"', reply.body.decode())
        self.assertEqual(reply["Cache-Control"], "no-store")

    async def test_a_file_in_the_store_has_its_metadata_and_its_members(self) -> None:
        await self.hold(WHEEL, SDIST)
        for name, of_it in ((WHEEL, "six-1.0.dist-info/METADATA"), (SDIST, "six-1.0/PKG-INFO")):
            text = read((await self.under(f"/pins/six/{name}")).body).text
            for words in (
                SCRIPT,
                "read from the verified file",
                of_it,
                "anna; extra",
                "Topic :: ",
                "1.2 kB",
                "4 members",
            ):
                self.assertIn(words, text, name)

    async def test_each_text_is_text(self) -> None:
        await self.hold(WHEEL, SDIST)
        for name in (WHEEL, SDIST):
            reply = await self.under(f"/pins/six/{name}")
            tags = read(reply.body)
            self.assertEqual(tags.elements.count("script"), 1, name)
            self.assertFalse({each for each in tags.attributes if each.startswith("on")}, name)
            for char in ("\x1b", "\u202e"):
                self.assertNotIn(char, reply.body.decode(), name)

    async def test_what_the_index_claims_is_called_a_claim(self) -> None:
        """Until the wheel is in the store, its metadata was read from ranges or is the upstream's own file."""
        await self.under(f"/simple/six/{WHEEL}.metadata")
        self.assertIn("it is not verified", read((await self.under(f"/pins/six/{WHEEL}")).body).text)

    async def test_no_upstream_is_asked(self) -> None:
        before = list(self.upstream.asked)
        for name in (WHEEL, SDIST):
            self.assertIn("not in the store", read((await self.under(f"/pins/six/{name}")).body).text)
        await self.committed("six==1.0 ")
        self.assertEqual(self.upstream.asked, before)

    async def test_files_that_are_not_known_yet_are_not_looked_up(self) -> None:
        before = list(self.upstream.asked)
        self.address = await self.committed("six==1.0   # never requested")
        self.assert_problem(await self.under(f"/pins/six/{SDIST}"), 404, "the files of six are not known yet")
        self.assertEqual(self.upstream.asked, before)

    async def test_other_projects_and_paths_are_errors(self) -> None:
        for path, status in (
            ("/pins/six/six-2.0.tar.gz", 410),
            ("/pins/flask/flask-1.0.tar.gz", 410),
            ("/pins/-/x", 404),
            (f"/pins/six/{SDIST}/x", 404),
            ("/pins/six/..", 404),
        ):
            self.assert_problem(await self.under(path), status)

    async def test_broken_archives_are_named_broken(self) -> None:
        for number, broken in enumerate((b"", b"PK\x03\x04" + bytes(100), b"\x1f\x8b" + bytes(50), b"x" * 5000)):
            padded = broken + bytes([number])
            await self.offered(padded, padded + b"s")
            commitment = await self.shelf.commitment(self.address)
            for name in (WHEEL, SDIST):
                await self.shelf.file(commitment, "six", name)
                await self.under(f"/simple/six/{name}")
                text = read((await self.under(f"/pins/six/{name}")).body).text
                self.assertIn("The archive cannot be read", text, (number, name))

    async def test_an_archive_that_unpacks_to_gigabytes_is_bounded(self) -> None:
        """A member of 10 GiB is never unpacked by a wheel; a tar is given up at half a GiB."""
        bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
        head = sdist_of(METADATA)
        header = zlib.decompress(head, 31)[:512].replace(b"six-1.0/PKG-INFO", b"six-1.0/zeros.py")
        sized = bytearray(header)
        sized[124:136] = b"%011o\0" % (1 << 32)
        sized[148:156] = b" " * 8
        sized[148:156] = b"%06o\0 " % sum(sized)
        data = bomb.compress(bytes(sized)) + b"".join(bomb.compress(bytes(1 << 20)) for _ in range(600)) + bomb.flush()
        await self.offered(wheel_of(METADATA), data)
        await self.hold(SDIST)
        self.assertIn("it decompresses to too much", read((await self.under(f"/pins/six/{SDIST}")).body).text)

    async def test_thousands_of_members_are_counted_and_not_shown(self) -> None:
        many = {f"six/{number}.py": b"" for number in range(3000)}
        await self.offered(wheel_of(METADATA, many), sdist_of(METADATA, many))
        await self.hold(WHEEL, SDIST)
        for name, words in ((WHEEL, "The first 1,000 members, and 2,001 more"), (SDIST, "they were not counted")):
            reply = await self.under(f"/pins/six/{name}")
            self.assertIn(words, read(reply.body).text)
            self.assertLess(len(reply.body), 1 << 18)

    async def test_a_damaged_file_is_shown_by_no_page(self) -> None:
        """Its members are read from verified bytes alone."""
        await self.hold(SDIST)
        sha256 = str(self.upstream.pages[canonicalize_name("six")].files[1].sha256)
        self.store._blobs[sha256] = sdist_of(METADATA, {"six/evil.py": b""})
        reply = await self.under(f"/pins/six/{SDIST}")
        self.assertNotIn("evil.py", reply.body.decode())
