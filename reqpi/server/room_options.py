"""The options for how much room clients may take: in the store, and of the upstream before anyone requests a page.

This module imports the standard library only; see :mod:`reqpi.server.options`.
"""

from __future__ import annotations

from reqpi.server.server_option import ServerOption, ValueKind

__all__ = ["ROOM_OPTIONS"]

ROOM_OPTIONS = (
    ServerOption(
        "max-store",
        "largest_store",
        ValueKind.SIZE,
        "BYTES",
        "the size of the store above which nothing new is stored; 0 for any size",
        0,
    ),
    ServerOption(
        "max-hold",
        "largest_hold",
        ValueKind.SIZE,
        "BYTES",
        "the bytes of one lock that are held, of all its files together; 0 for any number",
        256 << 30,
    ),
    ServerOption(
        "max-file",
        "largest_file",
        ValueKind.SIZE,
        "BYTES",
        "the size of the largest file that is downloaded",
        16 << 30,
        least=1,
    ),
    ServerOption(
        "limit-prefreeze",
        "limit_prefreeze",
        ValueKind.TEXT,
        "RATE",
        "pages of new locks that are frozen before anyone requests them, for each client: N/s, N/min or N/h, with "
        ",burst=N for how many may come at once; or off for any number",
        "1200/min,burst=2000",
    ),
)
"""All of them, in the order of docs/reference/options.md."""
