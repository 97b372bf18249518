"""Answering with what is sent as it comes: whatever fails once the first byte is out cuts the connection."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.server import NOT_DONE_YET, Request

from reqpi.web.http import problems

__all__ = ["answer_with"]

_log = Logger()


def answer_with(request: Request, answer: Callable[[], Coroutine[Any, Any, None]]) -> int:
    """Answer GET and HEAD with what ``answer`` writes; it is cancelled where the client leaves."""
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


def _done(request: Request, _: Any) -> None:
    if not request._disconnected:
        request.finish()


def _failed(request: Request, failure: Failure) -> None:
    if request._disconnected:
        return
    if request.startedWriting:
        # The status line is gone: all that is left is to keep anybody from taking this for the whole.
        _log.warn("{path!r} was cut off: {reason}", path=request.path, reason=failure.getErrorMessage())
        transport: Any = request.transport
        transport.abortConnection()
        return
    request.write(problems.respond(request, failure))
    request.finish()
