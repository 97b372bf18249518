"""Errors on the wire: one table gives each its status, and one shape (:rfc:`9457`) its words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from attrs import frozen
from twisted.internet.defer import TimeoutError
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure
from twisted.web.http import RESPONSES
from twisted.web.server import Request

from reqpi.core.errors import (
    BrokenLock,
    HostAway,
    NotAdmitted,
    NothingUpstream,
    NotServed,
    Occupied,
    OtherBytes,
    ReqPIError,
    StoreFull,
    StoreTrouble,
    UnknownAddress,
    UnknownSession,
    UpstreamTrouble,
)

__all__ = ["Problem", "problem_of", "respond"]

CONTENT_TYPE = "application/problem+json"

_STATUS: dict[type[ReqPIError], int] = {
    BrokenLock: 422,
    # 410 and not 404: uv goes on to the next index after a 404, and stops with our words after a 410.
    UnknownAddress: 410,
    UnknownSession: 410,
    NotAdmitted: 410,
    NothingUpstream: 410,
    NotServed: 404,
    OtherBytes: 412,
    # 503 and not 502 or 504: pip and uv both ask again.
    UpstreamTrouble: 503,
    Occupied: 503,
    StoreFull: 507,
    StoreTrouble: 503,
}

_RETRY_AFTER = 2
"""Seconds. pip waits as long as it is told; more than 5 feels broken."""

_OF_A_SUCCESS = ("ETag", "Accept-Ranges", "Content-Range", "Content-Encoding", "Vary")
"""Headers that an answer may have set before it failed."""

_log = Logger()


@frozen
class Problem:
    """A refusal or a failure, ready to be sent.

    :param title: one line; the reason phrase too, which is all that pip shows.
    :param detail: what to do, in sentences. uv shows it.
    :param members: more that a program may read.
    :param headers: of the response.
    """

    status: int
    title: str
    detail: str = ""
    members: Mapping[str, Any] = MappingProxyType({})
    headers: Mapping[str, str] = MappingProxyType({})

    def body(self) -> bytes:
        """JSON of type :data:`CONTENT_TYPE`."""
        shown = {"type": "about:blank", "title": self.title, "status": self.status, "detail": self.detail}
        return json.dumps(shown | dict(self.members), ensure_ascii=False).encode() + b"\n"

    @property
    def reason(self) -> bytes:
        """The title as a reason phrase (:rfc:`9112`, section 4): visible ASCII, and short."""
        return bytes(c if 32 <= c < 127 else 63 for c in self.title.encode("ascii", "replace")[:120])


def problem_of(error: BaseException | None) -> Problem:
    """What a client is told of an error. Of what is no :class:`~reqpi.core.errors.ReqPIError` it is told nothing."""
    status = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)
    if not isinstance(error, ReqPIError) or status == 500:
        return Problem(500, "internal error", "This is a fault of ReqPI's. Its log says more.")
    headers = {"Retry-After": str(_RETRY_AFTER)} if status == 503 else {}
    return Problem(status, error.title, _detail(error), _members(error), headers)


def _members(error: ReqPIError) -> Mapping[str, Any]:
    if isinstance(error, BrokenLock):
        return {"defects": [defect._asdict() for defect in error.defects]}
    if isinstance(error, UpstreamTrouble):
        found = {
            "missing": error.missing,
            "final": error.final,
            "defects": [defect._asdict() for defect in error.defects],
        }
        return {name: value for name, value in found.items() if value}
    return {}


def _detail(error: ReqPIError) -> str:
    """What to do; and what is missing, where the error does not say that already."""
    if isinstance(error, UpstreamTrouble) and error.missing not in str(error):
        return f"{error.detail} {error.missing} is not in the store.".lstrip()
    return error.detail


def respond(request: Request, error: BaseException | Failure) -> bytes:
    """Set the head of the response for an error, and return its body."""
    failure = error if isinstance(error, Failure) else Failure(error)
    problem = problem_of(failure.value)
    if problem.status >= 500:
        _report(request, problem, failure)
    return send(request, problem)


def send(request: Request, problem: Problem) -> bytes:
    """Set the head of the response, and return its body."""
    body = problem.body()
    request.setResponseCode(problem.status, problem.reason or RESPONSES[problem.status])
    request.setHeader("Content-Type", CONTENT_TYPE)
    request.setHeader("Content-Length", str(len(body)))
    request.setHeader("Cache-Control", "no-store")
    for name in _OF_A_SUCCESS:
        request.responseHeaders.removeHeader(name)
    for name, value in problem.headers.items():
        request.setHeader(name, value)
    return body


def _report(request: Request, problem: Problem, failure: Failure) -> None:
    if problem.status == 500:
        _log.failure("fault while answering {path}", failure, path=_path(request))
    else:
        site: Any = request.site
        error = failure.value
        repeated = isinstance(error, HostAway) and not site.troubles.is_new(error.title)
        level = LogLevel.debug if repeated else LogLevel.warn
        _log.emit(level, "{path}: {said}", path=_path(request), said=_with_cause(error))


def _with_cause(error: BaseException | None) -> str:
    """Return the text of an error on one line, with that of its cause if it does not contain it."""
    cause = error.__cause__ if error is not None else None
    words = "" if isinstance(cause, TimeoutError) else str(cause or "")  # Twisted's shows the object that waited
    return f"{error} ({words})" if words and words not in str(error) else str(error)


def _path(request: Request) -> str:
    """The path as it was sent, in a form that cannot disturb a log."""
    return ascii(request.path.decode("ascii", "replace"))[1:-1][:500]


def not_allowed(methods: str) -> Problem:
    """405, with the methods there are (:rfc:`9110`, section 15.5.6)."""
    return Problem(405, "method not allowed", f"Allowed here: {methods}.", headers={"Allow": methods})
