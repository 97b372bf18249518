"""The commits from which crates are taken: the archive of each, and its digest.

cargo cannot take them from here by itself: it takes a git repository from git, or from a folder. A client writes that
folder.
"""

from __future__ import annotations

import re
from typing import Protocol

from attrs import evolve
from twisted.web.server import Request

from reqpi.core.access.logins import UsableLogins
from reqpi.core.crates.commits import commit_document
from reqpi.core.errors import NotServed
from reqpi.core.model import Commitment, File
from reqpi.shelf.crates.crate_commits import CrateCommits
from reqpi.web.crate_answers import CrateListener
from reqpi.web.http.answers import send_representation
from reqpi.web.http.file_body import send_response
from reqpi.web.http.representation import Representation

__all__ = ["CommitListener", "send_commit"]

_KEY = re.compile(r"[0-9a-f]{16}")
_FILE = re.compile(r"([0-9a-f]{40}|[0-9a-f]{64})\.(json|tar\.gz)")


class CommitListener(CrateListener, Protocol):
    """Learns of the archives of commits, too."""

    async def commit(self, archive: File) -> None:
        """Take note of the archive of a commit of a git repository."""


async def send_commit(
    request: Request,
    commits: CrateCommits,
    commitment: Commitment,
    path: list[str],
    listener: CommitListener | None = None,
    *,
    logins: UsableLogins,
) -> None:
    """Answer a path below ``/<address>/crates/git/``.

    :param listener: learns of an archive that is about to be sent.
    :param logins: those that may be used for this client.
    :raises reqpi.core.errors.ReqPIError: it is not served.
    """
    named = _FILE.fullmatch(path[-1]) if len(path) == 2 and _KEY.fullmatch(path[0]) else None
    if named is None:
        raise NotServed("no such path", "The archive of a commit is at crates/git/<repository>/<commit>.tar.gz.")
    if named[2] == "json":
        file = await commits.archive(commitment, path[0], named[1], logins=logins)
        body = commit_document(file.filename, str(file.sha256), file.size)
        request.write(send_representation(request, Representation(body, "application/json", caching="no-cache")))
        return
    response = await commits.file(commitment, path[0], named[1], logins=logins)
    if listener is not None:
        await listener.commit(evolve(response.file, size=response.size))
    await send_response(request, response)
