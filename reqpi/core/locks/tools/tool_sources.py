"""What a package is taken from, and the digests of its files, in the locks of poetry, pdm and pipenv."""

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
"""Version-control systems that pip knows and that are not read here."""

# A user, a password or both that pip, pdm and pipenv take from the environment: nothing of it is in the lock.
_VARIABLE = r"\$(?:\{[A-Za-z0-9_]++\}|[A-Za-z0-9_]++)"
_FROM_ENVIRONMENT = re.compile(rf"(https?://)(?:[A-Za-z0-9._~-]*+:)?{_VARIABLE}(?::{_VARIABLE})?@")


def without_variables(url: str) -> str:
    """``url`` without a user and a password that come from the environment: ``https://${USER}:${PASSWORD}@host/``."""
    return _FROM_ENVIRONMENT.sub(r"\1", url, count=1)


def split_hash(text: str) -> tuple[str, str]:
    """``algorithm:digits``, as all three write a digest."""
    algorithm, _, digits = text.partition(":")
    return algorithm, digits


def hash_files(files: Iterable[Entry], hashes: Hashes) -> None:
    """Add the digests of files. A file that is listed twice may have a weak and a strong one.

    :raises reqpi.core.locks.rules.requirements.Refused: a digest is malformed, a file has none that counts, or a URL
        has a password.
    """
    said: dict[str, tuple[Entry, list[tuple[str, str]]]] = {}
    for number, file in enumerate(files):
        url = file.text("url")
        if url:
            _check_password(file, url)
        _, pairs = said.setdefault(file.text("file") or url or str(number), (file, []))
        if (text := file.text("hash")) is not None:
            pairs.append(split_hash(text))
    for file, pairs in said.values():
        hashes.add(file, pairs)


def archive(entry: Entry, url: str, hashes: Hashes, files: Sequence[Entry]) -> Archive | None:
    """The archive at ``url``, with the digests of its file and of ``#sha256=…``; ``None`` where it is a local path.

    :param entry: the package.
    :param hashes: gets the digests.
    :param files: those of the package; where one has the name that the URL ends in, that is meant.
    :raises reqpi.core.locks.rules.requirements.Refused: it is none that is read here.
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
    """A commit of the git repository at ``url``; ``None`` where that is a local path.

    :param entry: the package.
    :raises reqpi.core.locks.rules.requirements.Refused: it is none that is read here.
    """
    _check_password(entry, url)
    if source_urls.is_local(url):
        return None
    return source_urls.git(url.removeprefix("git+"), commit, _subdirectory(entry), project(entry))


def _subdirectory(entry: Entry) -> str | None:
    """Where in its source the project is. poetry says it in the ``source``."""
    source = entry.inner("source") if isinstance(entry.table.get("source"), dict) else None
    return (source or entry).text("subdirectory") or None


def _check_password(entry: Entry, url: str) -> None:
    if source_urls.has_password(url):
        # Not about the key: its line would show the password. Nor with the rest of the URL.
        raise Refused(entries.CREDENTIALS, f"{url.partition('://')[0]}://…", entry.name)
