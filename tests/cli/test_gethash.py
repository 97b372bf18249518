"""``reqpi gethash``: what it prints, where, and with which status."""

from __future__ import annotations

import json
import sys

from reqpi.core.address import address_of
from tests.cli.process import DOCUMENT, CommandTestCase


class GethashTests(CommandTestCase):
    """stdout is the index URL or nothing at all: it goes straight onto pip's command line."""

    def gethash(self, *arguments: str, given: str = "") -> tuple[int, str, str]:
        return self.run_reqpi("gethash", "--url", self.server.url, *(arguments or ("requirements.txt",)), given=given)

    def test_the_url_and_nothing_else(self) -> None:
        """Nor is anything on stderr."""
        index = self.server.takes(DOCUMENT)
        self.assertEqual(self.gethash(), (0, f"{index}\n", ""))
        python = "{}.{}.{}".format(*sys.version_info[:3])
        self.assertIn(f"python-version={python}", self.server.seen[0].headers["X-ReqPI-Soon"])

    def test_standard_input(self) -> None:
        """``-`` is a file too."""
        index = self.server.takes(b"attrs==25.1.0\n")
        self.assertEqual(self.gethash("-", given="attrs==25.1.0\n"), (0, f"{index}\n", ""))

    def test_the_server_from_the_environment(self) -> None:
        """Where no option names another."""
        index = self.server.takes(DOCUMENT)
        answer = self.run_reqpi("gethash", "requirements.txt", environ={"REQPI_URL": self.server.url})
        self.assertEqual(answer, (0, f"{index}\n", ""))

    def test_the_option_wins_over_the_environment(self) -> None:
        """As everywhere."""
        index = self.server.takes(DOCUMENT)
        self.environ["REQPI_URL"] = "http://nowhere.invalid"
        self.assertEqual(self.gethash(), (0, f"{index}\n", ""))

    def test_warnings_do_not_stop_it(self) -> None:
        """They are on stderr, with their lines."""
        index = self.server.takes(DOCUMENT, warnings=[{"line": 3, "text": "--pre", "message": "it says nothing here"}])
        self.assertEqual(
            self.gethash(), (0, f"{index}\n", "requirements.txt:3: warning: it says nothing here: --pre\n")
        )

    def test_json(self) -> None:
        """All that is known; where anything is wrong, stdout is empty all the same."""
        warning = {"line": 3, "text": "--pre", "message": "it says nothing here", "document": "", "level": "warning"}
        index = self.server.takes(DOCUMENT, warnings=[warning])
        status, out, _ = self.gethash("--json", "requirements.txt")
        address = address_of(DOCUMENT)
        expected = {"address": address, "index": index, "pins": 1, "without_digests": 0, "created": True}
        expected |= {"trusted_host": None, "warnings": [warning]}
        self.assertEqual((status, json.loads(out)), (0, expected))
        elsewhere = f"http://buildhost:2000/{address}/simple/"
        self.server.takes(DOCUMENT, status=200, index=elsewhere)
        told = json.loads(self.gethash("--json", "--follow-index", "requirements.txt")[1])
        self.assertEqual((told["created"], told["trusted_host"]), (False, "buildhost:2000"))
        self.server.denies({"line": 12, "text": "six>=1.0", "problem": "no exact version", "advice": "Pin it."})
        self.assertEqual(self.gethash("--json", "requirements.txt")[:2], (1, ""))

    def test_every_defect_with_its_line(self) -> None:
        """What is wrong, the line itself, and below it what to write instead."""
        self.server.denies(
            {"line": 12, "text": "six>=1.0", "problem": "no exact version", "advice": "Write six==1.17.0."},
            {"line": 0, "text": "", "problem": "no pin at all", "advice": ""},
        )
        expected = [
            "requirements.txt:12: no exact version: six>=1.0",
            "    Write six==1.17.0.",
            "requirements.txt: no pin at all",
            "requirements.txt: 2 defects",
        ]
        self.assertEqual(self.gethash(), (1, "", "\n".join([*expected, ""])))

    def test_nothing_that_a_terminal_obeys(self) -> None:
        """Neither a lock nor a server may move the cursor, or add a line of its own."""
        self.server.denies({"line": 1, "text": "a\x1b[2J", "problem": "x\ny", "advice": "\x9b1m\u202eevil"})
        status, out, err = self.gethash()
        self.assertEqual((status, out), (1, ""))
        self.assertIn("requirements.txt:1: x\\ny: a\\x1b[2J\n    \\x9b1m\\u202eevil\n", err)

    def test_no_server(self) -> None:
        """Its own status, and what to do."""
        self.server.close()
        self.addCleanup(setattr, self, "server", None)
        status, out, err = self.gethash()
        self.assertEqual((status, out), (3, ""))
        self.assertIn("Start a server with 'reqpi server'", err)

    def test_a_server_with_a_problem(self) -> None:
        """The server's words, on two lines."""
        self.server.says(
            "/locks", 503, {"title": "upstream is away", "detail": "Try later."}, "application/problem+json"
        )
        expected = f"reqpi: {self.server.url} answers 503: upstream is away\n    Try later.\n"
        self.assertEqual(self.gethash(), (3, "", expected))

    def test_a_server_that_answers_another_address(self) -> None:
        """The one thing that nobody may overlook: a status of its own, and no URL."""
        self.server.takes(DOCUMENT, address="0" * 64)
        status, out, err = self.gethash()
        self.assertEqual((status, out), (4, ""))
        self.assertIn("another address", err)

    def test_files_that_cannot_be_read(self) -> None:
        """Nothing is sent."""
        for name, reason in (("missing.txt", "No such file or directory"), (".", "Is a directory")):
            status, out, err = self.gethash(name)
            self.assertEqual((status, out, err), (2, "", f"reqpi: {name} cannot be read: {reason}\n"))
        self.assertEqual(self.server.seen, [])

    def test_a_file_name_that_is_no_text(self) -> None:
        """Names are bytes to the system; they are shown, somehow, and do not end in a traceback."""
        status, _, err = self.gethash("caf\udce9.txt")
        self.assertEqual(status, 2)
        self.assertIn("caf\\udce9.txt cannot be read", err)

    def test_usage(self) -> None:
        """No file, an unknown option, a URL that is none."""
        for arguments in ([], ["--frobnicate", "x"], ["--url", "buildhost:2000", "requirements.txt"]):
            status, out, err = self.run_reqpi("gethash", *arguments)
            self.assertEqual((status, out), (2, ""), err)
            self.assertNotIn("Traceback", err)


