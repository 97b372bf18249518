"""The audit of requests: what a client has done to locks, the open index, runs and denials.

The audit log is separate from the access log: it has only what changes something, and says who did it. A request is
noted when its response has been sent, or when its client is gone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from twisted.internet.interfaces import IReactorTime
from twisted.web.server import Request

from reqpi.core.access.clients import Client
from reqpi.core.address import is_address
from reqpi.core.audit import DONE, FAILED, REFUSED, UNKNOWN, AuditedClient, audit_line
from reqpi.core.limits.networks import client_address
from reqpi.web.http.headers import header

__all__ = ["AuditLog", "note_detail"]

_BELOW = {"runs": "run"} | {same: same for same in ("forget", "refreeze", "hold", "deny", "revoke")}
"""Changes that a POST to a path below an address makes, by the last segment."""

_ENDED = {"learn": "end learn", "runs": "end run"}


def note_detail(request: Request, **members: str | int) -> None:
    """Add to the line about a request what its path does not tell; ``address`` is that of the lock."""
    noted: Any = request
    noted.audited = getattr(request, "audited", {}) | members


_LATEST = 100
"""Lines that a process remembers."""


class AuditLog:
    """The audit log of a server.

    :param clock: the time of day.
    :param write: is called with one line, with a newline at its end.
    :param open_file: is called once, when the server starts.
    :param trust_proxy: believe ``X-Forwarded-For``: the operator's own proxy sets it.
    :ivar latest: the last lines of this process, for the page of the operator.
    """

    def __init__(
        self,
        clock: IReactorTime,
        write: Callable[[str], None],
        *,
        open_file: Callable[[], None] = lambda: None,
        trust_proxy: bool = False,
    ) -> None:
        self.latest: deque[str] = deque(maxlen=_LATEST)
        self._clock = clock
        self._append = write
        self._open_file = open_file
        self._trust_proxy = trust_proxy

    def open(self) -> None:
        """Open the file of the log.

        :raises reqpi.core.errors.Misconfigured: it cannot be written.
        """
        self._open_file()

    def note(self, what: str, outcome: str, **detail: Any) -> None:
        """Note what the server has done by itself, such as a sweep."""
        self._write(audit_line(self._clock.seconds(), what, outcome, AuditedClient(), detail=detail))

    def note_request(self, request: Request, *, whole: bool) -> None:
        """Note a request, if it was to change something.

        :param whole: the response has been sent.
        """
        path = (request.path or b"").decode("utf-8", "replace")  # klein has changed postpath
        segments = [unquote(segment) for segment in path.split("/") if segment]
        noted: dict[str, Any] = dict(getattr(request, "audited", {}))
        below = segments[0] if segments and is_address(segments[0]) else ""
        address = noted.pop("address", below)
        detail: Mapping[str, Any] = {
            **noted,
            "status": request.code if whole else None,
            "request": str(getattr(request, "request_id", "")),
        }
        for what in _what(request, segments):
            outcome = _outcome(request.code) if whole else UNKNOWN
            client = self._client(request)
            self._write(audit_line(self._clock.seconds(), what, outcome, client, address=address, detail=detail))

    def _write(self, line: str) -> None:
        self.latest.append(line)
        self._append(line)

    def _client(self, request: Request) -> AuditedClient:
        peer = str(getattr(request.getClientAddress(), "host", ""))
        address = client_address(peer, header(request, "X-Forwarded-For"), trusted=self._trust_proxy)
        client: Client | None = getattr(request, "identity", None)
        if client is None or not client.name:
            return AuditedClient(address)
        if client.issuer:
            return AuditedClient(address, subject=client.name, issuer=client.issuer)
        return AuditedClient(address, token=client.name)


def _what(request: Request, segments: Sequence[str]) -> Iterator[str]:
    """Yield what a request is to change; nothing if it is to read, or has no such path."""
    match request.method, segments:
        case b"POST", ["locks"]:
            yield "commit"
            if request.args.get(b"hold") == [b"1"]:
                yield "hold"
        case b"POST", ["learn"]:
            yield "learn"
        case b"POST", ["denials"]:
            yield "deny"
        case b"DELETE", ["denials"]:
            yield "revoke"
        case b"POST", ["operator"]:
            yield "revoke" if "revoked" in getattr(request, "audited", {}) else "deny"
        case b"POST", [_, below] if below in _BELOW:
            yield _BELOW[below]
        case b"DELETE", [first, _] if first in _ENDED:
            yield _ENDED[first]


def _outcome(status: int) -> str:
    return FAILED if status >= 500 else REFUSED if status >= 400 else DONE
