"""A server that answers with the URL of another index: the client uses the one that it asked for."""

from __future__ import annotations

import sys

from reqpi.core.address import address_of
from tests.cli.process import DOCUMENT, CommandTestCase
from tests.client.scripted import Scripted
from tests.fake_upstream.authority import make_certificates

ADDRESS = address_of(DOCUMENT)
SHOW = ("--", sys.executable, "-c", "import os; print(os.environ['PIP_INDEX_URL'])")


class IndexCase(CommandTestCase):
    """A server that takes the lock, and answers with any index."""

    def gethash(self, *options: str, index: str, url: str = "") -> tuple[int, str, str]:
        """Run ``gethash`` against a server that reports ``index``."""
        self.server.takes(DOCUMENT, index=f"{index}/{ADDRESS}/simple/")
        return self.run_reqpi("gethash", "--url", url or self.server.url, *options, "requirements.txt")

    def elsewhere(self, *options: str, index: str, url: str = "") -> str:
        """Return the message of ``gethash`` about an index that it does not use."""
        status, out, err = self.gethash(*options, index=index, url=url)
        self.assertEqual((status, out), (4, ""), err)
        return err


class AnotherHostTests(IndexCase):
    """The right address on a host that serves anything."""

    def test_gethash_prints_no_index_of_another_host(self) -> None:
        """The server tries to send pip to a host of its choice."""
        err = self.elsewhere(index="http://evil.example.org:2000")
        self.assertIn(f"http://evil.example.org:2000/{ADDRESS}/simple/", err)
        self.assertIn("--follow-index", err)

    def test_run_starts_nothing_with_the_index_of_another_host(self) -> None:
        """The server tries to have the command install from a host of its choice."""
        self.server.takes(DOCUMENT, index=f"http://evil.example.org/{ADDRESS}/simple/")
        status, out, err = self.run_reqpi("run", "--url", self.server.url, "requirements.txt", *SHOW)
        self.assertEqual((status, out), (4, ""))
        self.assertIn("http://evil.example.org/", err)

    def test_another_port_is_another_host(self) -> None:
        """The server tries to send pip to another service of the same machine."""
        self.assertIn("127.0.0.1:1/", self.elsewhere(index="http://127.0.0.1:1"))

    def test_a_name_that_begins_like_the_host_is_another_host(self) -> None:
        """The server tries a host whose name contains the right one."""
        self.elsewhere(index=f"{self.server.url}.evil.example.org")

    def test_the_json_has_no_index_of_another_host(self) -> None:
        """The server tries to reach scripts that read the JSON."""
        self.elsewhere("--json", index="http://evil.example.org")

    def test_a_long_index_is_not_shown_as_a_whole(self) -> None:
        """The server tries to flood the terminal."""
        err = self.elsewhere(index=f"{self.server.url}/{'a' * 1_000_000}")
        self.assertLess(len(err), 5000)

    def test_an_index_without_tls_is_not_used(self) -> None:
        """The server tries to have pip use plain http, with or without --follow-index."""
        authority, context = make_certificates(self.folder)
        secure = Scripted(context)
        self.addCleanup(secure.close)
        self.environ["SSL_CERT_FILE"] = str(authority)
        secure.takes(DOCUMENT, index=f"http://127.0.0.1:{secure.port}/{ADDRESS}/simple/")
        for options in ((), ("--follow-index",)):
            status, out, err = self.run_reqpi("gethash", "--url", secure.url, *options, "requirements.txt")
            self.assertEqual((status, out), (4, ""), err)
            self.assertIn("It is http, and https was requested", err)

    def test_a_path_of_the_servers_choice_is_not_used(self) -> None:
        """The server tries to send pip to another path of the host, where another service may be."""
        answer = self.gethash(index=f"{self.server.url}/evil")
        self.assertEqual(answer, (0, f"{self.server.url}/{ADDRESS}/simple/\n", ""))


class LearnTests(CommandTestCase):
    """The open index is below the URL that the user requested."""

    def test_learn_uses_no_index_of_another_host(self) -> None:
        """The server tries to have the command take files from a host of its choice."""
        session = f"/learn/{'a' * 32}/"
        self.server.says("/learn", 201, {"token": "a" * 32, "index": f"http://evil.example.org{session}simple/"})
        self.server.says(session, 200, {"taken": [], "beside": [], "untimed": []})
        status, out, err = self.run_reqpi("learn", "--url", self.server.url, "-o", "new.txt", *SHOW)
        self.assertEqual((status, out), (0, f"{self.server.url}{session}simple/\n"), err)


class LoginTests(IndexCase):
    """A login in an index URL goes on command lines, and to the host behind it."""

    def test_a_login_of_the_servers_choice_is_an_error(self) -> None:
        """The server tries to have pip use its own login, with or without --follow-index."""
        for options in ((), ("--follow-index",)):
            for index in (self.server.url.replace("//", "//127.0.0.1@"), "http://me:secret@evil.example.org"):
                err = self.elsewhere(*options, index=index)
                self.assertIn("login", err)
                self.assertNotIn("secret", err)

    def test_the_users_login_does_not_follow_the_index_to_another_host(self) -> None:
        """The server tries to get the login sent to a host that it chooses."""
        self.server.takes(DOCUMENT, index=f"http://evil.example.org/{ADDRESS}/simple/")
        self.server.says(f"/{ADDRESS}/refused", 200, {"refused": []})
        url = self.server.url.replace("//", "//me:secret@")
        status, out, _ = self.run_reqpi("run", "--follow-index", "--url", url, "requirements.txt", *SHOW)
        self.assertEqual((status, out), (0, f"http://evil.example.org/{ADDRESS}/simple/\n"))


class FollowIndexTests(IndexCase):
    """A user may accept the server's own URL."""

    def test_follow_index_uses_the_index_of_another_host(self) -> None:
        """An internal name of a server with a public one: the user accepts what comes back."""
        answer = self.gethash("--follow-index", index="https://pypi.example.org/reqpi")
        self.assertEqual(answer, (0, f"https://pypi.example.org/reqpi/{ADDRESS}/simple/\n", ""))

    def test_follow_index_does_not_accept_another_address(self) -> None:
        """The server tries to pass the index of another lock."""
        self.server.takes(DOCUMENT, index=f"{self.server.url}/{'0' * 64}/simple/")
        status, out, _ = self.run_reqpi("gethash", "--follow-index", "--url", self.server.url, "requirements.txt")
        self.assertEqual((status, out), (4, ""))

    def test_follow_index_is_for_a_running_server(self) -> None:
        """The server inside ``run`` has the one URL that it listens on."""
        status, out, err = self.run_reqpi("run", "--follow-index", "requirements.txt", *SHOW)
        self.assertEqual((status, out), (2, ""))
        self.assertIn("--url", err)
