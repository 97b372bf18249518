"""The names of files in ``deps/pip``, which holds files of all indexes and sources."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from reqpi.core.filenames import ARCHIVE_SUFFIXES
from reqpi.core.model import File, Git

__all__ = ["name_of"]

_UNUSUAL = re.compile(r"[^A-Za-z0-9._+-]+")


def name_of(file: File) -> str:
    """Return the name of a file in the folder: its own, or for a source one that identifies the source.

    An archive is ``name-<sha256>.tar.gz``, a commit ``repository-gitcommit-<commit>.tar.gz``. Neither is the name of
    a release, so ``--find-links`` does not offer a source to a client that asks for a release.
    """
    source = file.source
    if isinstance(source, Git):
        repository = _UNUSUAL.sub("-", _last(source.url).removesuffix(".git"))
        return f"{repository}-gitcommit-{source.commit}{'-submodules' if source.submodules else ''}.tar.gz"
    if source is None or file.wheel:
        return file.filename if source is None else _last(source.url)
    ending = next((ending for ending in ARCHIVE_SUFFIXES if _last(source.url).endswith(ending)), "")
    return f"{file.project}-{file.sha256}{ending}"


def _last(url: str) -> str:
    return unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2])
