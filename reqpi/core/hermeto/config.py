"""``.build-config.json``: what ``reqpi env`` and ``reqpi inject`` need to know of a folder that was filled."""

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
"""Where files lie, below the folder."""


@frozen
class FetchedPackage:
    """A package whose requirements are there.

    :param path: relative to the source.
    :param requirements_files: relative to that, those that were found where none were named.
    :param requirements_build_files: likewise.
    """

    path: str
    requirements_files: Sequence[str]
    requirements_build_files: Sequence[str]


def build_config(packages: Iterable[FetchedPackage], files: Iterable[File]) -> bytes:
    """The document. ``sources`` has those of the files that a lock names by their place.

    :param files: all that are there.
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
