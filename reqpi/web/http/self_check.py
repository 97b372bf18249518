"""Whether a request is pip's own: it asks whether there is a newer pip, before or after what a command wants.

The request is the same as one for a pip that a project wants. What differs is the connection: pip opens one for the
question alone. Until pip 26 the question comes last, while the connection of the command is still open; since then it
comes first, and the command asks for what it wants on another connection right after.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import frozen
from twisted.internet.interfaces import IReactorTime
from twisted.web.server import Request

__all__ = ["SelfChecks"]

_SOON = 10.0
"""Seconds in which a command begins after the question."""

_MOST = 1000
"""Questions that are waited with. Of more, each counts as a refusal."""

_FORWARDED = ("Forwarded", "X-Forwarded-For", "Via")


@frozen
class _Asked:
    """A question that may turn out to be pip's own.

    :param undo: count it no longer.
    """

    channel: Any
    agent: str
    undo: Callable[[], None]


class SelfChecks:
    """The questions of the connections of one site.

    :ivar waiting: those that may turn out to be pip's own, by peer and the beginning of the path, with the address.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self.waiting: dict[tuple[str, bytes], _Asked] = {}
        self.connected: set[Any] = set()
        self._clock = clock

    def is_one(self, request: Request, address: str) -> bool:
        """Whether pip asks for pip because it wants to know of a newer one, as far as that is known now.

        Behind a proxy that cannot be known, and counts as yes: each plain ``pip install`` would be a refusal.
        """
        agent = request.getHeader("User-Agent") or ""
        if not agent.startswith("pip/"):
            return False
        if any(request.getHeader(name) for name in _FORWARDED):
            return True
        own: Any = request.channel
        if own is None or own.served != 1:
            return False
        return any(_is_the_commands(other, own, agent, address) for other in self.connected)

    def may_be_one(self, request: Request, address: str, undo: Callable[[], None]) -> None:
        """Remember a question that was counted, for the case that a command follows it.

        :param undo: is called then.
        """
        agent, own = request.getHeader("User-Agent") or "", getattr(request, "channel", None)
        if own is None or own.served != 1 or not agent.startswith("pip/") or len(self.waiting) >= _MOST:
            return
        key = (own.peer, f"/{address}".encode())
        asked = self.waiting[key] = _Asked(own, agent, undo)
        self._clock.callLater(_SOON, lambda: self.waiting.pop(key) if self.waiting.get(key) is asked else None)

    def followed(self, channel: Any, path: bytes, said: str) -> None:
        """Hear that something was asked for on a connection.

        :param path: its beginning, with the address.
        :param said: the agent, or referrer and agent as the access log has them.
        """
        asked = self.waiting.get((channel.peer, path))
        if asked is not None and asked.channel is not channel and _is_of(said, asked.agent):
            del self.waiting[channel.peer, path]
            asked.undo()


def _is_the_commands(other: Any, own: Any, agent: str, address: str) -> bool:
    """Whether another connection is of the same pip, and asked for something under the same address last."""
    path, said = other.latest
    same = other is not own and other.peer == own.peer and path == f"/{address}".encode()
    return same and _is_of(said, agent)


def _is_of(said: str, agent: str) -> bool:
    """Whether what a connection said is of this agent; it may be escaped, as the access log has it."""
    escaped = agent.replace("\\", "\\\\").replace('"', '\\"')
    return said == agent or said.endswith(f' "{escaped}"')
