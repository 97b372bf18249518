"""Conversion of a record's name to a path below a folder, and back.

The file of a record ends in ``_``, which no part of a name contains. So ``a`` (the file ``a_``) and ``a/b`` (``a/b_``)
never collide, and any other file is not a record. File systems allow 255 bytes for a part of a path and the name of a
project may be longer, so a long part continues in the folder below; ``+`` marks that. Letters are lower case, so the
same names are distinct on a file system that ignores case.
"""

from __future__ import annotations

from reqpi.storage.names import checked_name

__all__ = ["folder_parts", "record_name", "record_parts"]

_LONGEST_PART = 200
_RECORD = "_"
_GOES_ON = "+"


def record_parts(name: str) -> tuple[str, ...]:
    """Return the parts of the path of a record's file: ``("a", "b_")`` for ``a/b``."""
    parts = folder_parts(name)
    return (*parts[:-1], parts[-1] + _RECORD)


def folder_parts(name: str) -> tuple[str, ...]:
    """Return the parts of the path of the folder with the records below ``name``: ``("a", "b")`` for ``a/b``."""
    return tuple(short for part in name.split("/") for short in _shortened(part))


def _shortened(part: str) -> list[str]:
    shorts = [part[start : start + _LONGEST_PART] for start in range(0, len(part), _LONGEST_PART)]
    return [*(short + _GOES_ON for short in shorts[:-1]), shorts[-1]]


def record_name(parts: tuple[str, ...]) -> str | None:
    """Return the name of the record whose file has these parts of a path; ``None`` if the file is not a record."""
    name = "/".join(parts).removesuffix(_RECORD).replace(_GOES_ON + "/", "")
    try:
        return name if record_parts(checked_name(name)) == parts else None
    except ValueError:
        return None
