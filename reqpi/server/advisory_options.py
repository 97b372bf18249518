"""The options about advisories.

This module imports the standard library only; see :mod:`reqpi.server.options`.
"""

from __future__ import annotations

from reqpi.server.server_option import ServerOption, ValueKind

__all__ = ["ADVISORY_OPTIONS"]

ADVISORY_OPTIONS = (
    ServerOption(
        "advisories",
        "advisories",
        ValueKind.PATH,
        "FILE|DIR",
        "OSV's export of an ecosystem, or a folder with several exports: what is known about vulnerable and malicious "
        "releases; the files are read again when they change",
        shown="none",
    ),
)
"""They are options of a server only: local commands serve one lock, and end."""
