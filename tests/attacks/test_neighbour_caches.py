"""A neighbour who shares a cache with the user: the first request decides what a later one gets from it."""

from __future__ import annotations

from reqpi.web.public_url import PublicUrl
from tests.web.case import WebCase

IMMUTABLE = "public, max-age=31536000, immutable"
DERIVED = ("/requirements.txt", "/pylock.toml", "/env", "/env?shell=json")
"""The paths whose answers have absolute URLs of the server."""


class CacheCase(WebCase):
    async def caching(self, path: str, **headers: str) -> tuple[str | None, bytes]:
        """Return the ``Cache-Control`` of an answer and of its 304, which have to agree, and the body."""
        reply = await self.under(path, **headers)
        again = await self.under(path, If_None_Match=str(reply["ETag"]), **headers)
        self.assertEqual((reply.status, again.status), (200, 304), path)
        self.assertEqual(again["Cache-Control"], reply["Cache-Control"], path)
        return reply["Cache-Control"], reply.body


class UnnamedTests(CacheCase):
    """The head of a request determines the URLs."""

    base = PublicUrl(trust_proxy=True)

    async def test_an_answer_with_the_host_of_the_neighbour_is_not_kept_for_others(self) -> None:
        """The neighbour requests a lock under his own host, so that a cache has his URLs in it."""
        for path in DERIVED:
            for headers in ({"Host": "evil.example.org"}, {"X_Forwarded_Host": "evil.example.org"}):
                caching, body = await self.caching(path, **headers)
                self.assertIn(b"http://evil.example.org/", body, path)
                self.assertEqual(caching, "private, no-cache", path)

    async def test_an_answer_without_such_a_url_is_immutable(self) -> None:
        for path in ("/requirements.txt?index=none", "/files.json", "/lock", "/simple/six/"):
            self.assertEqual((await self.caching(path, Host="evil.example.org"))[0], IMMUTABLE, path)


class NamedTests(CacheCase):
    """The operator named the server."""

    base = PublicUrl("https://pypi.example.org", trust_proxy=True)

    async def test_answers_are_immutable_whatever_the_request_names(self) -> None:
        """The neighbour requests a lock under his own host."""
        for path in DERIVED:
            caching, body = await self.caching(path, Host="evil.example.org", X_Forwarded_Host="evil.example.org")
            self.assertNotIn(b"evil", body)
            own = path.startswith("/env")  # it also depends on what the server knows
            self.assertEqual(caching, "private, no-cache" if own else IMMUTABLE, path)
