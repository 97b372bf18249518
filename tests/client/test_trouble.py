"""Whatever else a server may do, it becomes an error that says so."""

from __future__ import annotations

import socket
from contextlib import closing

from reqpi.client import BadUsage, LockRefused, ServerTrouble, commit
from reqpi.core.report import Defect, Document
from tests.client.case import ALONE, DOCUMENT, ClientTestCase


class TroubleTests(ClientTestCase):
    """Every error says whose it is, and what to do."""

    def trouble(self, url: str | None = None, document: bytes = DOCUMENT) -> str:
        error = self.assertRaises(ServerTrouble, commit, url or self.server.url, [Document("", document)])
        return f"{error.title} | {error.detail}"

    def test_every_defect_comes_with_its_line(self) -> None:
        """They are read into values, and how many were left out is known."""
        self.server.denies({"line": 2, "text": "six", "problem": "no version", "advice": "Write six==1."}, more=7)
        error = self.assertRaises(LockRefused, commit, self.server.url, ALONE)
        self.assertEqual((error.defects, error.more), ((Defect(2, "six", "no version", "Write six==1."),), 7))

    def test_a_problem_is_told_in_the_servers_words(self) -> None:
        """Title, detail and status."""
        self.server.says(
            "/locks", 507, {"title": "the store is full", "detail": "Make room."}, "application/problem+json"
        )
        self.assertRegex(self.trouble(), r"answers 507: the store is full \| Make room\.")

    def test_a_422_without_defects_is_a_problem_like_others(self) -> None:
        """A lock is not called broken with nothing to show for it."""
        self.server.says("/locks", 422, {"title": "odd", "defects": "none"})
        self.assertIn("422: odd", self.trouble())

    def test_an_answer_that_comes_early_is_read(self) -> None:
        """413, while the body is still on its way, and the connection closed: what the server said is what counts."""
        self.server.listens = False
        self.server.says("/locks", 413, {"title": "larger than 8 MiB", "detail": "Ask."}, "application/problem+json")
        self.assertIn("413: larger than 8 MiB | Ask.", self.trouble(document=b"#" * (24 << 20)))

    def test_a_web_server_that_is_no_reqpi(self) -> None:
        """Its page is not shown; its URL, status and type are."""
        self.assertRegex(self.trouble(), r"not a ReqPI server: .*/locks is 404 Not Found \(text/html\)")

    def test_a_page_with_status_200_is_no_reqpi_either(self) -> None:
        """A captive portal greets everybody kindly."""
        for body in (b"<html>Welcome", b"[]", b'"x"', b"{}", b"[" * 100_000, b"\xff", b""):
            self.server.says("/locks", 200, body)
            self.assertIn("not a ReqPI server", self.trouble())

    def test_a_redirect_is_not_followed(self) -> None:
        """The message has the URL to use instead."""
        for location in ("https://example.org/reqpi/locks", "//example.org/reqpi/locks"):
            self.server.says("/locks", 301, b"", Location=location)
            self.assertRegex(self.trouble(), r"redirects to .* --url: https?://example\.org/reqpi$")
        self.assertEqual(len(self.server.seen), 2)

    def test_a_login_is_wanted(self) -> None:
        """The message says where to write it."""
        self.server.says("/locks", 401, b"", **{"WWW-Authenticate": "Basic"})
        self.assertIn("machine 127.0.0.1 login", self.trouble())

    def test_nobody_listens(self) -> None:
        """The message says how to start a server."""
        with closing(socket.socket()) as unused:
            unused.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{unused.getsockname()[1]}"
            self.assertRegex(self.trouble(url), r"cannot be reached: Connection refused \| .*reqpi server")

    def test_plain_http_is_spoken_where_tls_is_expected(self) -> None:
        """The message asks the right question."""
        self.assertIn("Is it http, not https?", self.trouble(f"https://127.0.0.1:{self.server.port}"))

    def test_an_answer_without_end(self) -> None:
        """It is given up at a limit, and not kept in memory."""
        self.patch_bound("LONGEST", 1000)
        self.server.says("/locks", 200, b" " * 1001 + b"{}")
        self.assertIn("without end", self.trouble())

    def test_passwords_are_in_no_message(self) -> None:
        """Not even where the URL is nonsense."""
        unanswered = f"http://me:secret@127.0.0.1:{self.server.port}"
        for url in (unanswered, "ftp://me:secret@example.org", "http://me:secret@[x", "me:secret@example.org:2000"):
            error = self.assertRaises((ServerTrouble, BadUsage), commit, url, ALONE)
            self.assertNotIn("secret", f"{error.title} {error.detail} {error}")
