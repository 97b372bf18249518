"""Logins: from the URL, from netrc, and to nobody else."""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path

from reqpi.client import commit
from reqpi.client.environment import netrc_of_user
from reqpi.client.target import with_login_of
from tests.client.case import ALONE, DOCUMENT, ClientTestCase


class LoginTests(ClientTestCase):
    """What a user wrote down for pip and curl works here."""

    def login(self, userinfo: str = "") -> str | None:
        """What the server is told."""
        index = self.server.takes(DOCUMENT)
        committed = commit(f"http://{userinfo}127.0.0.1:{self.server.port}", ALONE)
        self.assertEqual(committed.index_url, index)
        header = self.server.seen[-1].headers.get("Authorization")
        return b64decode(header.removeprefix("Basic ")).decode() if header else None

    def test_netrc_in_the_home_directory(self) -> None:
        """The machine is the host, without its port."""
        (self.home / ".netrc").write_text("machine 127.0.0.1 login me password s:cret\n")
        self.assertEqual(self.login(), "me:s:cret")

    def test_another_file_by_the_variable(self) -> None:
        """NETRC names it, as for pip and curl."""
        (self.home / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
        other = self.home / "other"
        other.write_text("default login you password hidden\n")
        self.patch_environment("NETRC", str(other))
        self.assertEqual(self.login(), "you:hidden")

    def test_no_login_for_other_machines(self) -> None:
        """Whoever is not named is told nothing."""
        (self.home / ".netrc").write_text("machine example.org login me password secret\n")
        self.assertIsNone(self.login())

    def test_a_broken_netrc_is_none(self) -> None:
        """It may be about other hosts altogether."""
        for content in (b"machine 127.0.0.1 login me nonsense x\n", b"\xff\xfe", b"what"):
            Path(self.home, ".netrc").write_bytes(content)
            self.assertIsNone(self.login())

    def test_the_urls_own_login_wins(self) -> None:
        """Escapes in it stand for their characters; the index that comes back has none of it."""
        (self.home / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
        self.assertEqual(self.login("you:p%40ss@"), "you:p@ss")


class HandedOnTests(ClientTestCase):
    """A command that is run gets the login that the user gave, for that server and no other."""

    def test_the_same_server(self) -> None:
        """The login is put in as the user wrote it."""
        url = with_login_of("https://me:p%40ss@Example.org:8443/reqpi", "https://example.org:8443/reqpi/abc/simple/")
        self.assertEqual(url, "https://me:p%40ss@example.org:8443/reqpi/abc/simple/")

    def test_another_server(self) -> None:
        """Other host, port or scheme: the login stays here."""
        for index in ("https://example.com/x/", "https://example.org:444/x/", "http://example.org/x/"):
            self.assertEqual(with_login_of("https://me:secret@example.org", index), index)

    def test_no_login(self) -> None:
        """Nothing is changed."""
        self.assertEqual(with_login_of("http://example.org", "http://example.org/x/"), "http://example.org/x/")

    def test_a_path_that_the_system_does_not_take_is_no_netrc_of_the_user(self) -> None:
        """A folder that may not be read fails in the same way, but not for root."""
        self.patch_environment("NETRC", "/" + "n" * 5000)
        self.assertIsNone(netrc_of_user())
