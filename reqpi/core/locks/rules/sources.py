"""The rules about what is not a release of the one index: URLs, git commits, other indexes, other documents.

They are as those of :mod:`reqpi.core.locks.rules.requirements`; ``docs/locks.md`` explains them under the same names.
"""

from __future__ import annotations

from reqpi.core.locks.rules.requirements import Rule

__all__: list[str] = []

# URLs

URL = Rule("url", "{what}", "write `https://host/path` in ASCII, with everything else percent-encoded")
HOST = Rule("host", "{what}", "write a DNS name in ASCII, or an IP address as four decimal numbers")
URL_PATH = Rule(
    "url-path", "{what}", "write the path as it is: no `.`, `..` or dash begins a part, no `%` hides a separator"
)
CREDENTIALS = Rule(
    "url-credentials",
    "there is a user name or a password in the URL",
    "remove it, and have it replaced if it is in use, for locks are public; the server gets credentials from --netrc",
)
QUERY = Rule("query", "{what}", "remove it")
PLAIN_HTTP = Rule(
    "plain-http", "`{what}` is plain http, which anybody on the way can change", "write https, and a digest or a commit"
)
SSH = Rule(
    "ssh",
    "`{what}` comes over ssh, for which the server has no key",
    "write git+https://; where the host asks for a login, the server gets it from --netrc",
)
FILE_URL = Rule(
    "file-url",
    "`{what}` is a file of one machine",
    "leave it out of the lock and install it on its own, with --no-deps; or pin its release: `name==version`",
)
OTHER_VCS = Rule(
    "other-vcs",
    "`{what}` comes from a version-control system that is not git",
    "take it from an https archive with a digest, from git, or pin a release of it: `name==version`",
)
SCHEME = Rule(
    "scheme",
    "`{what}` has a scheme that nothing is fetched by",
    "write `name @ https://…` with a digest, or `name @ git+https://…@<commit>`",
)
SEMICOLON = Rule(
    "url-semicolon",
    "a semicolon touches the URL: some installers take it for a part of that",
    "put a space before and after the semicolon of a marker; in a URL write %3B",
)

# Sources

FRAGMENT = Rule(
    "fragment",
    "{what}",
    "after `#` write egg=, subdirectory=, sha256=, sha384=, sha512= or cachito_hash=, each once, with `&` in between",
)
SUBDIRECTORY = Rule(
    "subdirectory", "`{what}` is no folder inside a source", "write a relative path without `.`, `..` and spaces"
)
NO_NAME = Rule("no-name", "`{what}` does not say which project it is", "write `name @ {what}`")
NAMES_DISAGREE = Rule(
    "names-disagree", "{what}", "let what stands before `@`, the egg and a wheel's filename say the same"
)
NO_DIGEST = Rule(
    "no-digest",
    "{name} comes from a URL without a digest",
    "add `--hash=sha256:<64 hex digits>` to its line, or `#sha256=…` to its URL (pip hash, or sha256sum, prints them)",
)
DIGESTS_DISAGREE = Rule(
    "digests-disagree",
    "{name} has two {what} digests that differ, and no file has both",
    "keep the right one",
)
GIT_DIGEST = Rule(
    "git-digest",
    "{name} comes from git, and has a digest: pip and uv cannot check one of a repository",
    "remove the digest: the commit says what it is, also beside pins with digests",
)
ARCHIVE_TYPE = Rule(
    "archive-type",
    "`{what}` is no name of an archive that every installer unpacks",
    "its URL ends in .tar.gz, .tgz, .tar.bz2, .tar.xz, .tar, .zip or .whl",
)
NO_COMMIT = Rule(
    "no-commit",
    "{name} comes from git, and names no commit",
    "write `git+{what}@<commit>`; `git ls-remote {what} HEAD` prints the newest",
)
SHORT_COMMIT = Rule(
    "short-commit",
    "`{what}` is a part of a commit's name, which may come to mean another",
    "write all 40 digits, or 64: in a clone of it, `git rev-parse {what}` prints them",
)
BRANCH = Rule(
    "branch-or-tag",
    "`{what}` is a branch, a tag or another name that can move, and no commit",
    "write the commit in its place: `{name}` prints it",
)

# Indexes

INDEX_URL = Rule("index-url", "`{what}` is no URL of an index", "write `https://host/path`")
INDEX_ORDER = Rule(
    "index-order",
    "--index-url comes after an --extra-index-url: pip forgets the latter",
    "put --index-url first",
)

# Several documents

LISTING = Rule(
    "listing",
    "this is the listing of several documents",
    "send the documents that it lists together with it: `gethash` with all their names does",
)
DOCUMENT_PATH = Rule(
    "document-path",
    "{what}",
    "name each document once, by its path relative to the first one's folder: `requirements.txt`, `build/lock.txt`",
)
INCLUDE = Rule(
    "include",
    "{what} means a document that is not in the commitment",
    "commit them together: `gethash` follows -r and -c by itself; or name both, `gethash requirements.txt {name}`",
)
INCLUDE_OUTSIDE = Rule(
    "include-outside",
    "{what} means something outside the folder of the first document",
    "put a copy of it there, name it by its relative path, and commit both together",
)
OUT_OF_RANGE = Rule(
    "out-of-range",
    "{name} is asked for as {what}",
    "let the two agree: pin a version inside the range, or mend the range",
)
