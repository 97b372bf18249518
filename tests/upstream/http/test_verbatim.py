"""treq changes neither what is sent nor what arrives."""

from __future__ import annotations

import gzip
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent
from zope.interface import implementer

from reqpi.upstream.http.verbatim import get_verbatim
from tests.upstream.case import UpstreamCase
from tests.upstream.scripted import ok

BOMB = gzip.compress(b"x" * 10_000_000)


class EncodedResponse:
    """The part of a response that is looked at."""

    length = 0

    def __init__(self) -> None:
        self.headers = Headers({"Content-Encoding": ["gzip"]})


@implementer(IAgent)
class RecordingAgent:
    """An agent that never connects, and records what it is to request."""

    def __init__(self) -> None:
        self.requests: list[tuple[bytes, Headers | None]] = []

    def request(
        self, method: bytes, uri: bytes, headers: Headers | None = None, bodyProducer: Any = None
    ) -> Deferred[Any]:
        self.requests.append((uri, headers))
        return succeed(EncodedResponse())


class SentTests(SynchronousTestCase):
    """The agent below is asked for exactly this."""

    def test_a_url_is_sent_as_it_is_written(self) -> None:
        """hyperlink fails on the first four, and would change the last."""
        agent = RecordingAgent()
        urls = [b"http://[::1]:8080/x", b"http://[fe80::1]/", b"http://my_index:3141/", b"http://-a.example/"]
        urls.append(b"http://h/a%2fb?X=%2b%3D+a/b=&&y;z='(!)*'&q=%7E")
        for url in urls:
            self.successResultOf(get_verbatim(agent, url, Headers(), Clock()))
        self.assertEqual([url for url, _ in agent.requests], urls)

    def test_headers_are_sent_as_they_are(self) -> None:
        """A file is not to be encoded, whatever treq can decode."""
        agent, headers = RecordingAgent(), Headers({"Accept-Encoding": ["identity"]})
        response = self.successResultOf(get_verbatim(agent, b"http://h/", headers, Clock()))
        self.assertEqual(agent.requests[0][1], Headers({"Accept-Encoding": ["identity"]}))
        self.assertEqual(response.headers.getRawHeaders("Content-Encoding"), ["gzip"])


class ReceivedTests(UpstreamCase):
    """From a server."""

    async def test_a_file_is_not_decoded(self) -> None:
        script = self.scripted(ok(BOMB, "Content-Encoding: gzip"))
        transfer = await self.index("http://h/").open(script.url)
        self.assertEqual(b"".join([piece async for piece in transfer]), BOMB)

    async def test_no_cookie_is_kept(self) -> None:
        """Neither for the same host nor for another."""
        script = self.scripted(ok(b"", "Set-Cookie: a=b; Path=/"), ok(b"", "Set-Cookie: c=d"))
        for _ in range(3):
            async for _ in await self.index("http://h/").open(script.url):
                pass
        self.assertEqual([script.header("Cookie", number) for number in range(3)], [[], [], []])
