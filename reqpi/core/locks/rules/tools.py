"""The rules by which poetry.lock, pdm.lock and Pipfile.lock are refused, beside those of every lock of a tool.

Those are in :mod:`reqpi.core.locks.rules.entries`.
"""

from __future__ import annotations

from reqpi.core.locks.rules.requirements import Rule

__all__: list[str] = []

# JSON

JSON = Rule("json", "this is no JSON: {what}", "let the tool that wrote the lock write it again")
REPEATED = Rule(
    "repeated-key",
    "`{what}` stands twice in one object: most readers see the last alone",
    "let the tool that wrote the lock write it again",
)

# What a package may be

UNPINNED = Rule(
    "unpinned",
    "{name} is locked to `{what}`, which is no single version",
    "lock again: `pipenv lock` writes `==<version>`",
)
EXTRA = Rule(
    "entry-extra",
    "`{what}` is no extra of {name}",
    "let the tool that wrote the lock write it again; an extra is letters and digits, with `. _ -` between them",
)
NO_SOURCE = Rule(
    "unknown-index",
    "{name} comes from the index `{what}`, which is not among the sources of the lock",
    "name it in a [[source]] of the Pipfile, and lock again",
)

# Digests

NO_DIGESTS = Rule(
    "entry-no-digest",
    "{name} has no digest, and other packages of the lock have theirs",
    "lock again from an index that gives digests",
)
