"""The way for what is hot, and the ordinary one: whatever is asked, and however, both answer the same bytes."""

from __future__ import annotations

import random
import re
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase, TestCase

from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.lock_services import LockServices
from reqpi.storage.memory import MemoryStore
from reqpi.web.http.authority import OwnNames
from reqpi.web.http.ready_answers import ReadyAnswers
from reqpi.web.http.simple_requests import simple_head
from reqpi.web.http.site import BoundedSite
from reqpi.web.public_url import PublicUrl
from reqpi.web.routes import Root
from tests.distributions import a_file, a_page
from tests.fake_index import PlainUpstream
from tests.web.case import CONTENTS, FILES, SDIST, WHEEL

REQUESTS = 6000

JSON = "application/vnd.pypi.simple.v1+json"
ACCEPTS = (
    "text/html",
    "*/*",
    JSON,
    f"{JSON}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01",
    "application/vnd.pypi.simple.v1+html",
    "application/vnd.pypi.simple.latest+json",
    "image/png",
    "",
)
CODINGS = (
    *("gzip", "identity", "gzip, deflate, br, zstd", "gzip;q=0", "*", "", "br"),
    *("gzip;q=0.5, identity;q=1", "gzip;q=1.0, identity;q=0.5", "*;q=0.1, identity;q=0.5", "gzip;q=x"),
)
PLAIN = (
    "User-Agent: pip/26.3",
    'User-Agent: a "quoted" \\ agent',
    "Cache-Control: max-age=0",
    "X-Forwarded-Proto: https",
)
ODD = (
    "Accept : text/html",
    " Accept: text/html",
    "\tfolded",
    "Accept",
    ": nothing",
    "Connection: close",
    "Connection: Keep-Alive",
    "Connection: upgrade",
    "Upgrade: h2c",
    "Content-Length: 0",
    "Content-Length: 5",
    "Content-Length: +5",
    "Content-Length: 5, 5",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: identity",
    "Transfer-Encoding : chunked",
    "Expect: 100-continue",
    "Range: bytes=0-3",
    "Range: bytes=3-",
    "Range: bytes=99999-",
    'If-Range: "x"',
    "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT",
    'If-Match: "x"',
    "Host: a\0b",
    "X-Bytes: \xe9\xff",
    "X-Tab: a\tb",
    "X-Long: " + "x" * 3000,
    "X-Return: a\rb",
    "X-Feed: a\nb",
)
HOSTS = ("index.example.org", "INDEX.example.org.:2000", "evil.example.org", "x.example.org", "u@x", "a b", "[x]", "")
ENDS = ("", "", "", "hello", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\r\n", "0\r\n\r\n")

_REQUEST_ID = re.compile(rb"\b[0-9a-f]{16}\b")


class Pair(StringTransport):
    """The server's end of a connection, and what it wrote there."""

    def __init__(self, site: BoundedSite) -> None:
        super().__init__(peerAddress=IPv4Address("TCP", "192.0.2.1", 40000))
        self.aborted = False
        self.channel: Any = site.buildProtocol(None)
        self.channel.makeConnection(self)

    def abortConnection(self) -> None:
        self.aborted = True
        super().abortConnection()

    def said(self, piece: bytes) -> None:
        """The client said something."""
        if not self.disconnecting and not self.aborted:
            self.channel.dataReceived(piece)

    @property
    def outcome(self) -> tuple[bytes, bool, bool]:
        """What the client has got, without the ids of requests, and whether the connection ends."""
        return _REQUEST_ID.sub(b"", self.value()), bool(self.disconnecting), self.aborted


class TwoWaysCase(TestCase):
    """One server keeps answers ready, another never does; all else they have in common."""

    async def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_000_000_000)
        store, upstream = MemoryStore(self.clock.seconds), PlainUpstream()
        upstream.offer(a_page(*FILES, a_file("six-2.0.tar.gz", b"newer")), *CONTENTS.values(), b"newer")
        many = [a_file(f"many-1.{number}.zip", project="many") for number in range(50)]
        upstream.offer(a_page(*many, project="many"), *[b""] * 50)
        self.store = store
        self.shelf = Shelf(store, upstream, self.clock, "tests")
        services = LockServices.over(self.shelf, store, self.clock)
        self.ready_answers = ReadyAnswers(1 << 20)
        self.quick, self.slow = (
            BoundedSite(Root(services, PublicUrl(), ready_answers), self.clock, 1 << 16, ready_answers)
            for ready_answers in (self.ready_answers, ReadyAnswers(0))
        )
        for site in (self.quick, self.slow):
            self.addCleanup(site.stopFactory)
            site.names = OwnNames(frozenset({"index.example.org", "x"}), others=False)
        self.at_once = 0
        self.quick.answered = self.count  # type: ignore[method-assign]
        lock = "six==1.0\n" + "".join(f'many==1.{n} ; python_version == "3.{n}"\n' for n in range(50))
        commitment, _ = await self.shelf.commit(lock.encode())
        for name in (SDIST, WHEEL):
            file_response = await self.shelf.file(commitment, "six", name)
            self.assertEqual(
                b"".join([piece async for piece in file_response.read(0, file_response.size)]), CONTENTS[name]
            )
        self.index = f"/{commitment.address}/simple/"
        self.targets = (
            *(self.index, f"{self.index}six/", f"{self.index}six", f"{self.index}many/"),
            *(f"{self.index}six/{name}" for name in (SDIST, WHEEL)),
        )
        self.warm()

    def count(self, *_: object) -> None:
        self.at_once += 1

    def warm(self) -> None:
        """Ask for everything once, in each form."""
        for target in self.targets:
            for accept in ACCEPTS[:5]:
                Pair(self.quick).said(f"GET {target} HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\n\r\n".encode())
                self.clock.advance(0)  # a turn begins few requests

    def agree(self, pieces: list[bytes]) -> bytes:
        """Say the same to both; what they answered."""
        quick, slow = Pair(self.quick), Pair(self.slow)
        for piece in pieces:
            quick.said(piece)
            slow.said(piece)
            self.clock.advance(0)  # all turns that a pipeline waits for
        self.assertEqual(quick.outcome, slow.outcome, pieces)
        return quick.value()

    def etag(self, target: str, accept: str) -> str:
        answer = self.agree([f"GET {target} HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\n\r\n".encode()])
        return next(line for line in answer.decode("latin-1").split("\r\n") if line.startswith("ETag"))[6:]

    def made(self, dice: random.Random) -> bytes:
        """One request: what clients send, or what nobody should."""
        odd = dice.random() < 0.4
        method = dice.choice(("GET", "GET", "GET", "HEAD", *(("POST", "get", "OPTIONS", "GET ") if odd else ())))
        target = dice.choice(self.targets)
        if odd and dice.random() < 0.3:
            target = dice.choice(self.strange(target))
        version = dice.choice(("HTTP/1.1",) * 8 + (("HTTP/1.0", "HTTP/1.1 ", " HTTP/1.1", "HTTP/2.0") if odd else ()))
        fields = [] if odd and dice.random() < 0.1 else [f"Host: {dice.choice(HOSTS if odd else HOSTS[:2])}"]
        fields += [f"Accept: {dice.choice(ACCEPTS)}"] if dice.random() < 0.8 else []
        fields += [f"Accept-Encoding: {dice.choice(CODINGS)}"] if dice.random() < 0.7 else []
        fields += [dice.choice(PLAIN)] if dice.random() < 0.5 else []
        if dice.random() < 0.25:
            etag = dice.choice((dice.choice(self.etags), '"other"', "*", "W/" + dice.choice(self.etags), "nonsense"))
            fields.append(f"If-None-Match: {etag}")
        if dice.random() < 0.1:
            etag = dice.choice((*self.etags, '"other"', "*", "W/" + dice.choice(self.etags), "nonsense", ""))
            fields.append(f"If-Match: {etag}")
        for _ in range(dice.choice((0, 1, 1, 2)) if odd else 0):
            fields.append(dice.choice((*ODD, dice.choice(fields or ["A: b"]))))
        dice.shuffle(fields)
        head = "\r\n".join([f"{method} {target} {version}", *fields, "", ""])
        return head.encode("latin-1") + (dice.choice(ENDS).encode() if odd else b"")

    @staticmethod
    def strange(target: str) -> tuple[str, ...]:
        """Other ways to spell it, and other targets."""
        escaped = target.replace("s", "%73", 1)
        return (
            *(f"{target}?x", target.replace("six", "SIX"), target.replace("/simple/", "//simple/"), f"{target}/"),
            *(f"http://elsewhere{target}", f"HTTP://x{target}", f"http://u@x{target}", escaped, target[:-3], "/"),
        )


