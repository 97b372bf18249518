"""Checks of the names of records and blobs. Names become paths and object keys, so all others are rejected."""

from __future__ import annotations

import re

__all__ = ["LONGEST_NAME", "checked_name", "checked_prefix", "checked_sha256"]

LONGEST_NAME = 900
"""Characters in a record's name. Object stores allow keys of 1024 bytes, less the operator's own prefix."""

_NAME = re.compile(r"(?:[a-z0-9-][a-z0-9.-]*/)*[a-z0-9-][a-z0-9.-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def checked_name(name: str) -> str:
    """Return ``name`` if a record may have it.

    No part begins with a dot, so no part is ``.`` or ``..``, and none is hidden.

    :raises ValueError: a record may not have this name.
    """
    if len(name) > LONGEST_NAME or not _NAME.fullmatch(name):
        raise ValueError(f"not a valid name for a record: {name[:80]!r}")
    return name


def checked_prefix(prefix: str) -> str:
    """Return ``prefix`` if it is one or more whole parts of a name and ends in ``/``.

    :raises ValueError: it is not such a prefix.
    """
    if not prefix.endswith("/"):
        raise ValueError(f"a prefix of records has to end in a slash: {prefix[:80]!r}")
    checked_name(prefix[:-1])
    return prefix


def checked_sha256(sha256: str) -> str:
    """Return ``sha256`` if it is 64 lower-case hex digits.

    :raises ValueError: it is not a sha256.
    """
    if not _SHA256.fullmatch(sha256):
        raise ValueError(f"not a sha256 in lower-case hex: {sha256[:80]!r}")
    return sha256
