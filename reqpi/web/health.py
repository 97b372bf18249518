"""The answers to an orchestrator: whether it runs, whether it should get requests, and which version it is.

These paths need no login, and answer to any name: a probe has no token, and names an address. They reveal the version,
which each response has in ``Server`` anyway, and in a few words why the server is not ready.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from twisted.web.server import Request

from reqpi import __version__
from reqpi.web.http import problems
from reqpi.web.http.answers import send_fresh

__all__ = ["HealthResource"]

_NAMES = frozenset({"livez", "readyz", "version"})

_ASK_AGAIN = {"Retry-After": "2"}


class HealthResource:
    """A feature, which answers ``/livez``, ``/readyz`` and ``/version`` without waiting for anything.

    :param problem: returns why the server should get no requests now; empty if it should.
    """

    names = _NAMES

    def __init__(self, problem: Callable[[], str] = str) -> None:
        self._problem = problem

    def takes(self, segments: Sequence[str | bytes]) -> bool:
        """See :class:`reqpi.web.http.feature.Feature`. The segments may be of an unchecked path."""
        first = segments[0]
        return len(segments) == 1 and (first.decode("latin-1") if isinstance(first, bytes) else first) in _NAMES

    def answer(self, request: Request, segments: Sequence[str | bytes]) -> Any:
        """See :class:`reqpi.web.http.feature.Feature`."""
        if request.method not in (b"GET", b"HEAD"):
            return problems.send(request, problems.not_allowed("GET, HEAD"))
        if segments[0] in ("version", b"version"):
            body = json.dumps({"version": __version__}).encode() + b"\n"
            return send_fresh(request, "application/json", body)
        problem = self._problem() if segments[0] in ("readyz", b"readyz") else ""
        if problem:
            detail = "Send requests to another server until this one answers 200 here."
            return problems.send(request, problems.Problem(problems.NOT_READY, problem, detail, headers=_ASK_AGAIN))
        return send_fresh(request, "text/plain; charset=utf-8", b"ok\n")
