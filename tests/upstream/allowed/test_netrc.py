"""The file of --netrc: each host gets its own password, and no other does."""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import Misconfigured
from reqpi.server.outside import outside_of
from reqpi.server.settings import Settings
from reqpi.upstream.allowed.credentials import Keyring, UpstreamLogin, basic, read_logins
from reqpi.upstream.allowed.hosts import Hosts
from reqpi.upstream.allowed.operator import AllowedUpstreams
from tests.sourcehost import SourceHost
from tests.upstream.case import reactor
from tests.upstream.names import Names
from tests.upstream.scripted import ok
from tests.upstream.sources import SourceCase


def said(header: str | None) -> str | None:
    return None if header is None else b64decode(header.removeprefix("Basic ")).decode()


class FileTests(SynchronousTestCase):
    """What stands in it, and what may be wrong with it."""

    def read(self, text: str | bytes) -> dict[str, str | None]:
        path = Path(self.mktemp())
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return {host: said(header) for host, header in read_logins(path).items()}

    def refusal(self, text: str | bytes) -> str:
        error = self.assertRaises(Misconfigured, self.read, text)
        self.assertNotIn("secret", str(error))
        return str(error)

    def test_each_host_has_a_login(self) -> None:
        """On one line or several, with comments; a password may be left out."""
        read = self.read('# mine\nmachine A.example login me password "p w"\nmachine b.example\n  login token\n')
        self.assertEqual(read, {"a.example": "me:p w", "b.example": "token:"})

    def test_what_is_for_every_host_is_for_none(self) -> None:
        """It would be said to whatever host a lock names."""
        self.assertEqual(self.read("default login me password secret\n"), {})

    def test_what_is_wrong_is_told_without_its_content(self) -> None:
        """By file and line."""
        self.assertIn("before line 3", self.refusal("machine a login me password secret\nsecret\n"))
        self.assertIn("before line 1", self.refusal("machine a login me passwort secret\n"))
        self.refusal(b"machine a login me password secret\xff\n")
        self.assertIn(
            "/nonexistent/netrc", str(self.assertRaises(Misconfigured, read_logins, Path("/nonexistent/netrc")))
        )
        self.assertRaises(Misconfigured, read_logins, Path("/"))


class KeyringTests(SynchronousTestCase):
    """Whom it is said to."""

    def test_a_login_is_for_https_at_the_usual_port_of_a_named_host(self) -> None:
        """Another port, or plain http, may be another server, unless the operator named it."""
        logins = {"a.example": basic("me", "x")}
        for url, named, plain in (
            ("https://a.example/x", True, True),
            ("https://A.example:443/x", True, True),
            ("https://a.example:8443/x", False, True),
            ("http://a.example/x", False, False),
            ("http://a.example:81/x", False, True),
            ("https://b.example/", False, False),
            ("https://a.example.b.example/", False, False),
        ):
            hosts, upstream = Hosts.read(["a.example:8443"], ""), frozenset({("http", "a.example", 81)})
            self.assertEqual(Keyring((), logins, Hosts.read(["a.example"], "")).for_url(url) is not None, named, url)
            self.assertIsNone(Keyring((), logins).for_url(url), url)
            self.assertEqual(Keyring((), logins, hosts, upstream).for_url(url) is not None, plain, url)

    def test_the_url_of_an_upstream_wins(self) -> None:
        """Of several on one host the nearest."""
        origin = ("https", "a.example", 443)
        one, two = UpstreamLogin(origin, "one", "/r/one/simple"), UpstreamLogin(origin, "two", "/r/one-more/simple")
        keys = Keyring((one, two), {"a.example": "netrc"})
        self.assertEqual(keys.for_url("https://a.example/r/one/files/x"), "one")
        self.assertEqual(keys.for_url("https://a.example/r/one-more/files/x"), "two")
        named = Keyring((), {"a.example": "netrc"}, Hosts.read(["a.example"], ""))
        self.assertEqual(named.for_url("https://a.example/r/"), "netrc")


