"""The rules for poetry.lock, pdm.lock and Pipfile.lock, in addition to the rules for all locks with entries.

The latter are in :mod:`reqpi.core.locks.rules.entries`.
"""

from __future__ import annotations

from reqpi.core.locks.rules.requirements import Rule

__all__: list[str] = []

# JSON

JSON = Rule("json", "this is not valid JSON: {what}", "regenerate the lock with the tool that wrote it")
REPEATED = Rule(
    "repeated-key",
    "`{what}` occurs twice in one object: most readers see only the last",
    "regenerate the lock with the tool that wrote it",
)

# The version, extras and index of a package

UNPINNED = Rule(
    "unpinned",
    "{name} is locked to `{what}`, which is not a single version",
    "lock again: `pipenv lock` writes `==<version>`",
)
EXTRA = Rule(
    "entry-extra",
    "`{what}`, an extra of {name}, is not a valid name",
    "regenerate the lock with the tool that wrote it; an extra has letters and digits, with `. _ -` between them",
)
NO_SOURCE = Rule(
    "unknown-index",
    "{name} comes from the index `{what}`, which is not among the sources of the lock",
    "declare it in a [[source]] of the Pipfile, and lock again",
)

# Digests

NO_DIGESTS = Rule(
    "entry-no-digest",
    "{name} has no digest, but other packages of the lock have digests",
    "lock again from an index that provides digests",
)
