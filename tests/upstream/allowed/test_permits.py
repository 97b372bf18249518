"""Permits: for each kind of request, which host gets which login, and which may be on a private address."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.upstream.allowed.hosts import Hosts
from reqpi.upstream.allowed.operator import AllowedUpstreams
from reqpi.upstream.allowed.permits import NO_PERMIT, Permit

OUTSIDE = AllowedUpstreams(
    "https://me:own@a.example/simple",
    {"b": "https://b.example:8443/simple", "c": "http://c.example/simple", "again": "https://a.example/other"},
    hosts=Hosts.read(["git.example"], ""),
    file_hosts={"": Hosts.read(["files.a.example"], ""), "c": Hosts.read(["files.c.example"], "")},
    logins={host: host for host in ("b.example", "c.example", "files.c.example", "git.example", "other.example")},
)
OWN = "Basic bWU6b3du"


class IndexTests(SynchronousTestCase):
    """Each index has a permit of its own."""

    def permit(self, index: str) -> Permit:
        return OUTSIDE.permits.of_index(OUTSIDE.policy.upstream(index))

    def check(self, index: str, *rows: tuple[str, str | None, bool]) -> None:
        for url, login, reached in rows:
            permit = self.permit(index)
            self.assertEqual((permit.login_for(url), permit.reaches(url)), (login, reached), url)

    def test_the_login_in_a_url_is_for_its_origin_and_for_declared_hosts(self) -> None:
        self.check(
            "",
            ("https://a.example/anything", OWN, True),
            ("https://A.example:443/", OWN, True),
            ("http://a.example/", None, False),
            ("https://a.example:444/", None, False),
            ("https://files.a.example/x", OWN, True),
            ("http://files.a.example/x", None, True),
            ("https://files.a.example:444/x", None, False),
            ("https://files.c.example/x", None, False),
            ("https://b.example:8443/", None, False),
            ("https://git.example/", None, True),
            ("https://other.example/", None, False),
            ("https://[::1/", None, False),
        )

    def test_a_login_in_netrc_is_for_the_host_of_the_index(self) -> None:
        """Over https also on the usual port: an index on another port may redirect there."""
        self.check(
            "https://b.example:8443/simple/",
            ("https://b.example:8443/", "b.example", True),
            ("https://b.example/", "b.example", False),
            ("http://b.example:8443/", None, True),
            ("https://b.example:8444/", None, False),
            ("https://a.example/", None, False),
            ("https://git.example/", None, True),
        )

    def test_an_index_over_http_gets_its_login_over_http(self) -> None:
        """So does a host that has its files, which has a login of its own here."""
        self.check(
            "http://c.example/simple",
            ("http://c.example/", "c.example", True),
            ("https://c.example/", "c.example", False),
            ("http://files.c.example/", "files.c.example", True),
            ("https://files.c.example/", "files.c.example", True),
        )

    def test_all_spellings_of_its_host_are_one(self) -> None:
        """Links on pages have other spellings than the option: Unicode, IPv6, upper case."""
        for written, linked in (
            ("bücher.example", "xn--bcher-kva.example"),
            ("BÜCHER.example:443", "xn--bcher-kva.EXAMPLE"),
            ("[0:0::0001]:8443", "[::1]:8443"),
        ):
            permits = AllowedUpstreams(f"https://me:own@{written}/simple").permits
            permit = permits.of_index(next(iter(permits.indexes)))
            self.assertEqual(
                (permit.login_for(f"https://{linked}/x"), permit.reaches(f"https://{linked}/x")), (OWN, True)
            )

    def test_after_a_redirect_to_another_host_no_login_is_left(self) -> None:
        """Neither one in a header nor the client certificate, which is for home too. A private host is reached."""
        away = self.permit("").without_login
        for url in ("https://a.example/", "https://files.a.example/"):
            self.assertEqual((away.login_for(url), away.is_home(url), away.reaches(url)), (None, False, True))

    def test_another_index_on_the_same_host_has_no_part_in_it(self) -> None:
        self.check("https://a.example/other", ("https://a.example/simple", None, True))

    def test_an_unknown_index_has_no_login(self) -> None:
        self.check(
            "https://d.example/simple", ("https://d.example/", None, False), ("https://git.example/", None, True)
        )


class SourceTests(SynchronousTestCase):
    """An archive or a repository that a lock names."""

    def test_a_host_that_the_operator_named_gets_its_login_and_no_other_does(self) -> None:
        permit = OUTSIDE.permits.of_source("https://git.example/a")
        self.assertEqual(permit.login_for("https://git.example/b"), "git.example")
        self.assertIsNone(permit.login_for("https://c.example/"))
        self.assertEqual([permit.reaches(f"https://{host}/") for host in ("git.example", "a.example")], [True, False])

    def test_a_host_that_the_operator_did_not_name_gets_nothing(self) -> None:
        """Even if netrc has an entry for it."""
        permit = OUTSIDE.permits.of_source("https://other.example/a")
        self.assertIsNone(permit.login_for("https://other.example/a"))
        self.assertFalse(permit.reaches("https://other.example/a"))
        self.assertEqual(OUTSIDE.permits.of_source("https://[::1/"), NO_PERMIT)

    def test_no_login_is_shown(self) -> None:
        self.assertNotIn(OWN, repr(OUTSIDE.permits))
        self.assertNotIn("'b.example': 'b.example'", repr(OUTSIDE.permits))
