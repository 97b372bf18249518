"""Every page for people that links lead to, found as a search engine would find them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from html.parser import HTMLParser
from http.client import HTTPConnection
from time import sleep
from urllib.parse import parse_qsl, urldefrag, urljoin, urlsplit

from attrs import field, frozen

__all__ = ["BROWSER", "Crawl", "Got", "ask", "settled"]

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
"""The Accept of a browser."""

_MOST = 300
"""Pages that are looked at."""

_ALIKE = 3
"""Pages of one kind, such as those of a file, that links lead to: further ones differ in names only."""

_TRIES = 60


@frozen
class Got:
    """A response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def is_page(self) -> bool:
        """Whether it is a page for people, and not one of the index."""
        return "style-src 'self'" in self.headers.get("content-security-policy", "")


@frozen
class Crawl:
    """What was found.

    :ivar pages: the URLs of the pages.
    :ivar broken: links that lead nowhere, and the page of each.
    """

    pages: list[str] = field(factory=list)
    broken: list[tuple[str, str]] = field(factory=list)

    @classmethod
    def of(cls, starts: Iterable[str]) -> Crawl:
        """Follow all links from some pages."""
        found, seen, shapes = cls(), set(), Counter[tuple[int, str]]()
        waiting = [(url, "") for url in starts]
        while waiting and len(seen) < _MOST:
            url, origin = waiting.pop(0)
            if _kind(url) in seen:
                continue
            seen.add(_kind(url))
            got = settled(url)
            if got.status >= 400 and origin:
                found.broken.append((url, origin))
            if got.is_page:
                shapes[_shape(url)] += bool(origin)
                if not origin or shapes[_shape(url)] <= _ALIKE:
                    found.pages.append(url)
                waiting += [(each, url) for each in _links(url, got.body)]
        return found


def ask(url: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Got:
    """Send a request as a browser does, on a connection of its own."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=120)
    try:
        target = parts._replace(scheme="", netloc="", fragment="").geturl()
        connection.request(method, target, body, {"Accept": BROWSER, **headers})
        response = connection.getresponse()
        named = {name.lower(): value for name, value in response.getheaders()}
        return Got(response.status, named, response.read())
    finally:
        connection.close()


def settled(url: str) -> Got:
    """Return the response when the server no longer asks for a little patience: a file may be on its way to it."""
    for _ in range(_TRIES):
        got = ask(url)
        if got.status != 503:
            return got
        sleep(float(got.headers.get("retry-after", "1")))
    raise AssertionError(f"{url} stays unavailable: {got.body.decode()[:2000]}")


def _kind(url: str) -> tuple[str, frozenset[str]]:
    """Return what pages have in common that differ in the value of a parameter only."""
    return urlsplit(url).path, frozenset(name for name, _ in parse_qsl(urlsplit(url).query))


def _shape(url: str) -> tuple[int, str]:
    """Return what the pages of one kind have in common: how deep they are, and the name below the address."""
    segments = urlsplit(url).path.strip("/").split("/")
    return len(segments), segments[1] if len(segments) > 1 else ""


def _links(url: str, body: bytes) -> list[str]:
    class Links(HTMLParser):
        found: list[str] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            href = dict(attrs).get("href")
            if tag == "a" and href is not None:
                self.found.append(urldefrag(urljoin(url, href))[0])

    parser = Links()
    parser.found = []
    parser.feed(body.decode())
    origin = urlsplit(url).netloc
    return [each for each in parser.found if urlsplit(each).netloc == origin]
