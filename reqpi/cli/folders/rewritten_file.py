"""``gethash --rewrite``: the lock with its URLs below the address, in a file, for clients that ask no index.

The new lock is computed here, from the file that was committed and the URL of its index. Nothing in it comes from the
server, so a server cannot put a URL of another host, or another digest, into it.
"""

from __future__ import annotations

from pathlib import Path

from reqpi.cli.folders.written_file import write
from reqpi.cli.inputs.lock_files import LockFiles
from reqpi.cli.messages import tell_remark
from reqpi.client.errors import BadUsage
from reqpi.core.rewritten_lock import CannotRewrite, RewrittenLock, rewritten_lock

__all__ = ["rewritten_of", "write_rewritten"]

_SHOWN = 5
"""Packages from git that a remark names, at most."""


def rewritten_of(taken: LockFiles, index: str) -> RewrittenLock:
    """Return the uv.lock or pdm.lock among the files, with its URLs below the address.

    :param index: the URL of the index of the address, which ends in ``simple/``.
    :raises BadUsage: there is not exactly one, or it cannot be rewritten.
    """
    found: list[RewrittenLock] = []
    reasons: list[str] = []
    for document in taken.documents:
        try:
            found.append(rewritten_lock(document.data, index.removesuffix("simple/")))
        except CannotRewrite as error:
            reasons.append(f"{taken.names.of(document.path)}: {error}")
    if len(found) > 1:
        raise BadUsage("--rewrite is for one lock", "Commit a single uv.lock or pdm.lock, and other files next to it.")
    if not found:
        raise BadUsage(f"cannot rewrite {reasons[0]}", "--rewrite replaces the URLs of a uv.lock or pdm.lock.")
    return found[0]


def write_rewritten(lock: RewrittenLock, path: str) -> None:
    """Write a rewritten lock in one step, and report the packages that it still takes from elsewhere.

    :raises BadUsage: it cannot be written.
    """
    write(Path(path), lock.document)
    if lock.elsewhere:
        shown = ", ".join(lock.elsewhere[:_SHOWN]) + (", …" if len(lock.elsewhere) > _SHOWN else "")
        tell_remark(f"{path} still takes packages from git: {shown}")
