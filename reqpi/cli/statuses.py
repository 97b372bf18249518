"""The exit statuses. Scripts depend on them: a number never gets another meaning."""

from __future__ import annotations

__all__ = [
    "ADDRESS_DIFFERS",
    "BROKEN_PIPE",
    "CRATES_NOT_PINNED",
    "DAMAGED",
    "DEFECTS",
    "DIFFERENT",
    "DONE",
    "DRIFTED",
    "INTERRUPTED",
    "LACKING",
    "NOT_BUILT",
    "NOT_CLOSED",
    "NOT_EXECUTABLE",
    "NOT_FOUND",
    "NOT_VERIFIED",
    "OUR_FAULT",
    "REFUSED",
    "SERVER_TROUBLE",
    "USAGE",
]

DONE = 0

DEFECTS = 1
"""The lock has defects."""

USAGE = 2
"""The command line, a file or a setting cannot be used."""

SERVER_TROUBLE = 3
"""There is no server, or the server, its upstream or its store has an error."""

ADDRESS_DIFFERS = 4
"""The server returned an address that is not the document's, or an index on another host."""

DAMAGED = 5
"""Something in the store is damaged and was not repaired."""

DIFFERENT = 6
"""The two things that were compared differ."""

LACKING = 7
"""The lock lacks build requirements of its sdists."""

NOT_BUILT = 8
"""An sdist could not be built."""

NOT_CLOSED = 9
"""The lock does not pin everything that its releases require."""

REFUSED = 10
"""``run --strict``: a request of the command was refused, or it asked for nothing."""

NOT_VERIFIED = 11
"""``attest --verify``: the signature, the builder, a subject or the receipt does not match."""

DRIFTED = 12
"""``drift``: something became of what the lock pins that calls for a decision."""

CRATES_NOT_PINNED = 20
"""An sdist needs Rust, and its Cargo.lock is missing, damaged, or does not match its Cargo.toml; as Hermeto has it."""

OUR_FAULT = 70
"""ReqPI itself has a defect; sysexits.h calls it EX_SOFTWARE."""

# The statuses of shells (POSIX, 2.8.2): for the command that ``run`` runs, and 128 + n for signal n.
NOT_EXECUTABLE = 126
NOT_FOUND = 127
INTERRUPTED = 130
BROKEN_PIPE = 141