class SentTests(SourceCase):
    """On the wire, of every kind of source."""

    def setUp(self) -> None:
        super().setUp()
        self.other = self.a_host()
        self.logins = {"127.0.0.1": basic("me", "p@ss")}

    def heard(self, host: SourceHost) -> set[str | None]:  # type: ignore[override]
        return {said(each.headers.get("authorization")) for each in host.requests}

    async def test_an_archive_and_a_repository_hear_it(self) -> None:
        """And git sends it to no other host."""
        thing = self.host.repository("thing")
        commit = thing.commit({"a": "1"})
        upstreams = self.upstreams(self.host, self.other, logins=self.logins)
        await self.bytes_of(upstreams, f"archive+{self.host.archive('x', b'x')}")
        await self.bytes_of(upstreams, f"git+{thing.url}@{commit}")
        self.assertEqual(self.heard(self.host), {"me:p@ss"})
        self.assertEqual(self.other.connections, 0)

    async def test_another_host_does_not_hear_it_after_a_redirect(self) -> None:
        """It is allowed, so it is asked, but without credentials."""
        names = Names(reactor, {"a.example": ["127.0.0.1"], "b.example": ["127.0.0.1"]})
        b = self.scripted(ok(b"x"))
        b_url = b.url.replace("127.0.0.1", "b.example")
        a = self.scripted(ok(b"", f"Location: {b_url}/x", status="302 Found"))
        a_url = a.url.replace("127.0.0.1", "a.example")
        hosts = Hosts.read([urlsplit(b_url).netloc], "--allow-host")
        outside = AllowedUpstreams(a_url, {"b": b_url}, hosts=hosts, logins={"a.example": basic("me", "p@ss")})
        upstreams = self.made(outside, names)
        await self.bytes_of(upstreams, f"{a_url}/x")
        self.assertEqual((len(a.header("Authorization")), b.header("Authorization")), (1, []))

    async def test_nobody_sees_it(self) -> None:
        """Not in a name, not in an error, not in the log, and not among the arguments of a program."""
        events: list[Any] = []
        globalLogPublisher.addObserver(events.append)
        self.addCleanup(globalLogPublisher.removeObserver, events.append)
        thing = self.host.repository("thing")
        commit = thing.commit({"a": "1"})
        arguments: list[str] = []

        def look(_: object) -> None:
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    arguments.append(path.read_bytes().decode(errors="replace"))
                except OSError:
                    continue

        self.host.before = look
        upstreams = self.upstreams(logins=self.logins)
        await self.bytes_of(upstreams, f"git+{thing.url}@{commit}")
        troubles = [await self.trouble(upstreams.open(f"git+{thing.url}@{'ab' * 20}"))]
        self.assertTrue([each for each in arguments if "git" in each and thing.url in each])
        seen = [
            upstreams.name,
            repr(events),
            *arguments,
            *map(str, troubles),
            repr(AllowedUpstreams(logins=self.logins)),
        ]
        for text in seen:
            for secret in ("p@ss", basic("me", "p@ss")[6:]):
                self.assertNotIn(secret, text)


class OwnFileTests(SynchronousTestCase):
    """The file of the user whose command it is: read unasked, so only hosts that were named hear it."""

    def said_to(self, text: str, **more: Any) -> list[str | None]:
        path = Path(self.mktemp())
        path.write_text(text)
        settings = Settings(upstream="https://index.example.org/simple", allow_hosts=["src.example.org"],
                            own_netrc=path, **more)  # fmt: skip
        permits = outside_of(settings).permits
        hosts = ("index.example.org", "src.example.org", "other.example.org")
        urls = [f"https://{host}/x" for host in hosts]
        return [said(permits.of_source(url).login_for(url)) for url in urls]

    def test_hosts_that_no_one_named_hear_nothing(self) -> None:
        text = "".join(f"machine {host}.example.org login {host} password p\n" for host in ("index", "src", "other"))
        self.assertEqual(self.said_to(text), ["index:p", "src:p", None])

    def test_a_file_that_is_named_wins(self) -> None:
        named = Path(self.mktemp())
        named.write_text("machine src.example.org login named password p\n")
        self.assertEqual(self.said_to("machine src.example.org login own password p\n", netrc=named),
                         [None, "named:p", None])  # fmt: skip

    def test_one_that_cannot_be_read_is_as_good_as_none(self) -> None:
        self.assertEqual(self.said_to("nonsense secret\n"), [None, None, None])
