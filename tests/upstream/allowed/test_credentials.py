"""A user and password in an index's URL are sent to that index, and to no other."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from reqpi.upstream.allowed.credentials import split_credentials
from tests.upstream.case import UpstreamCase
from tests.upstream.scripted import Scripted, Turn, ok

HTML = "Content-Type: text/html"
LINK = b'<a href="thing-1.0.tar.gz">thing-1.0.tar.gz</a>'
NO = ok(b"", status="403 No")


def to(location: str) -> Turn:
    return ok(b"", f"Location: {location}", status="302 Elsewhere")


def with_secret(url: str) -> str:
    return url.replace("://", "://me:p%40ss%2Fw%C3%B6rd@")


class SplitTests(SynchronousTestCase):
    """A URL is taken apart as browsers and pip do it."""

    def said(self, url: str) -> tuple[str, str]:
        bare, credentials = split_credentials(url)
        assert credentials is not None
        kind, _, token = credentials.header.partition(" ")
        self.assertEqual(kind, "Basic")
        return bare, b64decode(token).decode()

    def test_user_and_password_are_decoded(self) -> None:
        """What stands encoded in a URL is sent as it is meant, in UTF-8."""
        self.assertEqual(self.said(with_secret("https://h/simple")), ("https://h/simple", "me:p@ss/wörd"))

    def test_a_token_may_stand_alone(self) -> None:
        """As the user or as the password; a colon in a password stays in it, and so does an @."""
        self.assertEqual(self.said("https://token@h:8/simple/"), ("https://h:8/simple/", "token:"))
        self.assertEqual(self.said("https://:token@h/"), ("https://h/", ":token"))
        self.assertEqual(self.said("https://me:a:b@c@h/"), ("https://h/", "me:a:b@c"))

    def test_a_url_without_any_has_none(self) -> None:
        """It is left as it is."""
        for url in ("https://h/simple/", "https://[::1]:80/@x", "http://h/?a=b@c"):
            self.assertEqual(split_credentials(url), (url, None))

    def test_they_are_for_one_scheme_host_and_port(self) -> None:
        """Which may be written in several ways."""
        _, credentials = split_credentials("https://me:x@Example.org/simple/")
        assert credentials is not None
        for url in ("https://example.org/files/a", "https://example.org:443/", "https://EXAMPLE.org/"):
            self.assertIsNotNone(credentials.for_url(url), url)
        for url in ("http://example.org/", "https://example.org:444/", "https://files.example.org/", "https://b/"):
            self.assertIsNone(credentials.for_url(url), url)


class SentTests(UpstreamCase):
    """On the wire."""

    async def test_they_are_sent_for_pages_and_files_of_the_index(self) -> None:
        """Without being asked for them first."""
        script = self.scripted(ok(LINK, HTML), ok(b"x"))
        index = self.index(with_secret(script.url))
        [file] = (await index.page("thing")).files  # type: ignore[arg-type]
        (await index.open(file.url)).close()
        for number in (0, 1):
            [said] = script.header("Authorization", number)
            self.assertEqual(b64decode(said.removeprefix("Basic ")).decode(), "me:p@ss/wörd")

    async def test_they_are_not_sent_to_another_port(self) -> None:
        """Not for a file there, not after a redirect there, and not after a redirect back home that it chose."""
        home = self.scripted(NO)
        other = self.scripted(to(f"{home.url}/back/"))
        home.turns = [to(f"{other.url}/away/"), ok(LINK, HTML)]
        index = self.index(with_secret(home.url))
        await index.page("thing")  # type: ignore[arg-type]
        self.assertEqual([len(home.header("Authorization", number)) for number in (0, 1)], [1, 0])
        self.assertEqual(other.header("Authorization"), [])
        other.turns = [ok(b"x")]
        (await index.open(f"{other.url}/thing-1.0.tar.gz")).close()
        self.assertEqual(other.header("Authorization"), [])

    async def test_a_redirect_cannot_bring_its_own(self) -> None:
        """They would be sent on, or shown, for an upstream that they were not meant for."""
        script = self.scripted(NO)
        script.turns = [to(with_secret(f"{script.url}/there/")), ok(LINK, HTML)]
        [file] = (await self.page(script.url)).files
        self.assertEqual(script.header("Authorization"), [])
        self.assertEqual(file.url, f"{script.url}/there/thing-1.0.tar.gz")


class HiddenTests(UpstreamCase):
    """They are never shown."""

    async def test_they_are_in_no_name_no_url_no_error_and_no_log(self) -> None:
        """Whatever happens: a page, a refusal, a redirect that is refused, silence, a reset."""
        events: list[Any] = []
        globalLogPublisher.addObserver(events.append)
        self.addCleanup(globalLogPublisher.removeObserver, events.append)
        script: Scripted = self.scripted(ok(LINK, HTML))
        index = self.index(with_secret(script.url))
        seen = [index.name, repr(await index.page("thing"))]  # type: ignore[arg-type]
        for turn in (NO, to("file:///x"), to(with_secret("/x")), Turn(b"", "reset"), ok(b"", status="404 No")):
            script.turns = [turn]
            trouble = await self.trouble(index.page("thing"))  # type: ignore[arg-type]
            seen += [str(trouble), repr(trouble)]
        for text in [*seen, repr(events)]:
            for secret in ("me:", "p%40ss", "p@ss", "bWU6"):
                self.assertNotIn(secret, text)
