"""A malicious upstream that spells the host of another one, or of this machine, in every way that comes to mind."""

from __future__ import annotations

from tests.attacks.upstream_case import TwoUpstreamsCase
from tests.upstream.case import reactor
from tests.upstream.names import Names

PREFIXES = (
    "http://b.example:PORT/files/",
    "http://B.EXAMPLE:PORT/files/",
    "http://b.example.:PORT/files/",
    "http://me:x@b.example:PORT/files/",
    "http://a.example:A_PORT@b.example:PORT/files/",
    "http://a.example%2f@b.example:PORT/files/",
    "http://a.example\\@b.example:PORT/files/",
    "http://b.example:PORT\\@a.example:A_PORT/files/",
    "http:\\\\b.example:PORT\\files\\",
    "//b.example:PORT/files/",
    "///b.example:PORT/files/",
    "http:///b.example:PORT/files/",
    "http:b.example:PORT/files/",
    "\thttp://b.example:PORT/files/",
    "ht\ntp://b.example:PORT/files/",
    "http://b.exa\tmple:PORT/files/",
    "http://ⓑ.example:PORT/files/",
    "http://b。example:PORT/files/",
    "http://b\u00ad.example:PORT/files/",
    "http://xn--b-.example:PORT/files/",
    "http://a.example:PORT/files/",
    "http://a.example:0PORT/files/",
    "http://localhost:PORT/files/",
    "http://127.0.0.1:PORT/files/",
    "http://127.1:PORT/files/",
    "http://0x7f.1:PORT/files/",
    "http://0177.0.0.1:PORT/files/",
    "http://2130706433:PORT/files/",
    "http://0.0.0.0:PORT/files/",
    "http://[::1]:PORT/files/",
    "http://[::]:PORT/files/",
    "http://[::ffff:127.0.0.1]:PORT/files/",
    "http://[::ffff:7f00:1]:PORT/files/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:PORT/files/",
    "http://[64:ff9b::7f00:1]:PORT/files/",
    "http://[2002:7f00:1::]:PORT/files/",
    "http://[fe80::1%25lo]:PORT/files/",
    "http://[v1.x]:PORT/files/",
    "http://[b.example]:PORT/files/",
    "file:///proc/self/environ#",
    "ftp://b.example:PORT/files/",
    "git+https://b.example:PORT/files/",
    "archive+https://b.example:PORT/files/",
)


class _Everywhere(dict[str, list[str]]):
    """A name server for which every name is this machine."""

    def get(self, name: str, default: object = None) -> list[str]:  # type: ignore[override]
        return ["::1" if ":" in name else "127.0.0.1"]


class SpellingTests(TwoUpstreamsCase):
    """``PORT`` is that of B, on which everything on this machine's private addresses can be seen."""

    def setUp(self) -> None:
        super().setUp()
        self.names = Names(reactor, _Everywhere())

    def spelled(self, text: str) -> str:
        a, b = (url.rpartition(":")[2].partition("/")[0] for url in (self.a_url, self.b_url))
        return text.replace("A_PORT", a).replace("PORT", b)

    async def test_no_link_reaches_it(self) -> None:
        """A's page links to it: the file, its metadata, and the ranges of the wheel."""
        shelf = self.shelf()
        for number, text in enumerate(PREFIXES):
            self.link(self.a, self.spelled(text))
            lock = f"# {number}\nthing==1.0 --hash={self.digest}"
            self.assertTrue(await self.everything(shelf, *lock.splitlines()), text)
            self.assertEqual((self.b.connections, self.logins(self.a)), (0, {None}), text)

    async def test_no_redirect_reaches_it(self) -> None:
        """A redirects to it: a page, a file, and metadata."""
        shelf = self.shelf()
        for number, text in enumerate(each for each in PREFIXES if each.isprintable() and each.isascii()):
            for kind, path in (("page", "thing/"), ("file", self.thing.filename), ("metadata", "x.metadata")):
                self.redirect(self.a, kind, f"{self.spelled(text)}{path}")
            lock = f"# {number}\nthing==1.0 --hash={self.digest}"
            self.assertTrue(await self.everything(shelf, *lock.splitlines()), text)
            self.a.heal("page")
            self.assertTrue(await self.everything(shelf, *lock.splitlines()), text)
            self.assertEqual((self.b.connections, self.logins(self.a)), (0, {None}), text)

    async def test_no_link_gets_the_login(self) -> None:
        """B may be reached by all, under each of these names."""
        hosts = self.hosts(self.b_url, *(self.b_url.replace("b.example", each) for each in ("localhost", "127.0.0.1")))
        shelf = self.shelf(hosts=hosts, logins=dict.fromkeys(("b.example", "localhost", "127.0.0.1"), "Basic x"))
        for number, text in enumerate(PREFIXES):
            self.link(self.a, self.spelled(text))
            lock = f"# {number}\nthing==1.0 --hash={self.digest}"
            await self.everything(shelf, *lock.splitlines())
            self.assertLessEqual(self.logins(self.b), {None}, text)
        self.assertTrue(self.b.requests)
