"""Errors on the wire: one table gives each error its status and its type; all have the shape of :rfc:`9457`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from attrs import Factory, evolve, field, frozen
from twisted.internet.defer import TimeoutError
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure
from twisted.web.http import RESPONSES
from twisted.web.server import Request

from reqpi.core.errors import (
    BrokenLock,
    DamagedRecord,
    DeniedByOperator,
    HostUnreachable,
    NotAdmitted,
    NothingUpstream,
    NotPermitted,
    NotServed,
    Occupied,
    OtherBytes,
    OverQuota,
    Pending,
    ReqPIError,
    StoreFull,
    StoreTrouble,
    UnknownAddress,
    UnknownSession,
    UpstreamTrouble,
    without_frames,
)
from reqpi.core.withheld import as_told_to
from reqpi.web.http.redaction import redacted
from reqpi.web.http.request_ids import REQUEST_ID, id_of

__all__ = [
    "BAD_BODY",
    "BAD_HOST",
    "BAD_PARAMETER",
    "BAD_PATH",
    "BAD_REQUEST",
    "BUSY",
    "CONTENT_TYPE",
    "CROSS_SITE",
    "DOCUMENT_TOO_LARGE",
    "LOGIN_REQUIRED",
    "MISDIRECTED",
    "MISSING_SCOPE",
    "NOT_OFFERED",
    "NOT_READY",
    "NO_SUCH_PATH",
    "PROBLEM_TYPES",
    "PROXY_LOGIN_REQUIRED",
    "REQUEST_TIMEOUT",
    "TOO_MANY_REQUESTS",
    "UNSUPPORTED_BODY",
    "Problem",
    "ProblemType",
    "identified",
    "not_allowed",
    "path_of",
    "problem_of",
    "respond",
    "send",
]

CONTENT_TYPE = "application/problem+json"


class ProblemType(NamedTuple):
    """A kind of problem that a program can recognize, whatever its title says.

    :param status: of the response.
    :param name: the last part of the URN.
    """

    status: int
    name: str

    @property
    def urn(self) -> str:
        """The ``type`` of :rfc:`9457`. It is part of the protocol: a name never changes its meaning."""
        return f"urn:reqpi:{self.name}"


BAD_BODY = ProblemType(400, "bad-body")
BAD_HOST = ProblemType(400, "bad-host")
BAD_PARAMETER = ProblemType(400, "bad-parameter")
BAD_PATH = ProblemType(400, "bad-path")
BAD_REQUEST = ProblemType(400, "bad-request")
LOGIN_REQUIRED = ProblemType(401, "login-required")
CROSS_SITE = ProblemType(403, "cross-site")
NOT_OFFERED = ProblemType(403, "not-offered")
MISSING_SCOPE = ProblemType(403, "missing-scope")
NO_SUCH_PATH = ProblemType(404, "no-such-path")
PROXY_LOGIN_REQUIRED = ProblemType(407, "proxy-login-required")
METHOD_NOT_ALLOWED = ProblemType(405, "method-not-allowed")
REQUEST_TIMEOUT = ProblemType(408, "request-timeout")
DOCUMENT_TOO_LARGE = ProblemType(413, "document-too-large")
UNSUPPORTED_BODY = ProblemType(415, "unsupported-body")
TOO_MANY_REQUESTS = ProblemType(429, "too-many-requests")
MISDIRECTED = ProblemType(421, "misdirected")
INTERNAL_ERROR = ProblemType(500, "internal-error")
NOT_READY = ProblemType(503, "not-ready")
BUSY = ProblemType(503, "busy")

_TYPES: dict[type[ReqPIError], ProblemType] = {
    BrokenLock: ProblemType(422, "lock-defects"),
    # 410 and not 404: uv goes on to the next index after a 404, and stops with our message after a 410.
    UnknownAddress: ProblemType(410, "unknown-address"),
    UnknownSession: ProblemType(410, "unknown-session"),
    NotPermitted: MISSING_SCOPE,
    NotAdmitted: ProblemType(410, "not-admitted"),
    DeniedByOperator: ProblemType(410, "denied"),
    NothingUpstream: ProblemType(410, "nothing-upstream"),
    NotServed: ProblemType(404, "not-served"),
    OtherBytes: ProblemType(412, "other-bytes"),
    # 503 and not 502 or 504: pip and uv both ask again.
    Pending: ProblemType(503, "pending"),
    UpstreamTrouble: ProblemType(503, "upstream-trouble"),
    Occupied: BUSY,
    OverQuota: ProblemType(507, "over-quota"),
    StoreFull: ProblemType(507, "store-full"),
    StoreTrouble: ProblemType(503, "store-trouble"),
}


PROBLEM_TYPES = (
    BAD_BODY,
    BAD_HOST,
    BAD_PARAMETER,
    BAD_PATH,
    BAD_REQUEST,
    LOGIN_REQUIRED,
    CROSS_SITE,
    NOT_OFFERED,
    NO_SUCH_PATH,
    METHOD_NOT_ALLOWED,
    PROXY_LOGIN_REQUIRED,
    DOCUMENT_TOO_LARGE,
    UNSUPPORTED_BODY,
    REQUEST_TIMEOUT,
    TOO_MANY_REQUESTS,
    MISDIRECTED,
    INTERNAL_ERROR,
    NOT_READY,
    *_TYPES.values(),
)
"""Every type that a response can have."""

_RETRY_AFTER = 2
"""Seconds. pip waits for as long as this says, and after more than 5 seconds its user thinks that it hangs."""

_OF_A_SUCCESS = ("ETag", "Accept-Ranges", "Content-Range", "Content-Encoding", "Vary")
"""Headers that may have been set before the response failed."""

_log = Logger()


@frozen
class Problem:
    """A refusal or a failure, ready to be sent.

    :param title: one line. It is also the reason phrase, which is all that pip shows.
    :param detail: what to do, in sentences. uv shows it.
    :param members: further members for programs.
    :param headers: of the response.
    :param status: that of the type, unless specified.
    """

    type: ProblemType
    title: str
    detail: str = ""
    members: Mapping[str, Any] = MappingProxyType({})
    headers: Mapping[str, str] = MappingProxyType({})
    status: int = field(default=Factory(lambda problem: problem.type.status, takes_self=True), kw_only=True)

    def body(self) -> bytes:
        """Return the JSON of type :data:`CONTENT_TYPE`."""
        shown = {"type": self.type.urn, "title": self.title, "status": self.status, "detail": self.detail}
        return json.dumps(shown | dict(self.members), ensure_ascii=False).encode() + b"\n"

    @property
    def reason(self) -> bytes:
        """The title as a reason phrase (:rfc:`9112`, section 4): visible ASCII, and short."""
        return bytes(c if 32 <= c < 127 else 63 for c in self.title.encode("ascii", "replace")[:120])


def problem_of(error: BaseException | None) -> Problem:
    """Return the problem for an error.

    It discloses nothing about an error that is not a :class:`~reqpi.core.errors.ReqPIError`.
    """
    kind = next((_TYPES[each] for each in type(error).__mro__ if each in _TYPES), INTERNAL_ERROR)
    if not isinstance(error, ReqPIError) or kind is INTERNAL_ERROR:
        return Problem(
            INTERNAL_ERROR, "internal error", "This is a fault of ReqPI. The server's log has the traceback."
        )
    headers = {"Retry-After": str(_RETRY_AFTER)} if kind.status in (503, 507) else {}
    return Problem(kind, error.title, _detail(error), _members(error), headers)


def _members(error: ReqPIError) -> Mapping[str, Any]:
    if isinstance(error, BrokenLock):
        return {"defects": [defect._asdict() for defect in error.defects]}
    if isinstance(error, UpstreamTrouble):
        found = {
            "missing": error.missing,
            "final": error.final,
            "pending": isinstance(error, Pending),
            "defects": [defect._asdict() for defect in error.defects],
        }
        return {name: value for name, value in found.items() if value}
    return {}


def _detail(error: ReqPIError) -> str:
    """Return what to do, and what is missing unless the error says that already."""
    if isinstance(error, UpstreamTrouble) and error.missing not in str(error):
        return f"{error.detail} {error.missing} is not in the store.".lstrip()
    return error.detail


def respond(request: Request, error: BaseException | Failure) -> bytes:
    """Set the head of the response for an error, and return its body."""
    failure = error if isinstance(error, Failure) else Failure(error)
    problem = problem_of(_told(request, failure.value))
    if isinstance(failure.value, DamagedRecord):
        site: Any = request.site
        site.counts.damaged("record")
    if problem.status >= 500:
        _report(request, problem, failure)
    if problem.status != 500:
        without_frames(failure.value)
    return send(request, problem)


def _told(request: Request, error: BaseException | None) -> BaseException | None:
    """Return the error as the client of a request may know it."""
    return as_told_to(getattr(request, "identity", None), error) if isinstance(error, UpstreamTrouble) else error


def identified(problem: Problem, request_id: str) -> Problem:
    """Return the problem with the id of its request, in its body and in its headers."""
    members = dict(problem.members) | {"request_id": request_id}
    return evolve(problem, members=members, headers=dict(problem.headers) | {REQUEST_ID: request_id})


def send(request: Request, problem: Problem) -> bytes:
    """Set the head of the response, and return its body: a page if the request has a ``problem_page``."""
    site: Any = request.site
    site.counts.problem(problem.type.name)
    problem = identified(problem, id_of(request))
    request.setResponseCode(problem.status, problem.reason or RESPONSES[problem.status])
    for name in _OF_A_SUCCESS:
        request.responseHeaders.removeHeader(name)
    for name, value in problem.headers.items():
        request.setHeader(name, value)
    page: Callable[[Request, Problem], bytes] | None = getattr(request, "problem_page", None)
    if page is not None:
        return page(request, problem)
    body = problem.body()
    request.setHeader("Content-Type", CONTENT_TYPE)
    request.setHeader("Content-Length", str(len(body)))
    request.setHeader("Cache-Control", "no-store")
    return body


def _report(request: Request, problem: Problem, failure: Failure) -> None:
    if problem.status == 500:
        message = "fault while answering {path} (request {request_id})"
        _log.failure(message, failure, path=path_of(request), request_id=id_of(request))
    else:
        site: Any = request.site
        error = failure.value
        repeated = isinstance(error, HostUnreachable) and not site.troubles.is_new(error.title)
        level = LogLevel.debug if repeated else LogLevel.warn
        message = "{path}: {said} (request {request_id})"
        _log.emit(level, message, path=path_of(request), said=_with_cause(error), request_id=id_of(request))


def _with_cause(error: BaseException | None) -> str:
    """Return the text of an error on one line, with that of its cause if it does not contain it."""
    cause = error.__cause__ if error is not None else None
    words = "" if isinstance(cause, TimeoutError) else str(cause or "")  # Twisted's shows the object that waited
    return f"{error} ({words})" if words and words not in str(error) else str(error)


def path_of(request: Request) -> str:
    """Return the path as it was sent, escaped for the log and without a learning token."""
    return redacted(ascii(request.path.decode("ascii", "replace"))[1:-1][:500])


def not_allowed(methods: str) -> Problem:
    """Return the problem for another method, with the methods that are allowed (:rfc:`9110`, section 15.5.6)."""
    return Problem(METHOD_NOT_ALLOWED, "method not allowed", f"Use one of: {methods}.", headers={"Allow": methods})
