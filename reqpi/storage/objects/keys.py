"""The keys of things, below the operator's prefix. What is where: :mod:`reqpi.storage.objects`."""

from __future__ import annotations

from reqpi.storage.directory.paths import folder_parts, record_name, record_parts
from reqpi.storage.names import LONGEST_NAME, checked_name, checked_prefix, checked_sha256

__all__ = [
    "BLOBS",
    "LAYOUT",
    "LONGEST_KEY",
    "PROBES",
    "blob_key",
    "blob_of",
    "record_key",
    "record_of",
    "records_folder",
    "removing_folder",
    "used_key",
]

LAYOUT = "layout"
BLOBS = "blobs/sha256"
PROBES = "probes"

_RECORDS = "records"


def blob_key(sha256: str) -> str:
    """Where the blob is.

    :raises ValueError: it is no sha256.
    """
    return f"{BLOBS}/{checked_sha256(sha256)[:2]}/{sha256}"


def blob_of(key: str) -> str | None:
    """The sha256 of the blob that is there; ``None`` where it is no blob."""
    sha256 = key.rpartition("/")[2]
    try:
        return sha256 if blob_key(sha256) == key else None
    except ValueError:
        return None


def record_key(name: str) -> str:
    """Where the record is.

    :raises ValueError: no record has such a name.
    """
    return "/".join((_RECORDS, *record_parts(checked_name(name))))


def record_of(key: str) -> str | None:
    """The name of the record that is there; ``None`` where it is no record."""
    folder, *parts = key.split("/")
    return record_name(tuple(parts)) if folder == _RECORDS else None


def records_folder(prefix: str) -> str:
    """What the keys of the records below ``prefix`` (which ends in a slash) begin with, but for the slash.

    :raises ValueError: it is no prefix of records.
    """
    return "/".join((_RECORDS, *folder_parts(checked_prefix(prefix)[:-1])))


def used_key(key: str) -> str:
    """Where it stands when the object of that key was used last."""
    return f"used/{key}"


def removing_folder(key: str) -> str:
    """Below what it stands who removes the object of that key."""
    return f"removing/{key}"


LONGEST_KEY = len(removing_folder(record_key("a" * LONGEST_NAME))) + len("/") + 20
"""Bytes; who removes something takes up to 20 to say so."""
