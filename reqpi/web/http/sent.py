"""Responses as an observer of a site sees them. They have more than a line of the access log: also those cut short."""

from __future__ import annotations

import re
from typing import Any, Literal

from attrs import frozen

from reqpi.web.http.headers import header

__all__ = ["How", "SentResponse", "how_sent"]

How = Literal["count", "partial", "unchanged"]

_LOGGED = re.compile(r'"(?:[^"\\]|\\.)*" "((?:[^"\\]|\\.)*)"')


@frozen
class SentResponse:
    """A response that was sent to a client.

    :param target: the request target, as the client sent it.
    :param agent: the User-Agent of the client; empty if it sent none.
    :param reason: the reason phrase of the response; empty if it is the usual one.
    :param whole: all of the response was sent; otherwise the client closed the connection first.
    """

    method: str
    target: str
    status: int
    agent: str
    reason: str = ""
    whole: bool = True

    @classmethod
    def of(cls, request: Any, *, whole: bool) -> SentResponse:
        """Return the response to a request of twisted.web."""
        method, target, reason = (
            text.decode("latin-1") for text in (request.method, request.uri, request.code_message or b"")
        )
        return cls(method, target, request.code, header(request, "User-Agent"), reason, whole)

    @classmethod
    def logged(cls, line: bytes, status: int, said: str) -> SentResponse:
        """Return a response of the fast path.

        :param line: the request line.
        :param said: referrer and user agent, in the format of the log.
        """
        method, target, _ = line.decode("ascii").split(" ", 2)
        match = _LOGGED.fullmatch(said)
        agent = re.sub(r"\\(.)", r"\1", match[1]) if match is not None and match[1] != "-" else ""
        return cls(method, target, status, agent)

    @property
    def how(self) -> How | None:
        """How the client got the thing itself; ``None`` if it did not."""
        return how_sent(self.status, whole=self.whole) if self.method == "GET" else None


def how_sent(status: int, *, whole: bool) -> How | None:
    """Return whether a response to GET has all of a thing, a part of it, or confirms the copy of the client."""
    if status == 304:
        return "unchanged"
    if status == 200 and whole:
        return "count"
    return "partial" if status in (200, 206) else None
