"""The keys of blobs and records, below the operator's prefix. :mod:`reqpi.storage.objects` shows the layout."""

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

FOLDERS = (BLOBS, _RECORDS)
"""The folders that have everything except the marks of use."""


def blob_key(sha256: str) -> str:
    """Return the key of a blob.

    :raises ValueError: ``sha256`` is not a valid sha256.
    """
    return f"{BLOBS}/{checked_sha256(sha256)[:2]}/{sha256}"


def blob_of(key: str) -> str | None:
    """Return the sha256 of the blob under ``key``; ``None`` if it is not the key of a blob."""
    sha256 = key.rpartition("/")[2]
    try:
        return sha256 if blob_key(sha256) == key else None
    except ValueError:
        return None


def record_key(name: str) -> str:
    """Return the key of a record.

    :raises ValueError: ``name`` is not a valid name of a record.
    """
    return "/".join((_RECORDS, *record_parts(checked_name(name))))


def record_of(key: str) -> str | None:
    """Return the name of the record under ``key``; ``None`` if it is not the key of a record."""
    folder, *parts = key.split("/")
    return record_name(tuple(parts)) if folder == _RECORDS else None


def records_folder(prefix: str) -> str:
    """Return the folder of the records below ``prefix``, without a slash at the end.

    :param prefix: ends with a slash.
    :raises ValueError: it is not a valid prefix of records.
    """
    return "/".join((_RECORDS, *folder_parts(checked_prefix(prefix)[:-1])))


def used_key(key: str) -> str:
    """Return the key of the marker that says when the object under ``key`` was last used."""
    return f"used/{key}"


def removing_folder(key: str) -> str:
    """Return the folder of the claims of the processes that are removing the object under ``key``."""
    return f"removing/{key}"


LONGEST_KEY = len(removing_folder(record_key("a" * LONGEST_NAME))) + len("/") + 20
"""Bytes; the claim of a remover takes up to 20 of them."""
