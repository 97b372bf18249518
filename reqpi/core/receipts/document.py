"""The document of a receipt: JSON in one form alone, so that equal receipts have equal bytes.

The members of version 1::

    {"version": 1, "address": "…", "documents": [{"path": "", "sha256": "…"}], "target": {"sys_platform": "linux"},
     "started": "2026-11-29T14:50:24Z", "ended": "2026-11-29T14:50:31Z", "sealed": true, "complete": true,
     "taken": [{"kind": "file", "project": "six", "filename": "six-1.17.0-py2.py3-none-any.whl", "url": "https://…",
                "purl": "pkg:pypi/six@1.17.0", "sha256": "…", "size": 11050, "count": 1, "partial": 0, "unchanged": 0}],
     "refused": [{"host": "crates.example", "project": "", "url": "https://crates.example/", "agent": "cargo/1.95",
                  "reason": "not in this lock", "count": 1}],
     "passed": [{"host": "api.example", "port": 443, "agent": "", "count": 2}]}
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

from attrs import AttrsInstance, asdict

from reqpi.core.receipts.model import Receipt

__all__ = ["LARGEST", "TIMESTAMP", "VERSION", "timestamp", "write_receipt", "written_size"]

VERSION = 1

LARGEST = 32 << 20
"""Bytes of a receipt, at most. A file takes some 400, so that 50,000 of them fit."""

TIMESTAMP = "%Y-%m-%dT%H:%M:%SZ"


def timestamp(seconds: float) -> str:
    """Return a time in the form of a receipt.

    :param seconds: since 1970, as :func:`time.time` returns them.
    """
    return datetime.fromtimestamp(int(seconds), UTC).strftime(TIMESTAMP)


def write_receipt(receipt: Receipt) -> bytes:
    """Return the document of a receipt. Equal receipts give equal bytes."""
    return json.dumps({"version": VERSION, **asdict(receipt)}, indent=1, sort_keys=True).encode() + b"\n"


def written_size(entry: AttrsInstance) -> int:
    """Return the bytes that an entry takes in a document, at most: its counters may grow to 18 digits."""
    return len(json.dumps(asdict(entry), indent=3)) + 64
