"""Requests and responses of :mod:`reqpi.web.http.representation` on twisted.web: the side that is not the fast path."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.server import NOT_DONE_YET, Request

from reqpi.core import simple
from reqpi.core.errors import OtherBytes
from reqpi.web.http import problems
from reqpi.web.http.headers import has_header, listed
from reqpi.web.http.representation import (
    Representation,
    RepresentationRequest,
    RepresentationResponse,
    answer,
    etag_of,
    is_named,
    takes_gzip,
)

__all__ = ["after", "answer_with", "asked", "hold_to", "send", "send_fresh", "send_representation"]


def asked(request: Request) -> RepresentationRequest:
    """Return the part of a request's head that decides which representation is sent."""
    return RepresentationRequest(
        simple.choose(listed(request, "Accept")),
        takes_gzip(listed(request, "Accept-Encoding")),
        listed(request, "If-None-Match"),
    )


def send(request: Request, made: RepresentationResponse) -> bytes:
    """Set the head of the response, and return its body."""
    request.setResponseCode(made.status)
    for name, value in made.headers:
        request.setHeader(name, value)
    return made.body


def send_representation(request: Request, shown: Representation) -> bytes:
    """Set the head of the response, and return its body: empty for a client that has it already.

    :raises OtherBytes: ``If-Match`` names other bytes.
    """
    what = asked(request)
    hold_to(request, etag_of(shown, what))
    return send(request, answer(shown, what))


def send_fresh(request: Request, content_type: str, body: bytes) -> bytes:
    """Set the head of a response that may differ the next time, and return its body."""
    request.setHeader("Content-Type", content_type)
    request.setHeader("Content-Length", str(len(body)))
    request.setHeader("Cache-Control", "no-store")
    return body


def hold_to(request: Request, etag: str) -> None:
    """Check the precondition ``If-Match`` (:rfc:`9110`, section 13.1.1) against an ETag.

    :raises OtherBytes: the header does not name it.
    """
    if has_header(request, "If-Match") and not is_named(listed(request, "If-Match"), etag):
        raise OtherBytes("it has another ETag", f"The ETag here is {etag}, which If-Match does not name.")


_log = Logger()


def answer_with(request: Request, answer: Callable[[], Coroutine[Any, Any, None]]) -> int:
    """Answer GET and HEAD with what ``answer`` writes; cancel it if the client disconnects."""
    if request.method not in (b"GET", b"HEAD"):
        request.write(problems.send(request, problems.not_allowed("GET, HEAD")))
        request.finish()
        return NOT_DONE_YET
    answered = Deferred.fromCoroutine(answer())
    gone = request.notifyFinish()
    gone.addErrback(lambda _: answered.cancel())
    answered.addCallbacks(partial(_done, request), partial(_failed, request))
    answered.addErrback(lambda failure: _log.failure("fault while answering", failure))
    return NOT_DONE_YET


def after(request: Request, checked: Deferred[None], answer: Callable[[], Any]) -> int:
    """Answer with what ``answer`` returns once a check is done; send the error if it fails.

    :param answer: returns what a resource's ``render`` does.
    """
    gone = request.notifyFinish()
    gone.addErrback(lambda _: checked.cancel())
    checked.addCallbacks(lambda _: _render(request, answer), partial(_failed, request))
    checked.addErrback(partial(_failed, request))
    checked.addErrback(lambda failure: _log.failure("fault while answering", failure))
    return NOT_DONE_YET


def _render(request: Request, answer: Callable[[], Any]) -> None:
    """Render, as twisted.web does."""
    if request._disconnected:
        return
    body = answer()
    if body is not NOT_DONE_YET:
        request.write(body)
        request.finish()


def _done(request: Request, _: Any) -> None:
    if not request._disconnected:
        request.finish()


def _failed(request: Request, failure: Failure) -> None:
    if request._disconnected:
        return
    if request.startedWriting:
        # The status line has been sent. Aborting is the only way to keep the client from taking this for the whole.
        _log.warn("{path} was cut off: {reason}", path=problems.path_of(request), reason=failure.getErrorMessage())
        transport: Any = request.transport
        transport.abortConnection()
        return
    request.write(problems.respond(request, failure))
    request.finish()
