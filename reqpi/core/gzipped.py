"""The one way in which bodies are compressed: the same bytes give the same gzip on every machine."""

from __future__ import annotations

import gzip

__all__ = ["gzipped"]

_SMALLEST = 512
"""Bytes. Compression of fewer does not repay its header."""


def gzipped(body: bytes) -> bytes | None:
    """Return the body in gzip; ``None`` if it would not be smaller."""
    if len(body) < _SMALLEST:
        return None
    packed = gzip.compress(body, 6, mtime=0)
    return packed if len(packed) < len(body) else None
