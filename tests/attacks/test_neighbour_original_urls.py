"""A neighbour who asks for files at other URLs, or commits a lock that is to be rewritten."""

from __future__ import annotations

from tests.web.case import CONTENTS, SDIST, WHEEL
from tests.web.test_rewritten import ORIGINAL, UvCase, uv_lock


class OriginalUrlTests(UvCase):
    """Paths below files/ that mean no file of the address."""

    async def test_the_file_of_another_address_is_refused(self) -> None:
        """The file is in the store, and on the pages of the upstream."""
        other = await self.committed("six==2.0")
        path = "/files/files.example.org/six-2.0.tar.gz"
        self.assertEqual((await self.ask(f"/{other}{path}")).body, b"newer")
        self.assert_problem(await self.under(path), 410)

    async def test_a_path_with_dots_or_encoded_slashes_is_refused(self) -> None:
        """Whether they are in the host or in the path."""
        for path in (
            f"/files/../files/files.example.org/{WHEEL}",
            f"/files/%2e%2e/files.example.org/{WHEEL}",
            f"/files/files.example.org/x/%2e%2e/{WHEEL}",
            f"/files/files.example.org%2f{WHEEL}",
            f"/files/files.example.org/a%2f..%2f{WHEEL}",
            f"/files/..%2ffiles.example.org/{WHEEL}",
        ):
            self.assert_problem(await self.under(path), 404)
        for path in (
            f"/files/x@files.example.org/{WHEEL}",
            f"/files/files.example.org:99/{WHEEL}",
            f"/files/files.example.org%5c/{WHEEL}",
            f"/files/files.example.org%00/{WHEEL}",
            "/files/files.example.org/",
            "/files/%5B/x",
            "/files/",
            "/files",
        ):
            self.assert_problem(await self.under(path), 410)

    async def test_a_query_finds_no_other_file(self) -> None:
        """A URL with another query is another URL."""
        self.assert_problem(await self.under(f"/files/files.example.org/{WHEEL}?file={SDIST}"), 410)
        self.assertEqual((await self.under(f"/files/files.example.org/{WHEEL}?")).body, CONTENTS[WHEEL])

    async def test_a_url_in_a_lock_admits_nothing(self) -> None:
        """The lock claims that a file which it does not admit is at a URL of its own."""
        lie = uv_lock().replace(f"{ORIGINAL}/{WHEEL}".encode(), b"https://evil.example.org/six-2.0.tar.gz")
        commitment, _ = await self.shelf.commit(lie)
        for path in ("files/evil.example.org/six-2.0.tar.gz", "simple/six/six-2.0.tar.gz"):
            problem = self.assert_problem(await self.ask(f"/{commitment.address}/{path}"), 410)
            self.assertIn("not admitted", problem["title"])

    async def test_bytes_with_a_wrong_digest_are_not_served(self) -> None:
        """The upstream has other bytes at the URL than it listed."""
        self.upstream.files[f"{ORIGINAL}/{SDIST}"] = b"evil bytes of six"
        reply = await self.under(f"/files/files.example.org/{SDIST}")
        self.assertNotEqual(reply.status, 200)
        self.assertNotIn(b"evil", reply.body)


class RewritingTests(UvCase):
    """Locks whose URLs are made to break out of the text."""

    async def rewritten(self, url: str) -> tuple[int, bytes]:
        """The answer for a lock with this URL, as TOML spells it."""
        document = uv_lock().replace(f'"{ORIGINAL}/{WHEEL}"'.encode(), url.encode())
        reply = await self.post(document)
        if reply is None:
            return 422, b""
        answer = await self.ask(f"/{reply}/uv.lock")
        return answer.status, answer.body

    async def post(self, document: bytes) -> str | None:
        answer = await self.ask("/locks", "POST", document)
        location = answer["Location"]
        return None if location is None else location.split("/")[-2]

    async def test_quotes_and_escapes_stay_within_the_url(self) -> None:
        """Each is refused, or becomes a URL of the address, in which it is encoded."""
        for end in ('\\"x.whl', "\\u0022, url = \\u0022x.whl", "\\n[[package]]\\n.whl", "\\\\x.whl", "\\u0000.whl"):
            status, body = await self.rewritten(f'"{ORIGINAL}/{end}"')
            self.assertIn(status, (200, 404, 422))
            if status == 200:
                self.assertNotIn(ORIGINAL.encode() + b"/" + end.encode(), body)
                self.assertEqual(body.count(b"[[package]]"), 1)
                self.assertEqual(body.count(b"url = "), uv_lock().count(b"url = "))

    async def test_a_literal_string_with_a_quote_becomes_an_encoded_one(self) -> None:
        status, body = await self.rewritten(f"'{ORIGINAL}/\"x.whl'")
        self.assertIn(status, (200, 404, 422))
        if status == 200:
            self.assertIn(b'/simple/six/%22x.whl"', body)

    async def test_a_url_with_dots_is_not_rewritten(self) -> None:
        """A client would resolve them, and ask for another path of this server."""
        for end in ("..", "%2e%2e", ".", ""):
            status, _ = await self.rewritten(f'"{ORIGINAL}/{end}"')
            self.assertIn(status, (404, 422), end)
