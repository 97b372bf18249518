"""Where the server says that it is: what the client or the operator's proxy called it, if that can do no harm."""

from __future__ import annotations

import json
from typing import Any

from reqpi.web.public_url import PublicUrl
from tests.web.case import WebCase


class BaseCase(WebCase):
    async def index(self, **headers: str) -> str:
        """The base of the index URL that a commit is answered with."""
        reply = await self.ask("/locks", "POST", b"six==1.0\n", **headers)
        document: Any = json.loads(reply.body)
        base: str = document["index"].removesuffix(f"/{self.address}/simple/")
        self.assertEqual(reply["Location"], f"{base}/{self.address}/")
        return base

    @property
    def own(self) -> str:
        return f"http://127.0.0.1:{self.port.getHost().port}"


class Unproxied(BaseCase):
    async def test_it_is_where_the_client_says(self) -> None:
        """By name, by address, with a port and without one."""
        for host in (
            "index.example.org",
            "index.example.org:2000",
            "127.0.0.1:1",
            "[::1]:2000",
            "[2001:db8::1]",
            "build_host",
        ):
            self.assertEqual(await self.index(Host=host), f"http://{host}")

    async def test_a_host_that_is_none_is_not_repeated(self) -> None:
        """Nothing that a page or a shell could trip over; the request is rejected."""
        for host in (
            'evil"><script>',
            "a b",
            "a/b",
            "user@host",
            "$(id)",
            "a'b",
            "[::1",
            "[::::]",
            "a:b",
            "a" * 256,
            "a:123456",
            "",
            "\xe9",
            "a\\b",
            "-x;y",
        ):
            reply = await self.ask("/locks", "POST", b"six==1.0\n", Host=host)
            self.assertEqual(self.assert_problem(reply, 400)["type"], "urn:reqpi:bad-host", host)

    async def test_without_a_host_it_is_where_the_connection_came_in(self) -> None:
        """HTTP/1.0 need not name one."""
        wire = await self.wire()
        wire.say(b"POST /locks HTTP/1.0\r\nContent-Length: 9\r\n\r\nsix==1.0\n")
        self.assertTrue(json.loads((await wire.reply()).body)["index"].startswith(f"{self.own}/"))

    async def test_forwarded_headers_are_not_believed(self) -> None:
        """Anybody can send them."""
        index = await self.index(
            X_Forwarded_Host="evil.example.org", X_Forwarded_Proto="https", X_Forwarded_Prefix="/evil"
        )
        self.assertEqual(index, "http://index.example.org")

    async def test_pages_for_people_name_it(self) -> None:
        """So that what they show can be pasted."""
        self.assertIn(b"http://index.example.org/locks", (await self.ask("/")).body)
        shown = (await self.under()).body.decode()
        self.assertIn(f"--index-url http://index.example.org/{self.address}/simple/", shown)


class Proxied(BaseCase):
    base = PublicUrl(trust_proxy=True)

    async def test_the_proxy_says_where_it_is(self) -> None:
        """Scheme, host and path, each where it is given."""
        self.assertEqual(
            await self.index(
                X_Forwarded_Proto="https", X_Forwarded_Host="pypi.example.org", X_Forwarded_Prefix="/a/b/"
            ),
            "https://pypi.example.org/a/b",
        )
        self.assertEqual(await self.index(X_Forwarded_Proto="https"), "https://index.example.org")
        self.assertEqual(await self.index(X_Forwarded_Prefix="/reqpi"), "http://index.example.org/reqpi")
        self.assertEqual(await self.index(), "http://index.example.org")

    async def test_of_several_proxies_the_nearest_is_believed(self) -> None:
        """What stands before its word, the client may have written itself."""
        self.assertEqual(
            await self.index(X_Forwarded_Host="evil.example.org, pypi.example.org"), "http://pypi.example.org"
        )
        self.assertEqual(await self.index(X_Forwarded_Proto="gopher,https"), "https://index.example.org")

    async def test_nonsense_is_left_out(self) -> None:
        """A proxy that passes on what it was sent does no harm."""
        for prefix in ("//evil.example.org", "/a b", '/"><script>', "a", "/a//b", "/" * 5000, "/a" * 17):
            self.assertEqual(await self.index(X_Forwarded_Prefix=prefix), "http://index.example.org", prefix[:40])
        self.assertEqual(await self.index(X_Forwarded_Proto="javascript"), "http://index.example.org")
        self.assertEqual(await self.index(X_Forwarded_Host='"><script>'), self.own)


class Named(BaseCase):
    base = PublicUrl("https://pypi.example.org/index/", trust_proxy=True)

    async def test_the_operators_word_counts_before_all_others(self) -> None:
        """Its path is part of it."""
        index = await self.index(Host="other.example.org", X_Forwarded_Host="evil.example.org")
        self.assertEqual(index, "https://pypi.example.org/index")
