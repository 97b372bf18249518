"""The rules about everything that is not a release on the default index: URLs, git commits, indexes, other documents.

They have the form of those in :mod:`reqpi.core.locks.rules.requirements`, and ``docs/locks.md`` explains them under the
same names.
"""

from __future__ import annotations

from reqpi.core.locks.rules.requirements import Rule

__all__: list[str] = []

# URLs

URL = Rule("url", "{what}", "write `https://host/path` in ASCII, with everything else percent-encoded")
HOST = Rule("host", "{what}", "write a DNS name in ASCII, or an IP address as four decimal numbers")
URL_PATH = Rule(
    "url-path", "{what}", "write a plain path: no part is `.` or `..` or begins with a dash, no `%` hides a separator"
)
CREDENTIALS = Rule(
    "url-credentials",
    "the URL has a user name or a password",
    "remove it, and replace the credentials if they are in use, because locks are public; the server takes credentials "
    "from --netrc",
)
QUERY = Rule("query", "{what}", "remove it")
PLAIN_HTTP = Rule(
    "plain-http", "`{what}` is plain http, which anybody on the way can change", "write https, and a digest or a commit"
)
SSH = Rule(
    "ssh",
    "`{what}` uses ssh, for which the server has no key",
    "write git+https://; if the host requires a login, the server takes it from --netrc",
)
FILE_URL = Rule(
    "file-url",
    "`{what}` is a file on one machine",
    "leave it out of the lock and install it separately with --no-deps; or pin its release: `name==version`",
)
OTHER_VCS = Rule(
    "other-vcs",
    "`{what}` comes from a version-control system that is not git",
    "use an https archive with a digest, or git, or pin a release of it: `name==version`",
)
SCHEME = Rule(
    "scheme",
    "`{what}` has a scheme that ReqPI does not fetch from",
    "write `name @ https://…` with a digest, or `name @ git+https://…@<commit>`",
)
SEMICOLON = Rule(
    "url-semicolon",
    "a semicolon touches the URL: some installers read it as part of the URL",
    "put a space before and after the semicolon of a marker; write %3B in a URL",
)

# Sources

FRAGMENT = Rule(
    "fragment",
    "{what}",
    "after `#` write egg=, subdirectory=, sha256=, sha384=, sha512= or cachito_hash=, each once, separated by `&`",
)
SUBDIRECTORY = Rule(
    "subdirectory", "`{what}` is not a folder inside a source", "write a relative path without `.`, `..` and spaces"
)
NO_NAME = Rule("no-name", "`{what}` does not say which project it belongs to", "write `name @ {what}`")
NAMES_DISAGREE = Rule(
    "names-disagree", "{what}", "write the same name and extras before `@`, in the egg and in a wheel's filename"
)
NO_DIGEST = Rule(
    "no-digest",
    "{name} comes from a URL without a digest",
    "add `--hash=sha256:<64 hex digits>` to its line, or `#sha256=…` to its URL (pip hash, or sha256sum, prints them)",
)
DIGESTS_DISAGREE = Rule(
    "digests-disagree",
    "{name} has two different {what} digests, and no file can have both",
    "keep the right one",
)
GIT_DIGEST = Rule(
    "git-digest",
    "{name} comes from git and has a digest: pip and uv cannot check a digest of a repository",
    "remove the digest: the commit identifies the content, even in a lock whose other pins have digests",
)
ARCHIVE_TYPE = Rule(
    "archive-type",
    "`{what}` is not the name of an archive that every installer can unpack",
    "use a URL that ends with .tar.gz, .tgz, .tar.bz2, .tar.xz, .tar, .zip or .whl",
)
NO_COMMIT = Rule(
    "no-commit",
    "{name} comes from git but names no commit",
    "write `git+{what}@<commit>`; `git ls-remote {what} HEAD` prints the newest commit",
)
SHORT_COMMIT = Rule(
    "short-commit",
    "`{what}` is an abbreviated commit, which may later match another commit",
    "write all 40 or 64 digits: in a clone of the repository, `git rev-parse {what}` prints them",
)
BRANCH = Rule(
    "branch-or-tag",
    "`{what}` is a branch, a tag or another name that can move, not a commit",
    "write the commit instead: `{name}` prints it",
)

# Indexes

INDEX_URL = Rule("index-url", "`{what}` is not the URL of an index", "write `https://host/path`")
INDEX_ORDER = Rule(
    "index-order",
    "--index-url comes after an --extra-index-url: pip then drops the extra index",
    "put --index-url first",
)

# Several documents

LISTING = Rule(
    "listing",
    "this is the listing of several documents, without the documents",
    "send the documents with it: `gethash` with all their names does that",
)
DOCUMENT_PATH = Rule(
    "document-path",
    "{what}",
    "name each document once, by its path relative to the first one's folder: `requirements.txt`, `build/lock.txt`",
)
INCLUDE = Rule(
    "include",
    "{what} names a document that is not in the commitment",
    "commit them together: `gethash` follows -r and -c by itself; or name both, `gethash requirements.txt {name}`",
)
INCLUDE_OUTSIDE = Rule(
    "include-outside",
    "{what} points outside the folder of the first document",
    "put a copy in that folder, name it by its relative path, and commit both together",
)
OUT_OF_RANGE = Rule(
    "out-of-range",
    "{name} is required as {what}",
    "make them agree: pin a version inside the range, or change the range",
)
