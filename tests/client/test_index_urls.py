"""Which index URL a client uses: the one that it requested, or the server's if the user accepts that."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.client.answers import Committed
from reqpi.client.errors import IndexElsewhere
from reqpi.client.index_urls import index_to_use

ADDRESS = "a" * 64


def used(url: str, reported: str, *, follow: bool = False) -> str:
    """Return the base of the index URL that is used."""
    index = f"{url.replace('me:pw@', '')}/{ADDRESS}/simple/"
    lock = Committed(ADDRESS, index, 1, (), created=True, reported_index=f"{reported}/{ADDRESS}/simple/")
    return index_to_use(url, lock, follow=follow).removesuffix(f"/{ADDRESS}/simple/")


class SameServerTests(SynchronousTestCase):
    """Spellings of one server are not an error, and the requested one is used."""

    def test_the_servers_own_spelling_does_not_matter(self) -> None:
        for url, reported in (
            ("http://buildhost:2000", "http://buildhost:2000"),
            ("http://buildhost:2000", "http://BuildHost:2000"),
            ("https://example.org", "https://example.org:443"),
            ("http://[2001:db8::7]:2000", "http://[2001:DB8::7]:2000"),
            ("http://buildhost", "http://buildhost:80"),
        ):
            self.assertEqual(used(url, reported), url)

    def test_all_names_of_this_machine_are_one_host(self) -> None:
        for reported in ("http://localhost:2000", "http://127.0.0.1:2000", "http://[::1]:2000"):
            self.assertEqual(used("http://localhost:2000", reported), "http://localhost:2000")

    def test_a_path_that_a_proxy_adds_or_removes_does_not_matter(self) -> None:
        self.assertEqual(used("https://example.org/reqpi", "https://example.org"), "https://example.org/reqpi")

    def test_a_server_that_is_also_behind_tls_is_the_same(self) -> None:
        self.assertEqual(used("http://example.org", "https://example.org"), "http://example.org")

    def test_the_login_of_the_user_is_not_part_of_it(self) -> None:
        self.assertEqual(used("https://me:pw@example.org", "https://example.org"), "https://example.org")

    def test_a_server_that_reports_no_index_is_believed_to_be_itself(self) -> None:
        lock = Committed(ADDRESS, f"http://a/{ADDRESS}/simple/", 1, (), created=True)
        for follow in (False, True):
            self.assertEqual(index_to_use("http://a", lock, follow=follow), lock.index_url)


class ElsewhereTests(SynchronousTestCase):
    """Any other index is an error that shows what came back, and what to do."""

    def advice(self, url: str, reported: str, *, follow: bool = False) -> str:
        error = self.assertRaises(IndexElsewhere, used, url, reported, follow=follow)
        self.assertIn(reported.rpartition("@")[2], error.title)
        return error.detail

    def test_another_host(self) -> None:
        detail = self.advice("http://reqpi:2000", "https://pypi.example.org")
        self.assertIn("--url https://pypi.example.org", detail)
        self.assertIn("--follow-index", detail)

    def test_this_machine_is_not_another_one(self) -> None:
        self.advice("http://buildhost:2000", "http://127.0.0.1:2000")
        self.advice("http://localhost:2000", "http://localhost:2001")

    def test_http_where_https_was_requested(self) -> None:
        for follow in (False, True):
            detail = self.advice("https://pypi.example.org", "http://pypi.example.org", follow=follow)
            self.assertIn("--url https://pypi.example.org", detail)
            self.assertNotIn("--follow-index", detail)
            self.advice("https://pypi.example.org", "http://127.0.0.1:2000", follow=follow)

    def test_a_port_that_does_not_exist(self) -> None:
        for follow in (False, True):
            self.advice("http://buildhost", "http://buildhost:99999", follow=follow)
            self.advice("http://buildhost", "http://[buildhost", follow=follow)

    def test_following_uses_the_servers_own_url(self) -> None:
        self.assertEqual(used("http://reqpi:2000", "https://a.example.org/x", follow=True), "https://a.example.org/x")
        self.assertEqual(used("http://reqpi:2000", "http://a.example.org", follow=True), "http://a.example.org")
