"""A neighbour who reads the log, opens the socket, or shares the folders of the operator."""

from __future__ import annotations

import os
from pathlib import Path

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from reqpi.server.listening import private_socket
from reqpi.server.open_to_others import open_to_others
from reqpi.server.settings import Settings
from reqpi.web.http.accesslog import AccessLog

TOKEN = "553ed5042e52e024af53cc0afcfba604"


class TokenTests(SynchronousTestCase):
    """A token in the access log: anyone who has it can add files to the lock, or the receipt, of its owner."""

    def logged(self, line: str) -> str:
        lines: list[str] = []
        log = AccessLog(Clock(), lines.append)
        log.note(line)
        log.flush()
        return "".join(lines).rstrip("\n")

    def test_no_spelling_of_a_token_is_logged(self) -> None:
        """The client spells the path in a way that the server still understands."""
        encoded = "".join(f"%{ord(char):02x}" for char in TOKEN)
        for path in (
            f"/learn/{TOKEN}/",
            f"//learn///{TOKEN}/simple/six/",
            f"/learn/{TOKEN.upper()}",
            f"/le%61rn/{TOKEN}/",
            f"/%4Cearn/%35{TOKEN[1:]}/",
            f"/learn/{encoded}/",
            f"/learn/{encoded.upper()}/",
            f"http://localhost/learn/./{TOKEN}/",
            f"/runs/{TOKEN}/simple/six/",
            f"//r%75ns//{TOKEN}/receipt",
            f"/RUNS/{TOKEN.upper()}/",
            f'/x HTTP/1.1" 404 9 "http://localhost/runs/{TOKEN}/simple/',
            f'/x HTTP/1.1" 404 9 "http://localhost/learn/{TOKEN}/simple/',
        ):
            line = self.logged(f'127.0.0.1 - - "GET {path} HTTP/1.1" 200 5 "-" "-"')
            for digits in (TOKEN[8:16], encoded[24:48]):
                self.assertNotIn(digits, line.lower(), path)
            self.assertTrue(line.endswith('HTTP/1.1" 200 5 "-" "-"'), line)

    def test_an_address_is_logged_as_it_is(self) -> None:
        line = f'"GET /{"5" * 64}/simple/learn/ HTTP/1.1" 200 5 "-" "-"'
        self.assertEqual(self.logged(line), line)


class SocketTests(SynchronousTestCase):
    """Twisted's default lets every user of the machine connect to a Unix socket."""

    def test_a_unix_socket_is_for_its_owner_unless_a_mode_says_otherwise(self) -> None:
        for given, expected in (
            ("unix:/run/reqpi", "unix:/run/reqpi:mode=600"),
            ("unix:address=/run/reqpi:lockfile=1", "unix:address=/run/reqpi:lockfile=1:mode=600"),
            ("unix:/run/reqpi:mode=660", "unix:/run/reqpi:mode=660"),
            ("unix:/run/a\\:mode=666", "unix:/run/a\\:mode=666:mode=600"),
            ("tcp:2000", "tcp:2000"),
        ):
            self.assertEqual(private_socket(given), expected)


class PermissionTests(SynchronousTestCase):
    """The neighbour can write to the store, or read the passwords."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir(parents=True)
        self.netrc = self.folder / "netrc"
        self.netrc.write_text("machine example.org login me password secret\n")

    def warnings(self, store: int, netrc: int) -> list[str]:
        os.chmod(self.folder, store)
        os.chmod(self.netrc, netrc)
        return list(open_to_others(Settings(store=self.folder, own_netrc=self.netrc)))

    def test_the_operator_is_warned_and_told_what_to_do(self) -> None:
        for mode in (0o770, 0o707):
            (warning,) = self.warnings(mode, 0o600)
            self.assertIn(f"chmod go-w {self.folder}", warning)
        for mode in (0o640, 0o604, 0o644):
            (warning,) = self.warnings(0o755, mode)
            self.assertIn(f"chmod 600 {self.netrc}", warning)

    def test_files_of_the_operator_alone_cause_no_warning(self) -> None:
        self.assertEqual(self.warnings(0o700, 0o600), [])
        self.assertEqual(list(open_to_others(Settings(store="s3://bucket", netrc=self.folder / "missing"))), [])
