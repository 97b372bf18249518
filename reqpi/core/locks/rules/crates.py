"""The rules for Cargo.lock, in addition to the rules for all locks with entries.

The latter are in :mod:`reqpi.core.locks.rules.entries`; ``docs/locks-cargo.md`` explains these.
"""

from __future__ import annotations

from reqpi.core.locks.rules.requirements import Rule

__all__: list[str] = []

NAME = Rule(
    "crate-name",
    "`{what}` is not a valid name of a crate",
    "run `cargo generate-lockfile`; a name has ASCII letters, digits, `-` and `_`, at most 64",
)
VERSION = Rule(
    "crate-version",
    "`{what}`, the version of {name}, is not a version of SemVer",
    "run `cargo generate-lockfile`; a version is written as in `1.2.3` or `1.2.3-rc.1`",
)
CHECKSUM = Rule(
    "crate-checksum",
    "{name} comes from a registry and has no checksum",
    "run `cargo generate-lockfile` with the registry, not with a vendored copy that has no checksums",
)
DIGITS = Rule(
    "crate-digest",
    "the checksum of {name} is not 64 hex digits",
    "run `cargo generate-lockfile`; a checksum is the sha256 of the .crate file",
)
TWICE = Rule(
    "crate-twice",
    "{name} {what} stands twice in the lock: cargo does not read it",
    "resolve the merge that repeated it, or run `cargo generate-lockfile`",
)
SOURCE = Rule(
    "crate-source",
    "{name} comes from `{what}`, which is neither a registry nor a commit of a git repository",
    "take it from a registry or from git+https, and run `cargo generate-lockfile`",
)