class TrustedHostTests(CommandTestCase):
    """pip ignores an index over plain http on another machine, and says nothing of the option that it needs."""

    def gethash(self, index: str, **environ: str) -> tuple[int, str, str]:
        self.server.takes(DOCUMENT, index=index)
        arguments = ("--url", self.server.url, "--follow-index", "requirements.txt")
        return self.run_reqpi("gethash", *arguments, environ=environ)

    def test_plain_http_elsewhere_gets_a_hint_on_stderr(self) -> None:
        for host in ("buildhost:2000", "buildhost", "index.localhost:2000", "192.0.2.7:2000", "[2001:db8::7]:2000"):
            index = f"http://{host}/{address_of(DOCUMENT)}/simple/"
            status, out, err = self.gethash(index)
            self.assertEqual((status, out), (0, f"{index}\n"))
            shown = f"'{host}'" if "[" in host else host
            self.assertEqual(
                err, f"reqpi: pip ignores an index over plain http unless it is given --trusted-host {shown}\n"
            )

    def test_loopback_and_tls_need_no_hint(self) -> None:
        for upstream in ("http://127.0.0.1:2000", "http://localhost", "http://[::1]:2000", "https://buildhost"):
            self.assertEqual(self.gethash(f"{upstream}/{address_of(DOCUMENT)}/simple/")[2], "")

    def test_no_hint_where_the_environment_tells_pip_already(self) -> None:
        index = f"http://buildhost:2000/{address_of(DOCUMENT)}/simple/"
        for value in ("buildhost:2000", "other.example.org buildhost"):
            self.assertEqual(self.gethash(index, PIP_TRUSTED_HOST=value)[2], "")
        self.assertIn("--trusted-host", self.gethash(index, PIP_TRUSTED_HOST="buildhost:2001")[2])
