"""The options for drift: what became of the files that locks pin.

This module imports the standard library only; see :mod:`reqpi.server.options`.
"""

from __future__ import annotations

from reqpi.server.server_option import ServerOption, ValueKind

__all__ = ["DRIFT_OPTIONS"]

DRIFT_OPTIONS = (
    ServerOption(
        "drift-every",
        "drift_every",
        ValueKind.NUMBER,
        "SECONDS",
        "the time between two looks for what became of the files of all locks used lately; 0 for none",
        0,
    ),
)
