"""Count the responses under an address for the receipt of its one client."""

from __future__ import annotations

from urllib.parse import unquote

from reqpi.core.receipts.model import Kind, RefusedEntry
from reqpi.core.receipts.recorder import ReceiptRecorder
from reqpi.shelf.receipts import Taking
from reqpi.web.http.sent import SentResponse

__all__ = ["AddressObserver"]

_METADATA = ".metadata"

_REFUSALS = (403, 404, 410)
"""The statuses of what an address does not have."""


class AddressObserver:
    """An observer of the site of a server that has one client.

    :param address: of the one lock.
    """

    def __init__(self, address: str, taking: Taking, recorder: ReceiptRecorder) -> None:
        self._address = address
        self._taking = taking
        self._recorder = recorder

    def __call__(self, sent: SentResponse) -> None:
        """Count one response."""
        path = _path_of(sent.target)
        if not path or path[0].lower() != self._address:
            if sent.status in _REFUSALS:
                self._refused(sent, "", "/".join(path))
        elif path[1:2] == ["simple"]:
            self._of_index(sent, path[2:])
        elif path[1:2] in (["files"], ["wheelhouse.tar"]) and sent.how is not None:
            # Which files these are would have to be found out again; nothing that run starts asks for them.
            self._recorder.complete = False
        elif path[1:2] == ["files"] and sent.status in _REFUSALS:
            self._refused(sent, "", "/".join(path[1:]))

    def _of_index(self, sent: SentResponse, rest: list[str]) -> None:
        project, filename = (*rest, "", "")[:2]
        if sent.status in _REFUSALS:
            self._refused(sent, project, "/".join(["simple", *rest]))
        elif sent.how is not None and project:
            kind: Kind = "page" if not filename else "metadata" if filename.endswith(_METADATA) else "file"
            self._taking.took(kind, project, filename.removesuffix(_METADATA), sent.how)

    def _refused(self, sent: SentResponse, project: str, path: str) -> None:
        reason = sent.reason or "not in this lock"
        self._recorder.refused(RefusedEntry("", project, path, sent.agent, reason))


def _path_of(target: str) -> list[str]:
    """Return the decoded segments of a path; additional slashes make no difference."""
    return [unquote(segment) for segment in target.partition("?")[0].split("/") if segment]
