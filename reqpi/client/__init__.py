"""The client of a server: commit a lock, have it held, and list what was refused.

It uses only the standard library, without attrs and packaging: ``reqpi gethash`` runs inside other people's build
scripts, and has to finish before anyone notices it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from reqpi.client.answers import (
    Committed,
    HeldReport,
    ReportedRefusal,
    committed_of,
    held_of,
    object_of,
    refusals_of,
    trouble_of,
)
from reqpi.client.documents import body_of, committed_by
from reqpi.client.errors import AddressDiffers, BadUsage, ClientError, LockRefused, ServerTrouble
from reqpi.client.exchange import ask
from reqpi.client.target import target_of
from reqpi.core.address import address_of
from reqpi.core.report import Defect, Document, Note

__all__ = [
    "AddressDiffers",
    "BadUsage",
    "ClientError",
    "Committed",
    "Defect",
    "Document",
    "Filters",
    "HeldReport",
    "LockRefused",
    "Note",
    "ReportedRefusal",
    "ServerTrouble",
    "commit",
    "held",
    "refused",
]

Filters = Sequence[tuple[str, str]]
"""Selection of the files to hold: ``("platform", "win_amd64")`` and so on, by the names of pip's options."""


def commit(
    base_url: str, documents: Sequence[Document], *, hold: Filters | None = None, soon: Filters | None = None
) -> Committed:
    """Upload ``documents``, and accept the response only if it has the address that was computed here.

    :param base_url: the URL of the server: ``http://buildhost:2000``, ``https://user:password@example.org/reqpi/``.
    :param documents: one without a path, or those of a listing, in order, each with its path.
    :param hold: filters; the server starts to fetch the files of the lock that pass them. ``()``: all files;
        ``None``: none.
    :param soon: filters of the files that will be requested soon, unless a hold is wanted; with ``("every", "1")``
        all of them, otherwise those that pip would choose. An older server ignores it.
    :raises LockRefused: the documents have defects.
    :raises AddressDiffers: the server reports an address other than theirs.
    :raises ServerTrouble: no server answers there, it is not a ReqPI server, or it reports a problem of its own.
    :raises BadUsage: the URL, or a file that an environment variable names, cannot be used.
    """
    target = target_of(base_url)
    address = address_of(committed_by(documents))
    path = "/locks" if hold is None else f"/locks?{urlencode([('hold', '1'), *hold])}"
    headers = {"X-ReqPI-Soon": urlencode(soon)} if soon is not None and hold is None else {}
    answer = ask(target, "POST", path, *body_of(documents), headers=headers)
    if answer.status in (200, 201):
        return committed_of(target, answer, address)
    raise trouble_of(target, path, answer)


def held(base_url: str, address: str, filters: Filters = ()) -> HeldReport:
    """Return the progress of a hold, or which files of a lock the server has in its store.

    :raises ServerTrouble: as for :func:`commit`.
    :raises BadUsage: as for :func:`commit`.
    """
    return held_of(_object_at(base_url, f"/{address}/held{f'?{urlencode(filters)}' if filters else ''}"))


def refused(base_url: str, address: str, *, suggest: bool = False) -> tuple[ReportedRefusal, ...]:
    """Return what clients requested through ``address`` and were refused, since the lock was first committed.

    :param suggest: have the server suggest a line that would admit each; it may have to ask its upstream.
    :raises ServerTrouble: as for :func:`commit`.
    :raises BadUsage: as for :func:`commit`.
    """
    return refusals_of(_object_at(base_url, f"/{address}/refused{'?suggest=1' if suggest else ''}"))


def _object_at(base_url: str, path: str) -> Mapping[str, object]:
    """Return the JSON object that the server has at ``path``."""
    target = target_of(base_url)
    answer = ask(target, "GET", path)
    if answer.status == 200:
        return object_of(target, path, answer)
    raise trouble_of(target, path, answer)
