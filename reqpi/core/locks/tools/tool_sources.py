"""The sources of packages and the digests of their files, in the locks of poetry, pdm and pipenv."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import unquote

from reqpi.core.locks.rules import entries
from reqpi.core.locks.rules.requirements import Refused
from reqpi.core.locks.tools import source_urls
from reqpi.core.locks.tools.entries import Entry
from reqpi.core.locks.tools.packages import Hashes, project
from reqpi.core.model import ALGORITHMS, Archive, Git

__all__ = ["SYSTEMS", "archive", "git", "hash_files", "split_hash", "without_variables"]

SYSTEMS = ("hg", "svn", "bzr")
"""Version-control systems that pip supports and ReqPI does not."""

# A user name, a password or both that pip, pdm and pipenv read from environment variables: the lock contains neither.
_VARIABLE = r"\$(?:\{[A-Za-z0-9_]++\}|[A-Za-z0-9_]++)"
_USER_FROM_VARIABLES = re.compile(rf"(https?://)(?:[A-Za-z0-9._~-]*+:)?{_VARIABLE}(?::{_VARIABLE})?@")


def without_variables(url: str) -> str:
    """Return ``url`` without a user name and password from environment variables, as ``${USER}:${PASSWORD}@``."""
    return _USER_FROM_VARIABLES.sub(r"\1", url, count=1)


def split_hash(text: str) -> tuple[str, str]:
    """Split ``algorithm:digits``, which is how all three tools write a digest."""
    algorithm, _, digits = text.partition(":")
    return algorithm, digits


def hash_files(files: Iterable[Entry], hashes: Hashes) -> None:
    """Add the digests of files. A file that is listed twice may have a weak and a strong digest.

    :param hashes: receives the digests.
    :raises reqpi.core.locks.rules.requirements.Refused: a digest is malformed, a file has only digests that are too
        weak, or a URL has a password.
    """
    found: dict[str, tuple[Entry, list[tuple[str, str]]]] = {}
    for number, file in enumerate(files):
        url = file.text("url")
        if url:
            _check_password(file, url)
        _, pairs = found.setdefault(file.text("file") or url or str(number), (file, []))
        if (text := file.text("hash")) is not None:
            pairs.append(split_hash(text))
    for file, pairs in found.values():
        hashes.add(file, pairs)


def archive(entry: Entry, url: str, hashes: Hashes, files: Sequence[Entry]) -> Archive | None:
    """Return the archive at ``url``, with the digests of its file and of ``#sha256=…``; ``None`` for a local path.

    :param entry: the package.
    :param hashes: receives the digests.
    :param files: the files of the package. If the URL ends in the name of one of them, only that one counts.
    :raises reqpi.core.locks.rules.requirements.Refused: the archive has no digest, or its URL is not supported.
    """
    _check_password(entry, url)
    if source_urls.is_local(url):
        return None
    bare, _, fragment = url.partition("#")
    filename = unquote(bare.partition("?")[0]).rpartition("/")[2]
    hash_files([file for file in files if file.table.get("file") == filename] or files, hashes)
    for key, equals, digits in (each.partition("=") for each in fragment.split("&")):
        if equals and key in ALGORITHMS:
            hashes.add(entry, [(key, digits)])
    return source_urls.archive(url, frozenset(hashes.digests), _subdirectory(entry), project(entry))


def git(entry: Entry, url: str, commit: str) -> Git | None:
    """Return a commit of the git repository at ``url``; ``None`` for a local path.

    :param entry: the package.
    :param commit: 40 or 64 hex digits.
    :raises reqpi.core.locks.rules.requirements.Refused: it is not a whole commit, or its URL is not supported.
    """
    _check_password(entry, url)
    if source_urls.is_local(url):
        return None
    return source_urls.git(url.removeprefix("git+"), commit, _subdirectory(entry), project(entry))


def _subdirectory(entry: Entry) -> str | None:
    """Return the directory of the project in its source, which poetry states in ``source``."""
    source = entry.inner("source") if isinstance(entry.table.get("source"), dict) else None
    return (source or entry).text("subdirectory") or None


def _check_password(entry: Entry, url: str) -> None:
    if source_urls.has_password(url):
        # Without the key, because its line would show the password; and without the rest of the URL.
        raise Refused(entries.CREDENTIALS, f"{url.partition('://')[0]}://…", entry.name)
