"""What is read of a project, and what a path, a name and a version may be."""

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
"""Bytes of a file that is read."""

ReadFile = Callable[[str], bytes | None]

_LONGEST = 200
"""Characters of a name or a version."""

# What setuptools makes of a name: pkg_resources.safe_name, which also builds ``My Project``.
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


@frozen
class ProjectMetadata:
    """What a project says that it is.

    :param name: as it spells it: a project name by :pep:`508`.
    :param version: as it spells it, which need not be a version by :pep:`440`; ``None`` where it is known only once the
        project is built, or not at all.
    :param source: the file that says so: ``pyproject.toml``, ``setup.py`` or ``setup.cfg``.
    """

    name: str
    version: str | None
    source: str


def of_source(read_file: ReadFile) -> ReadFile:
    """The same, where a file that is too large is an error."""

    def bounded(path: str) -> bytes | None:
        data = read_file(path)
        if data is not None and len(data) > LARGEST:
            raise UnreadableProject(f"{path} is larger than {LARGEST} bytes", "It says who the project is: shorten it.")
        return data

    return bounded


def inside(path: str, said_by: str) -> str:
    """``path`` without ``.`` and ``..``.

    :param path: relative to the source, with ``/``.
    :param said_by: the file and the key that have it.
    :raises UnreadableProject: it leaves the source.
    """
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part == ".." or path.startswith("/") or "\\" in part or "\0" in part:
            raise UnreadableProject(
                f"{said_by} names a path outside the source", f"{path[:80]!r}: write one from the project's folder."
            )
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def name_of(text: str) -> str | None:
    """A project name, as setuptools mends it; ``None`` where nothing can be made of it."""
    name = _NOT_IN_NAMES.sub("-", text.strip()) if len(text) <= _LONGEST else ""
    return name if is_name(name) else None


def is_name(text: str) -> bool:
    """Whether it is a project name (:pep:`508`)."""
    try:
        canonicalize_name(text, validate=True)
    except ValueError:
        return False
    return len(text) <= _LONGEST


def version_of(text: str) -> str | None:
    """A version that fits on a line; ``None`` where it does not, or is empty."""
    version = text.strip()
    return version if version and len(version) <= _LONGEST and version.isprintable() else None


def joined(value: object) -> str | None:
    """A literal as text, as setuptools does it: ``(1, 2, "dev3")`` is ``1.2.dev3``."""
    if isinstance(value, list | tuple):
        parts = [joined(each) if not isinstance(each, list | tuple) else None for each in value]
        return ".".join(part for part in parts if part is not None) if None not in parts else None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return str(value)
    except ValueError:  # Python makes no text of a number of more than 4300 digits
        return None
