"""A session of record mode on a server: begin it, list the files that were taken, end it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from math import inf
from typing import NamedTuple
from urllib.parse import urlencode

from reqpi.client.answers import object_of, trouble_of
from reqpi.client.errors import ServerTrouble
from reqpi.client.exchange import ServerResponse, ask
from reqpi.client.polling import Patience, poll, unavailable
from reqpi.client.target import ServerTarget, target_of
from reqpi.client.tokens import end_at

__all__ = ["LearnClient", "LearnReport", "LearnedFile", "begin_learning", "end_learning", "taken"]

_MEASURED = Patience(pending=inf, otherwise=inf, seconds=600.0)
"""Bounds for waiting while the server fetches files whose digests it has to compute: ten minutes."""

_INDEX = re.compile(r"https?://[A-Za-z0-9\-._~:/\[\]@%+,=!]+/learn/([0-9a-f]{32})/simple/")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class LearnClient(NamedTuple):
    """A session.

    :param index_url: of the open index, below the URL that was requested, without credentials.
    :param exclude_newer: timestamp (RFC 3339); files that were uploaded then or later are hidden. Empty: none are.
    """

    token: str
    index_url: str
    exclude_newer: str


class LearnedFile(NamedTuple):
    """A file that was taken, or another file of the same release."""

    project: str
    filename: str
    sha256: str


class LearnReport(NamedTuple):
    """The record of a session.

    :param files: the files that were taken.
    :param beside: the other files of the same releases, if they were requested.
    :param untimed: projects whose files were all hidden, because the upstream gives no upload-time.
    """

    files: tuple[LearnedFile, ...]
    beside: tuple[LearnedFile, ...]
    untimed: tuple[str, ...]


def begin_learning(base_url: str, exclude_newer: str = "") -> LearnClient:
    """Begin a session on the server at ``base_url``.

    :param exclude_newer: in the syntax of :mod:`reqpi.core.exclude_newer`; empty: no files are hidden.
    :raises ServerTrouble: there is no server, or record mode is not enabled there.
    """
    target = target_of(base_url)
    path = f"/learn?{urlencode({'exclude-newer': exclude_newer})}" if exclude_newer else "/learn"
    found = _object_of(target, path, ask(target, "POST", path, b"", "application/octet-stream"))
    index, until = found.get("index"), found.get("exclude-newer")
    match = _INDEX.fullmatch(index) if isinstance(index, str) else None
    if match is None or bool(until) != bool(exclude_newer):
        raise ServerTrouble(f"{target.url} is not a ReqPI server with record mode", "Check the URL.")
    # Not the URL that the server reports: it could name any host.
    return LearnClient(match[1], f"{target.url}/learn/{match[1]}/simple/", str(until or ""))


def taken(base_url: str, token: str, *, all_files: bool = False) -> LearnReport:
    """Return the record of a session so far.

    :param all_files: include the other files of the same releases. The server may have to fetch some of them first.
    :raises ServerTrouble: the server cannot list them.
    """
    target = target_of(base_url)
    path = f"/learn/{token}/{'?all-files=1' if all_files else ''}"
    answer = poll(partial(ask, target, "GET", path), unavailable(target, path), _MEASURED)
    found = _object_of(target, path, answer)
    untimed = found.get("untimed")
    return LearnReport(
        _listed(target, found, "taken"),
        _listed(target, found, "beside"),
        tuple(each for each in untimed if isinstance(each, str)) if isinstance(untimed, list) else (),
    )


def end_learning(base_url: str, token: str) -> None:
    """End a session.

    :raises ServerTrouble: the server did not end it.
    """
    end_at(base_url, f"/learn/{token}/")


def _object_of(target: ServerTarget, path: str, answer: ServerResponse) -> Mapping[str, object]:
    if answer.status not in (200, 201):
        raise trouble_of(target, path, answer)
    return object_of(target, path, answer)


def _listed(target: ServerTarget, found: Mapping[str, object], key: str) -> tuple[LearnedFile, ...]:
    """Return the files under ``key``.

    :raises ServerTrouble: one of them lacks a member that a lock needs.
    """
    values = found.get(key)
    try:
        files = tuple(
            LearnedFile(each["project"], each["filename"], each["sha256"])
            for each in (values if isinstance(values, list) else [])
        )
        if all(isinstance(part, str) for file in files for part in file) and all(
            _SHA256.fullmatch(file.sha256) for file in files
        ):
            return files
    except (KeyError, TypeError):
        pass
    raise ServerTrouble(
        f"{target.url} listed the files in a form that this version cannot read", "Is it a newer ReqPI?"
    )
