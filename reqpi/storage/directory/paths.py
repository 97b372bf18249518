"""Where a record's name stands below a folder, and back.

A record's file ends in ``_``, which no part of a name has: so ``a`` (the file ``a_``) and ``a/b`` (``a/b_``) never
meet, and whatever else lies there is no record. File systems allow 255 bytes to a part of a path and a project's name
may have more, so a long part goes on in the folder below, marked by ``+``. Letters are lower case: a file system that
ignores case tells the same names apart.
"""

from __future__ import annotations

from reqpi.storage.names import checked_name

__all__ = ["folder_parts", "record_name", "record_parts"]

_LONGEST_PART = 200
_RECORD = "_"
_GOES_ON = "+"


def record_parts(name: str) -> tuple[str, ...]:
    """The parts of the path of a record's file: ``a/b`` is ``("a", "b_")``."""
    parts = folder_parts(name)
    return (*parts[:-1], parts[-1] + _RECORD)


def folder_parts(name: str) -> tuple[str, ...]:
    """The parts of the path of the folder that holds the records below ``name``: ``a/b`` is ``("a", "b")``."""
    return tuple(short for part in name.split("/") for short in _shortened(part))


def _shortened(part: str) -> list[str]:
    pieces = [part[start : start + _LONGEST_PART] for start in range(0, len(part), _LONGEST_PART)]
    return [*(piece + _GOES_ON for piece in pieces[:-1]), pieces[-1]]


def record_name(parts: tuple[str, ...]) -> str | None:
    """The name of the record whose file is at these parts of a path; ``None`` where it is no record."""
    name = "/".join(parts).removesuffix(_RECORD).replace(_GOES_ON + "/", "")
    try:
        return name if record_parts(checked_name(name)) == parts else None
    except ValueError:
        return None
