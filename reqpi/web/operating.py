"""The requests of the operator: deny and revoke, forget a lock, freeze a page again; and who froze a page.

::

    GET    /denials                      everything that is denied
    POST   /denials                      deny something: {"what": "…", "because": "…"}
    DELETE /denials?what=…               revoke a denial
    POST   /<address>/forget             remove the lock and its frozen lists
    POST   /<address>/refreeze           freeze its pages again; ?project= for one of them
    GET    /<address>/frozen             when and by whom pages were frozen that the lock gives no digests for
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.web.server import Request

from reqpi.core.access.clients import AccessScope
from reqpi.core.denials import BadDenial, Denial, read_denied, read_reason
from reqpi.shelf.maintenance.undoing import Undoing
from reqpi.web.http import problems
from reqpi.web.http.access import identity_of
from reqpi.web.http.answers import after, send_fresh
from reqpi.web.http.audit import note_detail
from reqpi.web.permission import may_know_clients
from reqpi.web.uploads import UnusableBody

__all__ = ["OperatorResource", "not_for_anyone"]

_DENIALS = "denials"
_BELOW = ("forget", "refreeze", "frozen")

_LONGEST = 4096
"""Bytes of a request to deny something."""


class OperatorResource:
    """Everything for operators: a :class:`~reqpi.web.http.feature.Feature`."""

    names = frozenset({_DENIALS})

    def __init__(self, undoing: Undoing) -> None:
        self._undoing = undoing

    def takes(self, segments: list[str]) -> bool:
        """See :meth:`reqpi.web.http.feature.Feature.takes`."""
        return segments == [_DENIALS] or (len(segments) == 2 and segments[1] in _BELOW)

    def answer(self, request: Request, segments: list[str]) -> Any:
        """See :meth:`reqpi.web.http.feature.Feature.answer`."""
        methods, work = self._work(request, segments)
        if request.method.decode("ascii", "replace") not in methods:
            return problems.send(request, problems.not_allowed(", ".join(methods)))
        if segments[-1] != "frozen" and not identity_of(request).may(AccessScope.OPERATE):
            return problems.send(request, not_for_anyone())
        found: list[bytes] = []

        async def done() -> None:
            try:
                found.append(await work())
            except UnusableBody as unusable:
                found.append(problems.send(request, unusable.problem))

        return after(request, Deferred.fromCoroutine(done()), lambda: found[0])

    def _work(self, request: Request, segments: list[str]) -> tuple[tuple[str, ...], Callable[[], Awaitable[bytes]]]:
        """Return the methods of a path, and what answers a request with one of them."""
        match segments:
            case [address, "forget"]:
                return ("POST",), partial(self._forget, request, address)
            case [address, "refreeze"]:
                return ("POST",), partial(self._refreeze, request, address)
            case [address, "frozen"]:
                return ("GET", "HEAD"), partial(self._frozen, request, address)
        work = {b"POST": self._deny, b"DELETE": self._revoke}.get(request.method, self._list)
        return ("GET", "HEAD", "POST", "DELETE"), partial(work, request)

    async def _list(self, request: Request) -> bytes:
        denials = await self._undoing.denials.listed()
        return _json(request, {"denials": [_shown(denial) for denial in denials]})

    async def _deny(self, request: Request) -> bytes:
        body = _object(request.content.read(_LONGEST + 1))  # type: ignore[union-attr]  # the request is complete
        with _usable():
            what, because = read_denied(body.get("what", "")), read_reason(body.get("because", ""))
        note_detail(request, denied=what, because=because)
        denial = await self._undoing.denials.deny(what, because, identity_of(request).name)
        request.setResponseCode(201)
        return _json(request, _shown(denial))

    async def _revoke(self, request: Request) -> bytes:
        with _usable():
            what = read_denied(request.args.get(b"what", [b""])[-1].decode("utf-8", "replace"))
        note_detail(request, denied=what)
        revoked = await self._undoing.denials.revoke(what, identity_of(request).name)
        note_detail(request, denied=what, revoked=len(revoked))
        return _json(request, {"revoked": [_shown(denial) for denial in revoked]})

    async def _forget(self, request: Request, address: str) -> bytes:
        forgotten = await self._undoing.forget(address, identity_of(request).name)
        return _json(request, {"address": address, "records": forgotten})

    async def _refreeze(self, request: Request, address: str) -> bytes:
        project = request.args.get(b"project", [b""])[-1].decode("utf-8", "replace")
        note_detail(request, project=project)
        changes = await self._undoing.refreeze(address, project, identity_of(request).name)
        return _json(request, {"address": address, "projects": [change.as_json() for change in changes]})

    async def _frozen(self, request: Request, address: str) -> bytes:
        frozen = await self._undoing.freezings(address)
        named = may_know_clients(identity_of(request))
        projects = {
            project: {"at": each.at, "by": each.by if named else "", "again": each.again}
            for project, each in frozen.items()
        }
        return _json(request, {"address": address, "projects": projects})


@contextmanager
def _usable() -> Iterator[None]:
    """Make an error in the description of a denial the problem of the request."""
    try:
        yield
    except BadDenial as bad:
        raise UnusableBody(problems.BAD_PARAMETER, str(bad), bad.advice) from bad


def _object(data: bytes) -> dict[str, str]:
    """Return the object in the body of a request, whose members are texts."""
    try:
        value = json.loads(data) if len(data) <= _LONGEST else None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        detail = 'Send JSON: {"what": "sha256:… or PROJECT==VERSION", "because": "the reason"}.'
        raise UnusableBody(problems.BAD_BODY, "the body does not say what is denied", detail)
    return value


def _shown(denial: Denial) -> dict[str, Any]:
    return {"what": denial.what, "because": denial.because, "at": denial.at, "by": denial.by}


def not_for_anyone() -> problems.Problem:
    """Return the problem of a client that may not operate."""
    detail = "No client of this server has it. On its host, name the store instead: reqpi deny --store WHERE."
    return problems.Problem(problems.MISSING_SCOPE, "the scope operate is required", detail, {"scope": "operate"})


def _json(request: Request, value: Any) -> bytes:
    return send_fresh(request, "application/json", json.dumps(value, indent=2).encode() + b"\n")
