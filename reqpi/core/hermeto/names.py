"""What a file is called in ``deps/pip``, where files from everywhere lie side by side."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from reqpi.core.model import File, Git

__all__ = ["name_of"]

_ENDINGS = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar", ".zip")
"""Those of an archive that a lock can name by its URL."""

_UNUSUAL = re.compile(r"[^A-Za-z0-9._+-]+")


def name_of(file: File) -> str:
    """Its name there: that of a release, or one that tells which source it is, and is no release's.

    ``name-<sha256>.tar.gz`` for an archive, ``repository-gitcommit-<commit>.tar.gz`` for a commit: ``--find-links``
    then offers them to nobody who asks for a release.
    """
    source = file.source
    if isinstance(source, Git):
        repository = _UNUSUAL.sub("-", _last(source.url).removesuffix(".git"))
        return f"{repository}-gitcommit-{source.commit}{'-submodules' if source.submodules else ''}.tar.gz"
    if source is None or file.wheel:
        return file.filename if source is None else _last(source.url)
    ending = next((ending for ending in _ENDINGS if _last(source.url).endswith(ending)), "")
    return f"{file.project}-{file.sha256}{ending}"


def _last(url: str) -> str:
    return unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2])
