"""Project metadata as a value, and the rules for paths, names and versions in a project's files."""

from __future__ import annotations

import re
from collections.abc import Callable

from attrs import frozen
from packaging.utils import canonicalize_name

from reqpi.core.errors import UnreadableProject

__all__ = [
    "LARGEST",
    "ProjectMetadata",
    "ReadFile",
    "inside",
    "is_name",
    "joined",
    "name_of",
    "of_source",
    "version_of",
]

LARGEST = 1 << 20
"""Bytes of the largest file that is read."""

ReadFile = Callable[[str], bytes | None]
"""A function that returns the bytes of a path inside the source; ``None`` if there is no such file."""

_LONGEST = 200
"""The largest number of characters of a name or a version."""

# setuptools' own rule for names, pkg_resources.safe_name: it also builds ``My Project``.
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


@frozen
class ProjectMetadata:
    """The name and version that a project states for itself.

    :param name: as the project spells it; a valid name by :pep:`508`.
    :param version: as the project spells it; not necessarily valid by :pep:`440`. ``None`` if it is known only after a
        build, or not at all.
    :param source: the file that states them: ``pyproject.toml``, ``setup.py`` or ``setup.cfg``.
    """

    name: str
    version: str | None
    source: str


def of_source(read_file: ReadFile) -> ReadFile:
    """Return a function like ``read_file`` that raises an error for a file that is too large."""

    def bounded(path: str) -> bytes | None:
        data = read_file(path)
        if data is not None and len(data) > LARGEST:
            raise UnreadableProject(f"{path} is larger than {LARGEST} bytes", "It has the project's name: shorten it.")
        return data

    return bounded


def inside(path: str, where: str) -> str:
    """Return ``path`` without ``.`` and ``..``.

    :param path: relative to the source, with ``/``.
    :param where: the file and the key that have the path, for the message.
    :raises UnreadableProject: the path leads outside the source.
    """
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part == ".." or path.startswith("/") or "\\" in part or "\0" in part:
            raise UnreadableProject(
                f"{where} names a path outside the source", f"{path[:80]!r}: write one from the project's folder."
            )
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def name_of(text: str) -> str | None:
    """Return a project name, corrected as setuptools does; ``None`` if the result is not a valid name."""
    name = _NOT_IN_NAMES.sub("-", text.strip()) if len(text) <= _LONGEST else ""
    return name if is_name(name) else None


def is_name(text: str) -> bool:
    """Return whether ``text`` is a valid project name (:pep:`508`)."""
    try:
        canonicalize_name(text, validate=True)
    except ValueError:
        return False
    return len(text) <= _LONGEST


def version_of(text: str) -> str | None:
    """Return the stripped version; ``None`` if it is empty, too long, or has unprintable characters."""
    version = text.strip()
    return version if version and len(version) <= _LONGEST and version.isprintable() else None


def joined(value: object) -> str | None:
    """Return a literal as text, as setuptools does: ``(1, 2, "dev3")`` gives ``1.2.dev3``."""
    if isinstance(value, list | tuple):
        parts = [joined(each) if not isinstance(each, list | tuple) else None for each in value]
        return ".".join(part for part in parts if part is not None) if None not in parts else None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return str(value)
    except ValueError:  # Python does not convert a number of more than 4300 digits
        return None
