"""A clock for tests: pauses pass by themselves, time-outs wait for :meth:`advance`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import Clock

__all__ = ["Hasty"]

reactor: Any = _reactor


class Hasty(Clock):
    """Whatever is to happen in at most :attr:`longest` seconds happens at once; the rest after :meth:`advance`.

    :ivar pauses: what was waited for at once, in seconds.
    """

    longest = 5.0

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float] = []
        self._set: dict[float, list[Deferred[None]]] = {}

    def callLater(self, when: float, what: Callable[..., object], *args: Any, **kw: Any) -> IDelayedCall:
        call: IDelayedCall = super().callLater(when, what, *args, **kw)
        if when <= self.longest:
            self.pauses.append(when)
            reactor.callLater(0, self._pass, call)
        for waiting in self._set.pop(when, []):
            reactor.callLater(0, waiting.callback, None)
        return call

    def set_for(self, seconds: float) -> Deferred[None]:
        """Fire when something is next scheduled in so many seconds."""
        waiting: Deferred[None] = Deferred()
        self._set.setdefault(seconds, []).append(waiting)
        return waiting

    def _pass(self, call: IDelayedCall) -> None:
        if call.active():
            self.advance(max(0.0, call.getTime() - self.seconds()))
