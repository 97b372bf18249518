"""Answers to requests that are not complete, or that were never begun: 400, 401, 403, 408, 413, 429 and 503."""

from __future__ import annotations

from typing import Any

from twisted.web.http import HTTPChannel, parse_qs

from reqpi.runtime.counts import OTHER
from reqpi.web.http.authority import split_target
from reqpi.web.http.login_cookie import authorization_of
from reqpi.web.http.problems import BAD_REQUEST, Problem, identified
from reqpi.web.http.refusal import refusal
from reqpi.web.http.request_ids import id_of, new_id
from reqpi.web.http.route_names import route_of

__all__ = ["MALFORMED", "answer_early"]

MALFORMED = Problem(BAD_REQUEST, "the request is not valid HTTP", "Send HTTP/1.1, with one length of the body at most.")


def answer_early(site: Any, peer: str, problem: Problem, channel: HTTPChannel | None = None) -> bytes:
    """Return the response, after which the connection is closed. It is counted and logged like any other.

    :param channel: the connection whose latest request is answered, which nothing else answers then; ``None``: it has
        no room for requests.
    """
    request: Any = channel.requests[-1] if channel is not None and channel.requests else None
    is_known = request is not None and _fill(request, problem.status, site.clock.seconds())
    problem = identified(problem, new_id() if request is None else id_of(request))
    sent = refusal(problem, head=is_known and request.method == b"HEAD")
    size = len(sent.partition(b"\r\n\r\n")[2])
    if request is not None:
        request.is_refused, request.sentLength = True, size
    site.counts.problem(problem.type.name)
    site.counts.request(route_of(request.uri) if is_known else OTHER, problem.status, size, 0.0)
    _note(site, peer, problem, size, request if is_known else None)
    return sent


def _note(site: Any, peer: str, problem: Problem, size: int, request: Any) -> None:
    """Log a response, with as much of its request as is known.

    :param request: ``None``: its first line did not arrive.
    """
    if request is None:
        if site.access is not None:
            site.access.note_unread(peer, problem.status, size, problem.members["request_id"])
        return
    if site.access is not None:
        site.access.note_request(request)
    if site.audit is not None:
        request.identity = None if site.clients is None else site.clients.client_of(authorization_of(request))
        site.audit.note_request(request, whole=True)


def _fill(request: Any, status: int, now: float) -> bool:
    """Give a request what Twisted gives it once it is complete; return whether its first line is known."""
    channel = request.channel
    target = getattr(channel, "_path", None)
    if target is None:
        return False
    absolute = split_target(target)
    request.method, request.clientproto = channel._command, channel._version
    request.uri = target if absolute is None else absolute[1]
    request.path, _, query = request.uri.partition(b"?")
    request.args = parse_qs(query, keep_blank_values=True)
    request.client = channel.getPeer()
    request.code = status
    request.began_at = request.began_at or now
    return True
