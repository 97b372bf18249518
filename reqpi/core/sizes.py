"""Sizes in bytes, as people write them: ``500 MB``, ``20GiB``, ``1048576``.

This module imports the standard library only: see :mod:`reqpi.server.options`.
"""

from __future__ import annotations

import re

__all__ = ["BadSize", "exact_size", "read_size", "size_text"]

_SIZE = re.compile(r"([0-9]{1,15}) ?([A-Za-z]{0,3})")

_UNITS = {
    "": 1,
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "kib": 1 << 10,
    "mib": 1 << 20,
    "gib": 1 << 30,
    "tib": 1 << 40,
}

_SPELLED = {unit.lower(): unit for unit in ("kB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB")}

_MOST = 10**18

_SHOWN = (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3))


class BadSize(ValueError):
    """A text is not a size."""


def read_size(text: str) -> int:
    """Return the bytes that a text means.

    :raises BadSize: it means none.
    """
    match = _SIZE.fullmatch(text)
    unit = None if match is None else _UNITS.get(match[2].lower())
    size = _MOST if match is None or unit is None else int(match[1]) * unit
    if size >= _MOST:
        raise BadSize("write a whole number of bytes, such as 1048576, 500 MB or 20 GiB")
    return size


def exact_size(size: int) -> str:
    """Return a size as a text that :func:`read_size` reads, with the largest unit that makes it a whole number."""
    for unit, factor in sorted(_UNITS.items(), key=lambda each: -each[1]):
        if size and not size % factor:
            return f"{size // factor}{_SPELLED.get(unit, '')}"
    return str(size)


def size_text(size: int) -> str:
    """Return a size for people, rounded down: ``20.4 GB``."""
    for unit, least in _SHOWN:
        if size >= least:
            return f"{size * 10 // least / 10:.1f} {unit}"
    return f"{size} B"
