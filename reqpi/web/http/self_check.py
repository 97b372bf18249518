"""Detection of pip's self-check: the request with which pip looks for a newer version of itself.

The request is the same as one for a pip that a project requires. The difference is the connection: pip opens a separate
one for the check. Before pip 26 the check comes last, while the connection of the command is still open; since then it
comes first, and the command sends its requests on another connection right after.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import frozen
from twisted.internet.interfaces import IReactorTime
from twisted.web.server import Request

__all__ = ["SelfChecks", "index_of"]

_SOON = 10.0
"""Seconds after the check in which a command sends its first request."""

_MOST = 1000
"""Possible checks that are remembered, at most. Any further one counts as a refusal."""

_ADDRESS = 65
"""Characters of a path that are the address, including the slash before it."""

_FORWARDED = ("Forwarded", "X-Forwarded-For", "Via")


@frozen
class _Asked:
    """A request that may turn out to be a self-check.

    :param undo: removes it from the refusals.
    """

    channel: Any
    agent: str
    undo: Callable[[], None]


class SelfChecks:
    """The possible self-checks on the connections of a site.

    :ivar waiting: requests that may turn out to be self-checks, by peer and the address in the path.
    :ivar connected: the open connections.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self.waiting: dict[tuple[str, bytes], _Asked] = {}
        self.connected: set[Any] = set()
        self._clock = clock

    def is_one(self, request: Request) -> bool:
        """Return whether a request for pip is a self-check, as far as that is known now.

        Behind a proxy it is unknown and the result is true: otherwise each plain ``pip install`` would be a refusal.
        """
        agent = request.getHeader("User-Agent") or ""
        if not agent.startswith("pip/"):
            return False
        if any(request.getHeader(name) for name in _FORWARDED):
            return True
        own: Any = request.channel
        if own is None or own.served != 1:
            return False
        return any(_is_of_the_command(other, own, agent) for other in self.connected)

    def may_be_one(self, request: Request, undo: Callable[[], None]) -> None:
        """Remember a request that was counted as a refusal, in case a command follows.

        :param undo: is called in that case.
        """
        agent, own = request.getHeader("User-Agent") or "", getattr(request, "channel", None)
        if own is None or own.served != 1 or not agent.startswith("pip/") or len(self.waiting) >= _MOST:
            return
        key = (own.peer, own.latest[0])
        asked = self.waiting[key] = _Asked(own, agent, undo)
        self._clock.callLater(_SOON, lambda: self.waiting.pop(key) if self.waiting.get(key) is asked else None)

    def followed(self, channel: Any, path: bytes, said: str) -> None:
        """Take note of a request on a connection: it may show that an earlier one was a self-check.

        :param path: the beginning of the path, with the address.
        :param said: the user agent, or referrer and user agent in the format of the access log.
        """
        asked = self.waiting.get((channel.peer, path))
        if asked is not None and asked.channel is not channel and _is_of(said, asked.agent):
            del self.waiting[channel.peer, path]
            asked.undo()


def index_of(path: bytes) -> bytes:
    """Return the part of a path that distinguishes one index from another: an address, or a run."""
    return path[:_ADDRESS].partition(b"/simple")[0]


def _is_of_the_command(other: Any, own: Any, agent: str) -> bool:
    """Return whether another connection is of the same pip, and its last request was below the same address."""
    path, said = other.latest
    same = other is not own and other.peer == own.peer and path == own.latest[0]
    return same and _is_of(said, agent)


def _is_of(said: str, agent: str) -> bool:
    """Return whether ``said`` is of this user agent; it may be escaped, as in the access log."""
    escaped = agent.replace("\\", "\\\\").replace('"', '\\"')
    return said == agent or said.endswith(f' "{escaped}"')