class TwoWays(TwoWaysCase):
    """Whatever is asked, both answer the same."""

    def test_thousands_of_requests(self) -> None:
        """Whole and in pieces, one and several on a connection, plain and odd."""
        dice = random.Random(20261126)
        self.etags = [self.etag(target, accept) for target in self.targets for accept in ("text/html", JSON)]
        self.etags += [f'{etag[:-1]}-gzip"' for etag in self.etags]
        before = self.at_once
        for _ in range(REQUESTS // 2):
            pieces = [self.made(dice) for _ in range(dice.choice((1, 1, 2, 4)))]
            if dice.random() < 0.1:
                pieces = [b"".join(pieces)]
            if dice.random() < 0.1:
                whole = b"".join(pieces)
                cut = dice.randrange(len(whole))
                pieces = [whole[:cut], whole[cut:]]
            self.agree(pieces)
        # Else nothing was compared with anything.
        self.assertGreater(self.at_once - before, REQUESTS // 5)

    def test_what_clients_send_is_answered_at_once(self) -> None:
        """pip, uv and a browser's cache; HEAD as well as GET, and who has it already."""
        for target in self.targets:
            etag = self.etag(target, JSON)
            for method in ("GET", "HEAD"):
                for more in ("", f"If-None-Match: {etag}\r\n"):
                    before = self.at_once
                    self.agree(
                        [
                            f"{method} {target} HTTP/1.1\r\nhost: x\r\naccept: {JSON}\r\naccept-encoding: gzip\r\n"
                            f"user-agent: uv/0.13\r\nConnection: keep-alive\r\n{more}\r\n".encode()
                        ]
                    )
                    self.assertEqual(self.at_once, before + 1, (method, target, more))

    def test_who_wants_other_bytes_gets_none_of_these(self) -> None:
        """What is kept ready is not sent to a client whose ``If-Match`` names something else."""
        for target in self.targets:
            etag = self.etag(target, JSON)
            for named, status in ((etag, 200), ("*", 200), ('"other"', 412), (f"W/{etag}", 412)):
                said = f"GET {target} HTTP/1.1\r\nHost: x\r\nAccept: {JSON}\r\nIf-Match: {named}\r\n\r\n"
                self.assertIn(f" {status} ".encode(), self.agree([said.encode()]), (target, named))

    async def test_a_lock_that_was_swept_away_is_gone_from_here_too(self) -> None:
        """Within the seconds for which nobody looks."""
        said = f"GET {self.index}six/ HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        self.assertIn(b" 200 ", self.agree([said]))
        address = self.index.split("/")[1]
        await self.store.delete(f"locks/{address}")
        self.clock.advance(10)
        before = self.at_once
        for _ in range(2):
            self.assertIn(b" 410 ", self.agree([said]))
        self.assertEqual(self.at_once, before)

    def test_a_client_that_does_not_read_is_not_answered_at_once(self) -> None:
        """What it is sent would pile up."""
        said = f"GET {self.index}six/ HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        pair = Pair(self.quick)
        pair.said(said)
        before = self.at_once
        pair.channel.pauseProducing()
        pair.said(said)
        self.assertEqual(self.at_once, before)
        written = pair.value()
        pair.channel.resumeProducing()
        self.clock.advance(0)  # its turn
        self.assertEqual(pair.value(), written + written)

    def test_nothing_is_answered_at_once_where_the_server_ends(self) -> None:
        """The ordinary way says that the connection closes."""
        self.quick.drained()
        self.slow.drained()
        answer = self.agree([f"GET {self.index}six/ HTTP/1.1\r\nHost: x\r\n\r\n".encode()])
        self.assertIn(b"Connection: close", answer)

    def test_what_a_client_makes_up_is_answered_and_not_kept(self) -> None:
        """There is no end to what can stand in ``If-None-Match``, and it may be long."""
        target = f"{self.index}six/"
        etag = self.etag(target, "text/html")
        for number in range(100):
            said = f'GET {target} HTTP/1.1\r\nHost: x\r\nIf-None-Match: {etag}, "{number:0500}"\r\n\r\n'
            self.assertIn(b" 304 ", self.agree([said.encode()]))
            self.agree([said.replace("0" * 490, "").replace(f"{etag}, ", "").encode()])
        entry = self.ready_answers._entries.get(target.encode())
        assert entry is not None
        self.assertLess(sum(len(asked.etags) for asked in entry.made), 1200)

    def test_strange_spellings_are_not_remembered(self) -> None:
        """Anybody can think of as many as it takes to drive out what is asked for."""
        known = set(self.ready_answers._entries._entries)
        self.assertEqual(known, {target.encode() for target in self.targets})
        for path in ("SIX/", "/six/", "%73ix/", "six/?a", "six//", f"SIX/{WHEEL}", f"six//{WHEEL}"):
            self.agree([f"GET {self.index}{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()])
        self.assertEqual(set(self.ready_answers._entries._entries), known)


class Heads(SynchronousTestCase):
    """What is simple."""

    def test_what_clients_send(self) -> None:
        """Names in any case, no space after the colon, a value with spaces."""
        said = simple_head(b"HOST:x\r\naccept: text/html , */*\r\nUser-Agent: a b\r\nReferer: \r\n\r\n")
        assert said is not None
        self.assertEqual((said.asked.content_type, said.asked.gzip, said.log), ("text/html", False, '"-" "a b"'))

    def test_whatever_is_odd_is_not(self) -> None:
        """One field that two readers may read in two ways is enough."""
        good = b"Host: x\r\nAccept: */*\r\n"
        self.assertIsNotNone(simple_head(good + b"\r\n"))
        self.assertIsNone(simple_head(b"Accept: */*\r\n\r\n"), "no Host")
        for field in ODD:
            if field != "Connection: Keep-Alive":
                self.assertIsNone(simple_head(good + field.encode("latin-1") + b"\r\n\r\n"), field)
        for twice in (b"Host: x", b"accept: text/html", b"HOST: y"):
            self.assertIsNone(simple_head(good + twice + b"\r\n\r\n"), twice)
        for end in (b"", b"\r\n", b"\r\n\r\nrest", b"\r\n\r\n\r\n", b"\n\n", b"\r\n\r\nGET / HTTP/1.1\r\n\r\n"):
            if end != b"\r\n":
                self.assertIsNone(simple_head(good + end), end)
        self.assertIsNone(simple_head(good + b"".join(b"X-%d: y\r\n" % n for n in range(40)) + b"\r\n"), "many")
