"""The filenames of sources: archives and commits that a lock names by their URL.

The lock determines them, apart from the name and version that a source contains. So a client can check them: a server
could otherwise give a source the name of any other project's file, and an installer would take it for one.
"""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from attrs import evolve

from reqpi.core import filenames
from reqpi.core.model import Archive, File, Git

__all__ = ["beside", "has_right_name", "name_of_source"]

_PREFIX = 16
"""Digits of a file's sha256 before its name, if the file of an index has the same name."""


def name_of_source(source: Archive | Git) -> str:
    """Return the filename of a source of which nothing else is known: the last part of its URL."""
    last = urlsplit(source.url).path.rstrip("/").rpartition("/")[2]
    if isinstance(source, Git):
        return f"{last.removesuffix('.git')}-{source.commit}.tar.gz"
    return unquote(last)


def beside(file: File) -> File:
    """Return the file of a source under another name, because the file of an index has its name."""
    return evolve(file, filename=f"{_prefix(file)}{file.filename}", listed=False)


def has_right_name(file: File) -> bool:
    """Return whether a file has a name that a server gives it: that of its source, or of a release of its project."""
    if file.source is None or file.listed:
        return filenames.parse(file.filename, file.project) is not None
    name = file.filename.removeprefix(_prefix(file))
    return name == name_of_source(file.source) or (
        name != file.filename and filenames.parse(name, file.project) is not None
    )


def _prefix(file: File) -> str:
    return f"{str(file.sha256)[:_PREFIX]}-"
