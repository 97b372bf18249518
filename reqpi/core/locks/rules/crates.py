"""The rules for Cargo.lock, in addition to the rules for all locks with entries.

The latter are in :mod:`reqpi.core.locks.rules.entries`; ``docs/locks-cargo.md`` explains these.
"""

from __future__ import annotations

from reqpi.core.locks.rules.requirements import Rule

__all__: list[str] = []

NAME = Rule(
    "crate-name",
    "`{what}` is not a valid name of a crate",
    "run `cargo generate-lockfile`; a name has ASCII letters, digits, `-` and `_`",
)
VERSION = Rule(
    "crate-version",
    "`{what}`, the version of {name}, is not a version of SemVer",
    "run `cargo generate-lockfile`; a version is written as in `1.2.3` or `1.2.3-rc.1`",
)
CHECKSUM = Rule(
    "crate-checksum",
    "{name} comes from a registry and has no checksum",
    "lock with the registry instead of a vendored copy that has no checksums: `cargo generate-lockfile`",
)
DIGITS = Rule(
    "crate-digest",
    "the checksum of {name} is not 64 hex digits",
    "run `cargo generate-lockfile`; a checksum is the sha256 of the .crate file",
)
TWICE = Rule(
    "crate-twice",
    "{name} {what} is listed twice, so cargo does not read the lock",
    "remove one of them; a merge may have repeated it",
)
SOURCE = Rule(
    "crate-source",
    "{name} comes from `{what}`, which is neither a registry nor a git repository that a server reaches",
    "take it from a registry, or from git on https, and run `cargo generate-lockfile`",
)
