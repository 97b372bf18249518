"""A server that redirects a download: no login goes with it, TLS stays, and any Location is an error at worst."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from reqpi.client.errors import ServerTrouble
from reqpi.client.fetching import FetchFailed, fetch
from reqpi.client.listed_file import ListedFile
from tests.client.case import ClientTestCase
from tests.client.scripted import Scripted
from tests.fake_upstream.authority import make_certificates

CONTENT = b"a wheel"
NAME = "six-1.0-py3-none-any.whl"
PATH = f"/{'a' * 64}/simple/six/{NAME}"
SECRET = "me:secret"


class RedirectCase(ClientTestCase):
    """A server that redirects, and another one that has the file."""

    def setUp(self) -> None:
        super().setUp()
        self.elsewhere = Scripted()
        self.addCleanup(self.elsewhere.close)
        self.elsewhere.says("/blob", 200, CONTENT)
        self.folder = Path(self.mktemp())

    def redirect(self, location: str, server: Scripted | None = None) -> None:
        """Have a server answer with this Location."""
        (server or self.server).says(PATH, 307, b"", Location=location)

    def fetched(self, login: str = "", server: Scripted | None = None) -> bytes:
        """Fetch the file, and return its bytes."""
        url = (server or self.server).url.replace("//", f"//{login}@" if login else "//")
        fetch(url, "a" * 64, [ListedFile("six", NAME, sha256(CONTENT).hexdigest(), len(CONTENT))], self.folder)
        return (self.folder / NAME).read_bytes()

    def trouble(self, server: Scripted | None = None) -> ServerTrouble:
        """Return the error of a download that fails at once."""
        [failure] = self.assertRaises(FetchFailed, self.fetched, server=server).failures.values()
        self.assertIsInstance(failure, ServerTrouble)
        self.assertTrue(failure.final)
        self.assertFalse((self.folder / NAME).exists())
        return failure  # type: ignore[return-value]


class LoginTests(RedirectCase):
    """A login stays at the host that the user named."""

    def logins(self) -> list[str | None]:
        """Return the logins that the other server got."""
        return [seen.headers.get("Authorization") for seen in self.elsewhere.seen]

    def test_the_login_of_the_url_is_dropped(self) -> None:
        """The server tries to have the login sent to a host of its choice."""
        self.redirect(f"{self.elsewhere.url}/blob")
        self.assertEqual(self.fetched(SECRET), CONTENT)
        self.assertEqual(self.logins(), [None])

    def test_the_default_of_netrc_is_not_sent(self) -> None:
        """The server tries to get the login that netrc has for all other hosts."""
        (self.home / ".netrc").write_text("default login me password secret\n")
        self.redirect(f"{self.elsewhere.url}/blob")
        self.assertEqual(self.fetched(), CONTENT)
        self.assertEqual(self.logins(), [None])

    def test_a_login_of_netrc_is_not_sent_where_the_server_says(self) -> None:
        """The server tries to get a login of its own machine sent to another port of it."""
        (self.home / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
        self.redirect(f"{self.elsewhere.url}/blob")
        self.assertEqual(self.fetched(), CONTENT)
        self.assertEqual(self.logins(), [None])

    def test_no_login_follows_a_way_back(self) -> None:
        """The server tries to get the login by a second redirect of the other host, to itself."""
        self.redirect(f"{self.elsewhere.url}/there")
        self.elsewhere.says("/there", 302, b"", Location=f"{self.server.url}/back")
        self.server.says("/back", 200, CONTENT)
        self.assertEqual(self.fetched(SECRET), CONTENT)
        self.assertEqual([("Authorization" in seen.headers) for seen in self.server.seen], [True, False])

    def test_a_login_in_the_location_is_an_error(self) -> None:
        """The server tries to have the client log in elsewhere as a user of its choice."""
        self.redirect(self.elsewhere.url.replace("//", "//you:other@") + "/blob")
        self.assertIn("login", self.trouble().title)
        self.assertEqual(self.elsewhere.seen, [])

    def test_the_login_stays_on_the_same_server(self) -> None:
        """No attack: a redirect to another path needs the login again."""
        self.redirect("/blob")
        self.server.says("/blob", 200, CONTENT)
        self.assertEqual(self.fetched(SECRET), CONTENT)
        header = f"Basic {b64encode(SECRET.encode()).decode()}"
        self.assertEqual([seen.headers.get("Authorization") for seen in self.server.seen], [header] * 2)


class LocationTests(RedirectCase):
    """A Location is hostile."""

    def test_https_never_becomes_http(self) -> None:
        """The server tries to have the file fetched where anyone on the way can read and change it."""
        authority, context = make_certificates(self.home)
        self.patch_environment("SSL_CERT_FILE", str(authority))
        secure = Scripted(context)
        self.addCleanup(secure.close)
        self.redirect(f"{self.elsewhere.url}/blob", secure)
        self.assertIn("https to http", self.trouble(secure).title)
        self.assertEqual(self.elsewhere.seen, [])

    def test_a_host_of_the_servers_choice_that_wants_a_login_gets_none(self) -> None:
        """The server tries to have the user write a login for that host into netrc."""
        self.redirect(f"{self.elsewhere.url}/private")
        self.elsewhere.says("/private", 401, b"")
        trouble = self.trouble()
        self.assertIn("is not sent to a host that a server redirects to", trouble.title)
        self.assertNotIn("netrc", trouble.title + trouble.detail)

    def test_a_location_that_is_not_an_http_url_is_an_error(self) -> None:
        """The server tries other schemes, other files, and URLs that no parser takes."""
        for location in ("file:///etc/passwd", "ftp://example.org/", "http://[", "http://a:99999/", "mailto:a@b"):
            self.redirect(location)
            self.assertIn("redirects to something", self.trouble().title)
        for location in ("", "http://", "//", "?", "#"):
            self.redirect(location)
            self.assertIn("redirects more than", self.trouble().title)

    def test_a_host_that_cannot_be_looked_up_is_an_error(self) -> None:
        """The server tries names that Python's own encoder rejects with another kind of error."""
        for location in ("http://a..b/", f"http://{'a' * 64}.invalid/", "http://\xe9..\xff/"):
            self.redirect(location)
            [failure] = self.assertRaises(FetchFailed, self.fetched).failures.values()
            self.assertIsInstance(failure, ServerTrouble)

    def test_characters_that_no_request_line_has_are_escaped(self) -> None:
        """The server tries to break the request line with bytes of its choice."""
        self.redirect(f"{self.elsewhere.url}/a b\xe9?c=d%20e f")
        self.elsewhere.says("/a%20b%C3%A9?c=d%20e%20f", 200, CONTENT)
        self.assertEqual(self.fetched(), CONTENT)

    def test_a_circle_ends(self) -> None:
        """The server tries to keep the client busy."""
        self.redirect(PATH)
        self.assertIn("redirects more than", self.trouble().title)
        self.assertLess(len(self.server.seen), 6)
