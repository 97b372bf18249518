"""A commit of a repository: ``https://host/repo@<commit>``, with ``#submodules`` if they are to be included."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from attrs import frozen

from reqpi.core.shown_urls import as_shown
from reqpi.upstream.allowed.denied import Denied

__all__ = ["Commit", "is_commit", "repository_name"]

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")  # SHA-1 or SHA-256, and no branch or tag


@frozen
class Commit:
    """A commit.

    :param url: of the repository.
    :param id: 40 or 64 lower-case hex digits.
    :param submodules: whether to include submodules.
    """

    url: str
    id: str
    submodules: bool = False

    @classmethod
    def read(cls, url: str) -> Commit:
        """Read a commit from a URL such as ``https://host/repo@<commit>#submodules``.

        :param url: without ``git+``.
        :raises reqpi.upstream.allowed.denied.Denied: it does not name a commit.
        """
        place, _, fragment = url.partition("#")
        repository, _, commit = place.rpartition("@")
        if not repository or not is_commit(commit) or "?" in repository or fragment not in ("", "submodules"):
            raise Denied(f"{as_shown(url)!r:.200} names no commit", "Write git+https://HOST/REPOSITORY@COMMIT.")
        return cls(repository, commit, fragment == "submodules")


def is_commit(text: str) -> bool:
    """Return whether ``text`` is a full commit id. Anything else may mean another commit later."""
    return _COMMIT.fullmatch(text) is not None


def repository_name(url: str) -> str:
    """Return the name for the folder in an archive, which is the same for all spellings of the repository's URL."""
    last = unquote(urlsplit(url).path).rstrip("/").rpartition("/")[2].removesuffix(".git")
    return re.sub(r"[^0-9A-Za-z._-]+", "-", last).strip(".-")[:100] or "repository"
