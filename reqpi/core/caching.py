"""The values of ``Cache-Control`` for what an address has."""

from __future__ import annotations

__all__ = ["DERIVED", "IMMUTABLE", "REVALIDATED"]

IMMUTABLE = "public, max-age=31536000, immutable"
"""Cacheable for a year, the longest time that is customary in HTTP, without revalidation (:rfc:`8246`)."""

DERIVED = "private, no-cache"
"""For this client alone, and revalidated each time: the answer has URLs that the head of the request determines."""

REVALIDATED = "no-cache"
"""Kept, and compared with the server's before each use: it may be more the next time."""
