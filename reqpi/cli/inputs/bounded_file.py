"""Files that a user names, read within a bound."""

from __future__ import annotations

from pathlib import Path

from reqpi.client import BadUsage

__all__ = ["read_bounded"]


def read_bounded(path: Path, largest: int) -> bytes:
    """Return the bytes of a file.

    :param largest: the number of bytes that it may have.
    :raises reqpi.client.BadUsage: it cannot be read, or is larger.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(largest + 1)
    except OSError as error:
        raise BadUsage(f"{path} cannot be read: {error.strerror or error}") from error
    if len(data) > largest:
        raise BadUsage(f"{path} has more than {largest} bytes", "Is it the right file?")
    return data
