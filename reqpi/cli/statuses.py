"""The exit statuses. Scripts depend on them: a number is never given another meaning."""

from __future__ import annotations

__all__ = [
    "ADDRESS_DIFFERS",
    "BROKEN_PIPE",
    "DAMAGED",
    "DEFECTS",
    "DIFFERENT",
    "DONE",
    "INTERRUPTED",
    "LACKING",
    "NOT_BUILT",
    "NOT_EXECUTABLE",
    "NOT_FOUND",
    "OUR_FAULT",
    "SERVER_TROUBLE",
    "USAGE",
]

DONE = 0

DEFECTS = 1
"""The lock has defects."""

USAGE = 2
"""The command line, a file or a setting cannot be used."""

SERVER_TROUBLE = 3
"""No server, or an error that is the server's, its upstream's or its store's."""

ADDRESS_DIFFERS = 4
"""The server answers another address than the document has."""

DAMAGED = 5
"""Something in the store is not what it was, and was not repaired."""

DIFFERENT = 6
"""What was compared differs."""

LACKING = 7
"""The lock lacks what its sdists are built with."""

NOT_BUILT = 8
"""An sdist could not be built."""

OUR_FAULT = 70
"""A defect of ReqPI; sysexits.h calls it EX_SOFTWARE."""

# As shells have them (POSIX, 2.8.2): for the command that ``run`` runs, and 128 + n for signal n.
NOT_EXECUTABLE = 126
NOT_FOUND = 127
INTERRUPTED = 130
BROKEN_PIPE = 141
