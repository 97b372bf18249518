"""Whatever an upstream does, no client gets a whole wrong file, and the store never holds one."""

from __future__ import annotations

from hashlib import sha256
from http.client import HTTPException
from time import monotonic

from attrs import frozen

from tests.end_to_end.case import EndToEnd
from tests.fake_upstream.exchange import Exchange
from tests.fake_upstream.faults import (
    Encoding,
    Endless,
    Fault,
    First,
    Garbage,
    RedirectLoop,
    Reset,
    ShortBody,
    ShortChunked,
    Status,
    WrongBytes,
)


@frozen
class _Changed:
    """100 bytes and the end, and then other bytes than at first."""

    def play(self, exchange: Exchange) -> None:
        """Answer."""
        (ShortBody(100) if exchange.count == 1 else WrongBytes()).play(exchange)


class FaultsTests(EndToEnd):
    """The fault shows as an error, and passes when it is over."""

    def fetch(self, index: str) -> tuple[int, bytes]:
        """Status and body of ``top``'s wheel; 0 where the connection broke."""
        try:
            response, body = self.get(f"{index}top/{self.files['top'].filename}")
        except (HTTPException, ConnectionError):
            return 0, b""
        return response.status, body

    def assert_never_whole_and_never_kept(self, fault: Fault) -> None:
        """With ``fault`` in every file; and without it all is well."""
        index = self.posted()
        self.get(f"{index}top/")
        self.upstream.fail(self.files["top"].filename, fault)
        status, _ = self.fetch(index)
        self.assertNotEqual(status, 200)
        self.assert_store_is_sound()
        self.upstream.heal(self.files["top"].filename)
        self.assertEqual(self.served(f"{index}top/{self.files['top'].filename}"), self.files["top"].content)

    def assert_store_is_sound(self) -> None:
        """Everything in it that has a digest for its name has that digest."""
        for path in self.store.rglob("*"):
            if path.is_file() and len(path.name) == 64 and "blob" in str(path.parent):
                self.assertEqual(sha256(path.read_bytes()).hexdigest(), path.name)
        wrong = self.files["top"].content[:-1]
        end = monotonic() + 240
        while found := [path for path in self.store.rglob("*") if path.is_file() and wrong in path.read_bytes()]:
            # The client is told before what came of the file is removed.
            self.assertLess(monotonic(), end, found)

    def test_wrong_bytes(self) -> None:
        """Of the right length."""
        self.assert_never_whole_and_never_kept(WrongBytes())

    def test_a_short_body(self) -> None:
        """Shorter than its Content-Length, or with no length at all."""
        self.assert_never_whole_and_never_kept(ShortBody(100))

    def test_a_short_body_without_a_length(self) -> None:
        """Only the digest can tell."""
        self.assert_never_whole_and_never_kept(ShortChunked(100))

    def test_a_reset(self) -> None:
        """In the middle of the body."""
        self.assert_never_whole_and_never_kept(Reset(100))

    def test_a_reset_before_the_head(self) -> None:
        """Each time it is tried."""
        self.assert_never_whole_and_never_kept(Reset())

    def test_a_length_that_no_file_has(self) -> None:
        """Nothing of it is taken: it would fill the disk."""
        self.assert_never_whole_and_never_kept(Endless(1 << 40))
        self.assertTrue([line for line in self.server.log if "too long" in line])

    def test_other_bytes_when_the_rest_is_fetched(self) -> None:
        """The first attempt breaks off, and what comes after it belongs to another file."""
        self.assert_never_whole_and_never_kept(_Changed())

    def test_a_429(self) -> None:
        """With a Retry-After that is heeded, and is no use."""
        self.assert_never_whole_and_never_kept(Status(429, {"Retry-After": "1"}))

    def test_a_content_encoding_that_it_does_not_have(self) -> None:
        """A file is taken as it was sent, whatever it is called; its digest is right."""
        index = self.posted()
        self.upstream.fail(self.files["top"].filename, Encoding("gzip"))
        self.assertEqual(self.fetch(index), (200, self.files["top"].content))

    def test_a_page_that_lost_the_version(self) -> None:
        """410 names it, nothing is frozen, and it is served once it is there again."""
        index = self.committed("late==1.0\n")
        self.upstream.wheel("late", "2.0")
        response, body = self.get(f"{index}late/")
        self.assertEqual(response.status, 410, body)
        self.assertIn(b"The lock pins 1.0", body)
        late = self.upstream.wheel("late", "1.0")
        self.assertIn(late.filename.encode(), self.served(f"{index}late/"))

    def test_a_503(self) -> None:
        """For a file."""
        self.assert_never_whole_and_never_kept(Status(503))

    def test_a_redirect_without_end(self) -> None:
        """For a file."""
        self.assert_never_whole_and_never_kept(RedirectLoop())

    def test_a_page_in_trouble_is_503_and_comes_back(self) -> None:
        """With Retry-After, so that clients ask again; nothing of it is frozen, nor was it ahead."""
        self.upstream.fail("page", Status(503))
        index = self.posted()
        for fault in (Status(503), Garbage(), Encoding("gzip"), RedirectLoop(), ShortBody(20), Status(500)):
            self.upstream.fail("page", fault)
            response, body = self.get(f"{index}top/")
            self.assertEqual(response.status, 503, f"{fault}: {body!r}")
            self.assertIn(response.headers["Retry-After"], set("12345"))
            self.upstream.heal("page")
        response, body = self.get(f"{index}top/")
        self.assertEqual(response.status, 200)
        self.assertIn(self.files["top"].filename.encode(), body)

    def test_metadata_in_trouble_does_not_lie(self) -> None:
        """Core metadata with wrong bytes upstream is refused, or read from the wheel: never passed on."""
        index = self.posted()
        self.upstream.fail("metadata", First(1, WrongBytes()))
        for _ in range(2):
            response, body = self.get(f"{index}top/{self.files['top'].filename}.metadata")
            if response.status == 200:
                self.assertEqual(body, self.files["top"].metadata)
            else:
                self.assertEqual(response.status, 503)
