"""The options for the policy: what is warned about, and what is refused.

This module imports the standard library only; see :mod:`reqpi.server.options`.
"""

from __future__ import annotations

from reqpi.server.server_option import ServerOption, ValueKind

__all__ = ["POLICY_OPTIONS"]

POLICY_OPTIONS = (
    ServerOption(
        "policy",
        "policy",
        ValueKind.PATH,
        "FILE",
        "what is warned about and what is refused, with exceptions; the file is read again when it changes",
        shown="none",
    ),
    ServerOption(
        "refuse",
        "refuse",
        ValueKind.LIST,
        "RULE[=ACTION]",
        "refuse malware, vulnerable, yanked or gone releases; with =warn only warn about them, with =off not even "
        "that; it counts more than --policy",
        (),
        "malware=warn",
    ),
    ServerOption(
        "min-age",
        "min_age",
        ValueKind.TEXT,
        "AGE[=ACTION]",
        "refuse files that were uploaded less than 7d or 12h ago; with =warn only warn about them; it counts more than "
        "--policy",
        shown="none",
    ),
)
"""They are options of a server only: ``reqpi check`` has an option ``--policy`` of its own."""
