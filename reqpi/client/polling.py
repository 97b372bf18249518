"""Repeated requests to a server that is not ready yet: one loop, with the bounds of each caller.

A server that is still working on an answer sends 503 with ``"pending": true``. Any other 503 may pass as well, and
``"final": true`` says that it will not.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from math import inf
from time import monotonic, sleep
from typing import NamedTuple, TypeVar

from reqpi.client.answers import trouble_of
from reqpi.client.errors import ServerTrouble
from reqpi.client.exchange import ServerResponse
from reqpi.client.target import ServerTarget

__all__ = ["PAUSE", "WHILE_PENDING", "Patience", "poll", "unavailable"]

PAUSE = 2.0
"""Seconds between two requests: what a server says in ``Retry-After``."""

_T = TypeVar("_T")


class Patience(NamedTuple):
    """The bounds of one loop.

    :param pending: requests at most, while the server says that it is working on the answer.
    :param otherwise: requests at most, while there is any other trouble that may pass.
    :param seconds: time after which no further request is begun.
    """

    pending: float = 60
    otherwise: float = 1
    seconds: float = inf

    def allows(self, trouble: ServerTrouble, made: int, seconds: float) -> bool:
        """Return whether to make another request.

        :param made: requests so far.
        :param seconds: since the first one.
        """
        most = self.pending if trouble.pending else self.otherwise
        return not trouble.final and made < most and seconds < self.seconds


WHILE_PENDING = Patience()


def poll(
    attempt: Callable[[], _T], trouble_with: Callable[[_T], ServerTrouble | None], patience: Patience = WHILE_PENDING
) -> _T:
    """Call ``attempt`` until it has a good outcome, and return the last outcome, be it good or not.

    :param trouble_with: returns what is wrong with an outcome; ``None`` if nothing is, or nothing that may pass.
    """
    began = monotonic()
    for made in count(1):
        outcome = attempt()
        trouble = trouble_with(outcome)
        if trouble is None or not patience.allows(trouble, made, monotonic() - began):
            break
        sleep(PAUSE)
    return outcome


def unavailable(target: ServerTarget, path: str) -> Callable[[ServerResponse], ServerTrouble | None]:
    """Return a function for :func:`poll` that finds trouble in an answer of 503, and none in any other answer."""

    def trouble_with(answer: ServerResponse) -> ServerTrouble | None:
        trouble = trouble_of(target, path, answer) if answer.status == 503 else None
        return trouble if isinstance(trouble, ServerTrouble) else None

    return trouble_with
