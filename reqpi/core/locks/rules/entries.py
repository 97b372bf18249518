"""The rules for pylock.toml and uv.lock, in addition to those for requirements.txt."""

from __future__ import annotations

from reqpi.core.locks.rules.requirements import Rule

__all__: list[str] = []

# The document as a whole

SYNTAX = Rule("syntax", "this is not valid TOML: {what}", "regenerate the lock with the tool that wrote it")
NESTING = Rule("nesting", "{what}", "regenerate the lock with the tool that wrote it; no tool nests that deeply")
LOCK_VERSION = Rule("lock-version", "the format's version is {what}", "lock again with a tool that writes {name}")
ENTRY = Rule("entry", "{what}", "regenerate the lock with the tool that wrote it")

# The project, version and marker of an entry

PROJECT = Rule(
    "entry-name",
    "`{what}` is not a valid project name",
    "regenerate the lock with the tool that wrote it; a name has letters and digits, with `. _ -` between them",
)
SPELLING = Rule(
    "entry-spelling",
    "the name `{name}` is not normalized, so installers reject the file",
    'write `name = "{what}"`, or lock again with a newer version of the tool',
)
RELEASE = Rule(
    "entry-version",
    "`{what}`, the version of {name}, is not a PEP 440 version",
    "pin a release of {name} that has a PEP 440 version, and lock again",
)
CONDITION = Rule(
    "entry-marker",
    "`{what}` is not a marker that ReqPI reads",
    "fix the marker where the project declares the dependency, and lock again",
)

# Digests

FILE_DIGEST = Rule(
    "entry-digest",
    "{what}",
    "regenerate the lock with the tool that wrote it; ReqPI accepts sha256, sha384 and sha512",
)
ONLY_WEAK = Rule(
    "entry-weak-digest",
    "a file of {name} has no digest except {what}, which is too weak to identify it",
    "lock again from an index that provides sha256 digests",
)
SOURCE_DIGEST = Rule(
    "source-digest",
    "the archive of {name} has no digest",
    "lock again with a tool that writes digests, or take {name} from an index",
)

# Sources and indexes

CREDENTIALS = Rule(
    "credentials",
    "the URL `{what}` has a password",
    "remove it where it is declared, lock again, and put it in the server's netrc file",
)
COMMIT = Rule(
    "commit",
    "{name} is at `{what}`, which is not a full commit",
    "lock again with a tool that writes all 40 or 64 hex digits",
)
LOCAL_INDEX = Rule(
    "local-index",
    "{name} comes from `{what}`, which is not an index on http or https",
    "lock again with an index that the server can reach too",
)

# Publishers

IDENTITY = Rule(
    "attestation-identity",
    "{what}",
    'write what names the publisher of {name}, such as `kind = "GitHub"` and `repository = "owner/project"`; or remove '
    "the table, if any publisher will do",
)
