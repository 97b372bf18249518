"""A lock that the server takes."""

from __future__ import annotations

from reqpi.client import AddressDiffers, ServerTrouble, commit
from reqpi.core.address import address_of
from reqpi.core.report import Document, Note
from tests.client.case import ALONE, DOCUMENT, ClientTestCase

ADDRESS = address_of(DOCUMENT)


class CommitTests(ClientTestCase):
    """The server's answer is believed where it is about the document that was sent."""

    def test_the_document_arrives_byte_for_byte(self) -> None:
        """Nothing is decoded or normalised on the way."""
        document = b"\xef\xbb\xbfsix==1.17.0\r\n\x00\xff"
        self.server.takes(document)
        commit(self.server.url, [Document("", document)])
        self.assertEqual(
            [(seen.method, seen.path, seen.body) for seen in self.server.seen], [("POST", "/locks", document)]
        )

    def test_what_is_requested_soon_is_in_a_header(self) -> None:
        """An older server ignores it. A hold covers more."""
        self.server.takes(DOCUMENT)
        soon = [("platform", "win_amd64"), ("every", "1")]
        commit(self.server.url, ALONE, soon=soon)
        commit(self.server.url, ALONE)
        self.assertEqual(
            [seen.headers.get("X-ReqPI-Soon") for seen in self.server.seen], ["platform=win_amd64&every=1", None]
        )
        self.server.says("/locks?hold=1", 503, {"title": "away"})
        with self.assertRaises(ServerTrouble):
            commit(self.server.url, ALONE, hold=(), soon=soon)
        self.assertNotIn("X-ReqPI-Soon", self.server.seen[-1].headers)

    def test_the_index_is_below_the_url_that_was_requested(self) -> None:
        """Whatever the server calls itself: its own URL is reported next to it."""
        reported = f"https://example.org/reqpi/{ADDRESS}/simple/"
        index = self.server.takes(DOCUMENT, index=reported, pins=31)
        committed = commit(self.server.url, ALONE)
        self.assertEqual((committed.index_url, committed.reported_index), (index, reported))
        self.assertEqual((committed.pins, committed.created), (31, True))

    def test_a_second_time_nothing_is_created(self) -> None:
        """200 says that the lock was there."""
        self.server.takes(DOCUMENT, status=200)
        self.assertFalse(commit(self.server.url, ALONE).created)

    def test_warnings_come_with_their_lines(self) -> None:
        """They are read into values."""
        self.server.takes(DOCUMENT, warnings=[{"line": 3, "text": "--pre", "message": "says nothing here"}])
        self.assertEqual(commit(self.server.url, ALONE).warnings, (Note(3, "--pre", "says nothing here"),))

    def test_the_server_may_stand_below_a_prefix(self) -> None:
        """With a slash at the end of its URL or without."""
        index = self.server.takes(DOCUMENT, prefix="/a%20b/reqpi")
        for url in ("/a b/reqpi", "/a%20b/reqpi", "/a b/reqpi/", "/a b/reqpi//"):
            self.assertEqual(commit(self.server.url + url, ALONE).index_url, index)

    def test_localhost_is_found(self) -> None:
        """The default URL names it."""
        self.server.takes(DOCUMENT)
        self.assertEqual(commit(f"http://localhost:{self.server.port}", ALONE).address, ADDRESS)


class AnotherAddressTests(ClientTestCase):
    """A server that speaks of another document is believed in nothing."""

    def refuse(self, **answer: object) -> str:
        self.server.takes(DOCUMENT, **answer)
        return self.assertRaises(AddressDiffers, commit, self.server.url, ALONE).detail

    def test_the_address_differs(self) -> None:
        """Both are named."""
        detail = self.refuse(address="0" * 64)
        self.assertIn(ADDRESS, detail)
        self.assertIn("0" * 64, detail)

    def test_the_address_is_no_text(self) -> None:
        """Nothing but the right string will do."""
        self.refuse(address=[ADDRESS])

    def test_the_address_is_in_capitals(self) -> None:
        """It is lower case, or another one."""
        self.refuse(address=ADDRESS.upper())

    def test_the_index_is_anothers(self) -> None:
        """The right address beside the wrong index is no help."""
        self.assertIn("0" * 64, self.refuse(index=f"http://example.org/{'0' * 64}/simple/"))

    def test_the_index_would_do_something_else_in_a_shell(self) -> None:
        """What is printed goes onto command lines."""
        for url in (
            "http://example.org/$(id)/",
            "http://a b/",
            "http://a/\n",
            "file:///",
            "-r x",
            "http://a/`id`/",
            "x",
        ):
            self.refuse(index=f"{url}/{ADDRESS}/simple/")

    def test_the_index_has_the_address_in_its_query_alone(self) -> None:
        """It has to be the path."""
        self.refuse(index=f"http://example.org/?/{ADDRESS}/simple/")
        self.refuse(index=f"http://example.org/#/{ADDRESS}/simple/")
