"""The access log of answers to requests that are not complete, or that were never begun: 408, 413, 429, 503 and 400."""

from __future__ import annotations

from typing import Any

from reqpi.web.http.accesslog import AccessLog
from reqpi.web.http.authority import split_target

__all__ = ["note_early"]


def note_early(access: AccessLog | None, peer: str, sent: bytes, request: Any = None) -> None:
    """Log a response, with as much of its request as is known.

    :param access: ``None``: there is no log.
    :param sent: the whole response.
    :param request: ``None``: its first line did not arrive.
    """
    if access is None:
        return
    head, _, body = sent.partition(b"\r\n\r\n")
    status = int(head[len("HTTP/1.1 ") :][:3])
    if request is None or not _fill(request, status, len(body), access.now()):
        access.note_unread(peer, status, len(body))
    else:
        access.note_request(request)


def _fill(request: Any, status: int, size: int, now: float) -> bool:
    """Give a request what Twisted gives it once it is complete; return whether its first line is known."""
    channel = request.channel
    target = getattr(channel, "_path", None)
    if target is None:
        return False
    absolute = split_target(target)
    request.method, request.clientproto = channel._command, channel._version
    request.uri = target if absolute is None else absolute[1]
    request.client = channel.getPeer()
    request.code, request.sentLength = status, size
    request.began_at = request.began_at or now
    return True
