"""The rules for pylock.toml and uv.lock, in addition to those for requirements.txt."""

from __future__ import annotations

from reqpi.core.locks.rules.requirements import Rule

__all__: list[str] = []

# The document as a whole

SYNTAX = Rule("syntax", "this is no TOML: {what}", "let the tool that wrote the lock write it again")
NESTING = Rule("nesting", "{what}", "let the tool that wrote the lock write it again; none nests so deeply")
LOCK_VERSION = Rule("lock-version", "the format's version is {what}", "lock again with a tool that writes {name}")
ENTRY = Rule("entry", "{what}", "let the tool that wrote the lock write it again")

# What an entry is about

PROJECT = Rule(
    "entry-name",
    "`{what}` is no project name",
    "let the tool that wrote the lock write it again; a name is letters and digits, with `. _ -` between them",
)
SPELLING = Rule(
    "entry-spelling",
    "the name `{name}` is not normalized, so that installers refuse the file",
    'write `name = "{what}"`, or lock again with a newer version of the tool',
)
RELEASE = Rule(
    "entry-version",
    "`{what}` is no PEP 440 version of {name}",
    "pin a release of {name} whose version is one, and lock again",
)
CONDITION = Rule(
    "entry-marker",
    "`{what}` is no marker that is read here",
    "mend the marker where the project declares the dependency, and lock again",
)

# Digests

FILE_DIGEST = Rule(
    "entry-digest", "{what}", "let the tool that wrote the lock write it again; sha256, sha384 and sha512 count here"
)
ONLY_WEAK = Rule(
    "entry-weak-digest",
    "a file of {name} has no digest but {what}, which is too weak to identify it",
    "lock again from an index that gives sha256 digests",
)
SOURCE_DIGEST = Rule(
    "source-digest",
    "the archive of {name} has no digest",
    "lock again with a tool that writes one, or take {name} from an index",
)

# Sources and indexes

CREDENTIALS = Rule(
    "credentials",
    "there is a password in the URL `{what}`",
    "remove it where it is declared, lock again, and put it in the netrc file that the server is given",
)
COMMIT = Rule(
    "commit",
    "{name} is at `{what}`, which is no whole commit",
    "lock again with a tool that writes all 40 or 64 hex digits",
)
LOCAL_INDEX = Rule(
    "local-index",
    "{name} comes from `{what}`, which is no index on http or https",
    "lock again with an index that the server can ask too",
)
