"""A neighbour sends any bytes to the HTTP channel, in any pieces."""

from __future__ import annotations

from hypothesis import strategies as st
from twisted.internet.protocol import connectionDone

from tests.attacks.fuzzing import fuzz
from tests.web import test_two_ways as two_ways

MOST = 1 << 17
"""Bytes that one connection may keep of a request that is not complete."""

PIECE = 1 << 16


def kept(channel: object) -> int:
    """Return the bytes that a channel keeps."""
    return sum(_length(value) for value in vars(channel).values())


def _length(value: object) -> int:
    if isinstance(value, bytes | bytearray):
        return len(value)
    return sum(map(_length, value)) if isinstance(value, list) else 0


class ChannelTests(two_ways.TwoWaysCase):
    """The fast path and the ordinary stack, next to each other."""

    def requests(self) -> st.SearchStrategy[list[bytes]]:
        """Return a strategy for pieces of requests, from what clients send to any bytes."""
        strange = [spelling for target in self.targets for spelling in self.strange(target)]
        method = st.sampled_from(["GET", "HEAD", "POST", "get", "GET ", "PRI", ""])
        target = st.sampled_from([*self.targets, *strange, "/locks", "*", "", "/\0", "/%00", "/%", "/\xff"])
        version = st.sampled_from(["HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/1.1 ", ""])
        field = st.one_of(
            st.sampled_from(["Host: x", *two_ways.PLAIN, *two_ways.ODD]),
            st.sampled_from([f"Accept: {accept}" for accept in two_ways.ACCEPTS]),
            st.sampled_from([f"Accept-Encoding: {coding}" for coding in two_ways.CODINGS]),
            st.text(st.characters(max_codepoint=255), max_size=40),
        )
        end = st.sampled_from(["\r\n", "\r\n", "\r\n", "\n", "\r", ""])

        def head(parts: tuple[str, str, str, list[str], str]) -> bytes:
            first, path, last, fields, line = parts
            return (line.join([f"{first} {path} {last}", *fields]) + line * 2).encode("latin-1")

        heads = st.tuples(method, target, version, st.lists(field, max_size=5), end).map(head)
        plain = st.sampled_from(self.targets).map(lambda path: f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        whole = st.lists(st.one_of(plain, heads, st.binary(max_size=60)), min_size=1, max_size=4).map(b"".join)
        return st.tuples(whole, st.lists(st.integers(0, 400), max_size=4)).map(lambda parts: _cut(*parts))

    def test_any_bytes_in_any_pieces(self) -> None:
        """Both ways give the same answer, there is no traceback, and little is kept."""

        def attack(pieces: list[bytes]) -> None:
            quick, slow = two_ways.Pair(self.quick), two_ways.Pair(self.slow)
            for piece in pieces:
                quick.said(piece)
                slow.said(piece)
                self.clock.advance(0)  # a turn begins few requests of the ordinary stack
            self.assertEqual(quick.outcome, slow.outcome, pieces)
            self.assertEqual(self.flushLoggedErrors(), [], pieces)
            for pair in (quick, slow):
                self.assertLess(kept(pair.channel), MOST)
                pair.channel.connectionLost(connectionDone)

        fuzz(attack, self.requests(), examples=500)

    def test_a_request_that_never_ends_is_not_kept(self) -> None:
        """A request line, a header, many headers, a chunk size, and a body without an end."""
        start = b"POST /locks HTTP/1.1\r\nHost: x\r\n"
        for beginning, more in (
            (b"GET /", b"a"),
            (b"GET / HTTP/1.1\r\nHost: x\r\nX: ", b"a"),
            (b"GET / HTTP/1.1\r\nHost: x\r\n", b"A: b\r\n"),
            (start + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
            (start + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x"),
            (start + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"A: b\r\n"),
            (start + b"Content-Length: 99999999999\r\n\r\n", b"a"),
            (b"\r\n", b"\r\n"),
        ):
            for site in (self.quick, self.slow):
                pair = two_ways.Pair(site)
                pair.said(beginning)
                for _ in range(64):
                    pair.said((more * PIECE)[:PIECE])
                    self.assertLess(kept(pair.channel), 4 * MOST, beginning)
                pair.channel.connectionLost(connectionDone)
        self.assertEqual(self.flushLoggedErrors(), [])


def _cut(whole: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut for cut in cuts if 0 < cut < len(whole)})
    return [whole[start:stop] for start, stop in zip([0, *places], [*places, len(whole)], strict=True)]
