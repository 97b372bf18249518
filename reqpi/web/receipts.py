"""Count the responses under an address for the receipt of its one client."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any
from urllib.parse import unquote

from reqpi.core.receipts.model import Kind, RefusedEntry, TakenEntry
from reqpi.core.receipts.recorder import How, ReceiptRecorder
from reqpi.shelf.receipts import Taking
from reqpi.web.http.sent import SentResponse

__all__ = ["AddressObserver", "took_crate"]

_SUFFIXES: Mapping[Kind, str] = {"metadata": ".metadata", "provenance": ".provenance"}
_CRATE, _ARCHIVE = ".crate", ".tar.gz"

_CrateEntry = Callable[[str, str, str], Coroutine[Any, Any, TakenEntry]]

_REFUSALS = (403, 404, 410)
"""The statuses of what an address does not have."""


class AddressObserver:
    """An observer of the site of a server that has one client.

    :param address: of the one lock.
    :param crate: returns the entry of a crate, by its name, version and sha256.
    """

    def __init__(self, address: str, taking: Taking, recorder: ReceiptRecorder, crate: _CrateEntry) -> None:
        self._crate = crate
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
        elif path[1:2] == ["crates"]:
            self._of_crates(sent, path[2:])
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
            kind, of_file = _taken(filename)
            self._taking.took(kind, project, of_file, sent.how)

    def _of_crates(self, sent: SentResponse, rest: list[str]) -> None:
        """Count a crate. What an index of crates has is made from the lock, and is not a thing of its own."""
        if sent.status in _REFUSALS:
            self._refused(sent, "", "/".join(["crates", *rest]))
        elif sent.how is not None and rest[:1] == ["dl"] and len(rest) == 4:
            took_crate(self._taking, self._crate, (rest[1], rest[2], rest[3].removesuffix(_CRATE)), sent.how)
        elif sent.how is not None and rest[:1] == ["git"] and len(rest) == 3 and rest[2].endswith(_ARCHIVE):
            took_crate(self._taking, self._crate, ("", rest[1], rest[2].removesuffix(_ARCHIVE)), sent.how)

    def _refused(self, sent: SentResponse, project: str, path: str) -> None:
        reason = sent.reason or "not in this lock"
        self._recorder.refused(RefusedEntry("", project, path, sent.agent, reason))


def _taken(filename: str) -> tuple[Kind, str]:
    """Return the kind of what has a name below a project, and the name of the file that it belongs to."""
    if not filename:
        return "page", ""
    for kind, suffix in _SUFFIXES.items():
        if filename.endswith(suffix):
            return kind, filename.removesuffix(suffix)
    return "file", filename


def took_crate(taking: Taking, entry: _CrateEntry, crate: tuple[str, str, str], how: How) -> None:
    """Count a crate that was sent, from wherever.

    :param entry: returns its entry.
    :param crate: its name, version and sha256; or an empty name, the key of a repository, and a commit.
    """
    taking.took_as(("crate", *crate), how, partial(entry, *crate))


def _path_of(target: str) -> list[str]:
    """Return the decoded segments of a path; additional slashes make no difference."""
    return [unquote(segment) for segment in target.partition("?")[0].split("/") if segment]
