"""The ``.build-config.json`` document, which tells ``reqpi env`` and ``reqpi inject`` what a fetched folder holds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import frozen

from reqpi.core.hermeto.names import name_of
from reqpi.core.model import File

__all__ = ["DEPS", "FORMAT", "FetchedPackage", "build_config"]

FORMAT = 1

DEPS = "deps/pip"
"""The subfolder that holds the files."""


@frozen
class FetchedPackage:
    """A package whose requirements were fetched.

    :param path: relative to the source.
    :param requirements_files: relative to ``path``; the files that were found, if the input named none.
    :param requirements_build_files: the same, for build requirements.
    """

    path: str
    requirements_files: Sequence[str]
    requirements_build_files: Sequence[str]


def build_config(packages: Iterable[FetchedPackage], files: Iterable[File]) -> bytes:
    """Return the document. Its ``sources`` lists the files that a lock names by URL or by commit.

    :param files: all files of the folder.
    """
    sources = {file.source.place: file for file in files if file.source is not None}
    document: Mapping[str, Any] = {
        "format": FORMAT,
        "deps": DEPS,
        "packages": [
            {
                "path": package.path,
                "requirements_files": list(package.requirements_files),
                "requirements_build_files": list(package.requirements_build_files),
            }
            for package in packages
        ],
        "sources": {
            place: {"file": name_of(sources[place]), "sha256": sources[place].sha256} for place in sorted(sources)
        },
    }
    return json.dumps(document, indent=2).encode() + b"\n"
