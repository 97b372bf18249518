"""A server that nests its answers deeply: every command ends with a message, not with a traceback."""

from __future__ import annotations

from reqpi.core.address import address_of
from tests.cli.process import DOCUMENT, CommandTestCase

ADDRESS = address_of(DOCUMENT)
DEEP = 100_000
JSON = b'{"a":' * DEEP
LISTS = b'{"packages":' + b"[" * DEEP
CLOSED = b'{"files":' + b"[" * DEEP + b"]" * DEEP + b"}"
TOML = b"packages = " + b"[" * DEEP + b"]" * DEEP
DOCUMENTS = (JSON, LISTS, CLOSED)

COMMANDS = {
    "fetch": ("requirements.txt", "-o", "out"),
    "wheelhouse": ("requirements.txt", "-o", "out.tar"),
    "sbom": ("requirements.txt", "-o", "bom.json"),
    "build-requirements": ("requirements.txt",),
}


class NestingTests(CommandTestCase):
    """Parsers that recurse give up with an error of their own kind."""

    def assert_message(self, *arguments: str) -> None:
        """Run a command that fails because of the server, and check that it says so."""
        status, _, err = self.run_reqpi(*arguments)
        self.assertEqual(status, 3, err)
        self.assertTrue(err.startswith("reqpi: "), err[:500])
        self.assertNotIn("Traceback", err)

    def nest(self, document: bytes) -> None:
        """Nest everything that is below the address."""
        for name in ("files.json", "held", "build-requirements", "sbom.cdx.json", "sbom.spdx.json"):
            self.server.says(f"/{ADDRESS}/{name}", 200, document)
        self.server.says(f"/{ADDRESS}/pylock.toml", 200, TOML, "application/toml")
        self.server.says(f"/{ADDRESS}/wheelhouse.tar", 200, document, "application/x-tar")

    def test_the_answer_to_a_commit(self) -> None:
        """The server nests the one answer that every command reads."""
        for document in DOCUMENTS:
            for status in (201, 422, 503):
                self.server.says("/locks", status, document)
                self.assert_message("gethash", "--url", self.server.url, "requirements.txt")

    def test_the_lists_of_a_lock(self) -> None:
        """The server nests lists of files, in JSON and in TOML."""
        self.server.takes(DOCUMENT)
        self.nest(CLOSED)
        for command, arguments in COMMANDS.items():
            if command != "sbom":
                self.assert_message(command, "--url", self.server.url, *arguments)

    def test_the_list_of_refusals(self) -> None:
        """The server nests what ``run`` reads at its end; the command has run by then."""
        self.server.takes(DOCUMENT)
        self.server.says(f"/{ADDRESS}/refused", 200, CLOSED)
        status, _, err = self.run_reqpi("run", "--url", self.server.url, "requirements.txt", "--", "true")
        self.assertEqual(status, 0)
        self.assertIn("the list of refused requests is not available", err)

    def test_a_session_of_learning(self) -> None:
        """The server nests the answer to the beginning of a session."""
        self.server.says("/learn", 201, CLOSED)
        self.assert_message("learn", "--url", self.server.url, "-o", "new.txt", "--", "true")

    def test_a_redirect_that_no_parser_takes(self) -> None:
        """The server answers a commit with a Location that is not a URL."""
        self.server.says("/locks", 307, b"", Location="http://[")
        self.assert_message("gethash", "--url", self.server.url, "requirements.txt")
