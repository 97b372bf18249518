"""The requests that the fast path can answer, parsed strictly, and remembered: clients repeat them literally."""

from __future__ import annotations

import re

from attrs import define, frozen

from reqpi.core import simple
from reqpi.web.http.authority import is_host
from reqpi.web.http.representation import RepresentationRequest, takes_gzip

__all__ = ["SimpleHead", "SimpleRequest", "SimpleRequests", "simple_head"]

_LONGEST_HEAD = 2048
_LONGEST = 4096
"""Bytes of a request. The target of a ready answer is no longer than the rest."""

_ADDRESS = 65
"""Characters of a path that are the address, including the slash before it."""

_MOST_FIELDS = 32
_REMEMBERED = 1024
"""Simple heads, and whole requests, that are remembered. A client repeats its head literally."""

_FIELD = re.compile(rb"([A-Za-z0-9-]{1,64}):[ ]?([!-~](?:[ -~]*[!-~])?)?")
"""A field line that any two parsers read in the same way (:rfc:`9112`, section 5)."""

_ELSEWHERE = frozenset(
    b"content-length transfer-encoding expect upgrade te trailer range if-range if-match if-modified-since "
    b"if-unmodified-since http2-settings proxy-connection keep-alive".split()
)
"""Fields that may change where a request ends, or its meaning."""

_LOGGED = (b"referer", b"user-agent")


@frozen(eq=False)
class SimpleHead:
    """A head that the fast path can answer. Clients repeat their heads, and a known head is the same object.

    :param host: a valid one, with or without a port.
    :param authorization: empty if there is none.
    :param log: its referrer and user agent, in the format of the access log.
    :param forwarded: its ``X-Forwarded-For``; empty if there is none.
    """

    asked: RepresentationRequest
    host: str
    authorization: str
    log: str
    forwarded: str = ""


def simple_head(head: bytes) -> SimpleHead | None:
    """Parse the head of a request.

    :param head: from after the request line to the empty line, inclusive.
    :returns: ``None`` if it is not a simple one.
    """
    if len(head) > _LONGEST_HEAD or not head.endswith(b"\r\n\r\n"):
        return None
    lines = head[:-4].split(b"\r\n")
    matches = [_FIELD.fullmatch(line) for line in lines[: _MOST_FIELDS + 1]]
    fields = {match[1].lower(): (match[2] or b"").decode("ascii") for match in matches if match is not None}
    # There are fewer fields than lines if a line is not a field, or a field is repeated.
    if len(fields) != len(lines) or not _ELSEWHERE.isdisjoint(fields):
        return None
    host = fields.get(b"host", "")
    if not is_host(host):
        return None
    if fields.get(b"connection", "keep-alive").lower() != "keep-alive":
        return None
    asked = RepresentationRequest(
        simple.choose(fields.get(b"accept", "")),
        takes_gzip(fields.get(b"accept-encoding", "")),
        fields.get(b"if-none-match", ""),
    )
    referrer, agent = (fields.get(name, "").replace("\\", "\\\\").replace('"', '\\"') for name in _LOGGED)
    return SimpleHead(
        asked,
        host,
        fields.get(b"authorization", ""),
        f'"{referrer or "-"}" "{agent or "-"}"',
        fields.get(b"x-forwarded-for", ""),
    )


@define
class SimpleRequest:
    """A request that the fast path can answer.

    :param line: the request line, in which nothing has to be escaped once the target has a ready answer.
    :param no_body: the method is HEAD.
    :ivar latest: see :attr:`reqpi.web.http.fast_path.FastPathChannel.latest`.
    :ivar status: of its latest response.
    :ivar size: bytes of the body of that response that were sent.
    :ivar logged: the text of the access log about that response.
    """

    line: bytes
    target: bytes
    no_body: bool
    head: SimpleHead
    latest: tuple[bytes, str]
    status: int = 0
    size: int = -1
    logged: str = ""


class SimpleRequests:
    """The simple heads of recent requests, and the requests that were answered.

    Once clients have to be asked for their logins again, another object replaces this one.
    """

    def __init__(self) -> None:
        self._heads: dict[bytes, SimpleHead] = {}
        self._answered: dict[bytes, SimpleRequest] = {}

    def read(self, data: bytes) -> SimpleRequest | None:
        """Return a request; ``None`` if it is not a simple one.

        :param data: all that has arrived.
        """
        if len(data) > _LONGEST:
            return None
        known = self._answered.get(data)
        return self._parsed(data) if known is None else known

    def remember(self, data: bytes, request: SimpleRequest) -> None:
        """Remember a request that is answered for the first time."""
        if len(self._answered) >= _REMEMBERED:
            self._answered.clear()
        self._answered[data] = request

    def _parsed(self, data: bytes) -> SimpleRequest | None:
        line, _, rest = data.partition(b"\r\n")
        if line[-9:] != b" HTTP/1.1":
            return None
        if line[:4] == b"GET ":
            target, no_body = line[4:-9], False
        elif line[:5] == b"HEAD ":
            target, no_body = line[5:-9], True
        else:
            return None
        head = self._parsed_head(rest)
        return None if head is None else SimpleRequest(line, target, no_body, head, (target[:_ADDRESS], head.log))

    def _parsed_head(self, head: bytes) -> SimpleHead | None:
        """Return the result of :func:`simple_head`, which is remembered for simple heads."""
        known = self._heads.get(head)
        if known is None:
            known = simple_head(head)
            if known is not None:
                if len(self._heads) >= _REMEMBERED:
                    self._heads.clear()
                self._heads[head] = known
        return known
