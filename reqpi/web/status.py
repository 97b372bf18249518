"""``GET /status``: the state of a server on one page, for its operator."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from twisted.web.server import Request

from reqpi.core.access.clients import AccessScope
from reqpi.web.http import problems
from reqpi.web.http.access import Access, identity_of, problem_of_scope
from reqpi.web.http.answers import answer_with, send_fresh

__all__ = ["StatusResource"]


class StatusResource:
    """A feature, which answers ``/status``.

    :param report: returns the state as JSON.
    :param access: the clients of the server, which need the scope ``operate``; ``None``: it requires no login.
    """

    names = frozenset({"status"})

    def __init__(self, report: Callable[[], Awaitable[Mapping[str, Any]]], access: Access | None) -> None:
        self._report = report
        self._access = access

    def takes(self, segments: list[str]) -> bool:
        """See :class:`reqpi.web.http.feature.Feature`."""
        return segments == ["status"]

    def answer(self, request: Request, segments: list[str]) -> Any:
        """See :class:`reqpi.web.http.feature.Feature`."""
        if self._access is not None:
            problem = problem_of_scope(self._access, identity_of(request), AccessScope.OPERATE)
            if problem is not None:
                return problems.send(request, problem)
        return answer_with(request, partial(self._send, request))

    async def _send(self, request: Request) -> None:
        body = json.dumps(await self._report(), indent=2).encode() + b"\n"
        request.write(send_fresh(request, "application/json", body))
