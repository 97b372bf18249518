"""Responses that end a connection: to a request that is not received to its end, or before there is one."""

from __future__ import annotations

from typing import Any

from twisted.web.http import RESPONSES

from reqpi.web.http.problems import CONTENT_TYPE, Problem

__all__ = ["LINGER", "refusal"]

LINGER = 2.0
"""Seconds for which what a refused client sends is discarded, so that it can read why before the reset."""

_REASONS: dict[int, Any] = {413: b"Content Too Large", 429: b"Too Many Requests"}


def refusal(problem: Problem, *, head: bool = False) -> bytes:
    """Return the whole response for a problem, after which the connection is closed.

    :param head: without its body.
    """
    body = problem.body()
    more = "".join(f"{name}: {value}\r\n" for name, value in problem.headers.items())
    reason = (_REASONS.get(problem.status) or RESPONSES[problem.status]).decode("ascii")
    fields = (
        f"HTTP/1.1 {problem.status} {reason}\r\n{more}Content-Type: {CONTENT_TYPE}\r\n"
        f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
        "Connection: close\r\n\r\n"
    )
    return fields.encode("ascii") + (b"" if head else body)
