"""``/<address>/osv/``: the API of OSV over the server's own advisories, for pip-audit, uv and others.

::

    GET    /<address>/osv/                   how many advisories there are
    POST   /<address>/osv/v1/query           the advisories that affect one release
    POST   /<address>/osv/v1/querybatch      their ids, for many releases
    GET    /<address>/osv/v1/vulns/<id>      one advisory

It answers about any release, and not only about those that the lock pins. An audit tool takes an empty answer for the
news that nothing is wrong, and asks about what is installed next to the pins, such as pip itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.web.server import Request

from reqpi.core.advisories.index import AdvisoryIndex
from reqpi.core.advisories.queries import (
    LARGEST_QUERY,
    UnusableQuery,
    answer_batch,
    answer_query,
    read_batch,
    read_query,
)
from reqpi.core.errors import NotServed
from reqpi.runtime.fair_turns import FairTurns
from reqpi.runtime.offload import in_thread
from reqpi.runtime.on_behalf import requester
from reqpi.shelf.shelf import Shelf
from reqpi.web.http import problems
from reqpi.web.http.answers import after, send_fresh

__all__ = ["KnownAdvisories", "OsvResource"]

_AT_ONCE = 2
"""Queries that are answered at a time: a batch may take a second of a thread, and there are ten threads."""

_INVALID_ARGUMENT, _NOT_FOUND = 3, 5
"""The codes of gRPC, which OSV sends next to the statuses of HTTP."""


class KnownAdvisories(Protocol):
    """The advisories of a server."""

    @property
    def index(self) -> AdvisoryIndex:
        """The current ones."""

    @property
    def known(self) -> bool:
        """Whether the server was given any."""


class _OsvError(Exception):
    """An answer that is an error of OSV."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = json.dumps({"code": code, "message": message}).encode()


class OsvResource:
    """The API below each address: a :class:`~reqpi.web.http.feature.Feature`."""

    names = frozenset[str]()

    def __init__(self, shelf: Shelf, advisories: KnownAdvisories) -> None:
        self._shelf = shelf
        self._advisories = advisories
        self._turns = FairTurns(_AT_ONCE, each=1)

    def takes(self, segments: list[str]) -> bool:
        """See :meth:`reqpi.web.http.feature.Feature.takes`."""
        return segments[1:2] == ["osv"]

    def answer(self, request: Request, segments: list[str]) -> Any:
        """See :meth:`reqpi.web.http.feature.Feature.answer`."""
        route = self._route(request, segments[2:])
        if route is None:
            detail = "POST to v1/query or v1/querybatch, or GET v1/vulns/<id>."
            return problems.send(request, problems.Problem(problems.NO_SUCH_PATH, "no such path", detail))
        methods, work = route
        if request.method.decode("ascii", "replace") not in methods:
            return problems.send(request, problems.not_allowed(", ".join(methods)))
        found: list[bytes] = []

        async def done() -> None:
            found.append(await self._answered(request, segments[0], work))

        return after(request, Deferred.fromCoroutine(done()), lambda: found[0])

    def _route(self, request: Request, path: list[str]) -> tuple[tuple[str, ...], Callable[[], bytes]] | None:
        """Return the methods of a path, and what answers it in a thread."""
        match path:
            case []:
                return ("GET", "HEAD"), self._summary
            case ["v1", "vulns", advisory]:
                return ("GET", "HEAD"), partial(self._advisory, advisory)
            case ["v1", "query"]:
                return ("POST",), partial(self._query, request)
            case ["v1", "querybatch"]:
                return ("POST",), partial(self._batch, request)
        return None

    async def _answered(self, request: Request, address: str, work: Callable[[], bytes]) -> bytes:
        await self._shelf.commitment(address)
        if not self._advisories.known:
            raise NotServed("this server has no advisories", "Its operator can give it some: --advisories FILE.")

        async def in_turn() -> bytes:
            return await in_thread(work)

        try:
            body = await self._turns.run(requester(), in_turn)
        except _OsvError as error:
            request.setResponseCode(error.status)
            body = error.body
        return send_fresh(request, "application/json", body)

    def _summary(self) -> bytes:
        return json.dumps({"advisories": len(self._advisories.index)}).encode()

    def _advisory(self, advisory: str) -> bytes:
        found = self._advisories.index.by_id.get(advisory)
        if found is None:
            raise _OsvError(404, _NOT_FOUND, "no advisory has this id")
        return found.document

    def _query(self, request: Request) -> bytes:
        return _usable(lambda: answer_query(self._advisories.index, read_query(_body(request))))

    def _batch(self, request: Request) -> bytes:
        return _usable(lambda: answer_batch(self._advisories.index, read_batch(_body(request))))


def _usable(work: Callable[[], bytes]) -> bytes:
    try:
        return work()
    except UnusableQuery as unusable:
        raise _OsvError(400, _INVALID_ARGUMENT, str(unusable)) from unusable


def _body(request: Request) -> bytes:
    """Return the body of a request, whatever type it claims: pip-audit names none."""
    body: bytes = request.content.read(LARGEST_QUERY + 1)  # type: ignore[union-attr]  # the request is complete
    return body
