"""The rules by which a lock is refused: each has a name, the problem in words, and what to write instead.

``docs/locks.md`` explains every rule under the same name, and a test holds the two together.
"""

from __future__ import annotations

import re

from attrs import frozen

__all__ = ["Refused", "Rule", "counted", "shown"]


_USERINFO = re.compile(r"(?<=//)[^\s/?#]*@")


@frozen
class Rule:
    """One reason to refuse.

    :param name: as the docs have it.
    :param problem: a format string over ``{name}`` (the project, as spelled) and ``{what}`` (the offending piece).
    :param advice: likewise.
    """

    name: str
    problem: str
    advice: str


class Refused(Exception):
    """A piece of a document breaks a rule. It never leaves :mod:`reqpi.core.locks`."""

    def __init__(self, rule: Rule, what: str = "", name: str = "") -> None:
        super().__init__(rule.name)
        self.rule = rule
        self.what = what
        self.name = name

    @property
    def problem(self) -> str:
        """What is wrong, in words that are safe to show."""
        return self.rule.problem.format(what=shown(self.what, 80), name=shown(self.name, 80))


def shown(text: str, limit: int = 200) -> str:
    """``text`` for a person's eyes: cut where it is long, and with what cannot be seen written as an escape.

    It is safe to print to a terminal: no control character, no surrogate and no bidirectional override is left.
    It is safe to log: no user name and no password in a URL is left.
    """
    if "@" in text and "//" in text:
        text = _USERINFO.sub(lambda found: found[0] if found[0] == "git@" else "***@", text)
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    if cut.isprintable():
        return cut
    return "".join(char if char.isprintable() or char == "\t" else _escaped(char) for char in cut)


def counted(number: int, one: str, several: str) -> str:
    """``1 marker``, ``2 markers``."""
    return f"{number} {one if number == 1 else several}"


def _escaped(char: str) -> str:
    if "\udc80" <= char <= "\udcff":  # a byte that surrogateescape let through
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape").decode("ascii")


# The document as a whole

FORMAT = Rule(
    "format",
    "this is {what}, which is no lock that is read here",
    "commit what a lock tool made of it: requirements.txt, pylock.toml, uv.lock, poetry.lock, pdm.lock or Pipfile.lock",
)
NOT_A_LOCK = Rule(
    "not-a-lock", "this is {what}, not a lock", "commit a requirements.txt in which every line pins a version"
)
BINARY = Rule("binary", "there is a NUL byte: this is {what}", "save the lock as UTF-8 text")
ENCODING = Rule(
    "encoding",
    "the coding line names {what}, which is not read here",
    "save the lock as UTF-8 text and remove the coding line",
)
UNDECODABLE = Rule("undecodable", "there are bytes that are not {what}", "save the lock as UTF-8 text")
TOO_MANY = Rule("too-many", "there are more than {what}; what follows was not read", "commit fewer at a time")
MORE_DEFECTS = Rule("more-defects", "{what} more defects are not listed", "mend those that are listed first")

# Characters and lines

HIDDEN_END = Rule(
    "hidden-line-end",
    "{what} is in the line: pip ends the line there, an editor shows none",
    "remove the character, or put a line break in its place",
)
CONTROL = Rule("control", "the control character {what} is in the line", "remove it")
NOT_ASCII = Rule("not-ascii", "{what} stands outside a comment", "write it with plain ASCII letters, digits and spaces")
BACKSLASH = Rule(
    "backslash",
    "a backslash stands where it continues no line",
    "let a single backslash be the very last character of a line that is continued; remove every other",
)
BACKSLASH_SPACE = Rule(
    "backslash-space",
    "white space follows the backslash, so that the line is not continued",
    "remove the white space at the end of the line",
)
COMMENT_BACKSLASH = Rule(
    "comment-backslash",
    "a comment ends in a backslash: pip takes the next line as part of the comment and drops it",
    "remove the backslash, or move the comment to a line of its own, above the requirement",
)
CUT_OFF = Rule(
    "cut-off", "the document ends where a line is continued", "append the missing lines, or remove the last backslash"
)
TOO_LONG = Rule("too-long", "the {what}", "shorten it; no lock tool writes one so long")
VARIABLE = Rule(
    "variable",
    "{what} is an environment variable: what it pins would depend on who reads it",
    "write its value, or remove it",
)

# Options

LONE_HASH = Rule(
    "lone-hash",
    "{what} belongs to no requirement: pip drops it",
    "put it on its requirement's line, or continue that line with a backslash; "
    "a comment or a blank line between them ends the requirement",
)
LONE_SETTING = Rule(
    "lone-setting", "{what} belongs to no requirement: pip drops it", "put it on its requirement's line, or remove it"
)
DROPPED = Rule(
    "dropped",
    "`{what}` comes after an option: pip drops it",
    "put it before the first option, or on a line of its own",
)
DASH = Rule(
    "dash",
    "`{what}` begins with a dash: pip takes it for an option, not for a requirement",
    "remove the dash",
)
TAB = Rule("tab", "there is a tab before an option: pip sees no option after a tab", "put a space before each option")
MISPLACED = Rule(
    "misplaced-option",
    "{what} stands on the line of a requirement, of -e, -r or -c, where pip ignores it or heeds it everywhere",
    "put {what} on a line of its own",
)
OPTION_VALUE = Rule("option-value", "{what}", "write `--option=value`, or remove the option")
QUOTES = Rule("quotes", "a quote is not closed", "close the quote, or remove it")
ABBREVIATION = Rule("abbreviation", "{what} is an abbreviated option", "write {name} in full")
UNKNOWN_OPTION = Rule(
    "unknown-option",
    "{what} is no option of a requirements file",
    "remove it; a requirement's line may have --hash and --config-settings",
)
REMOVED_OPTION = Rule(
    "removed-option",
    "{what} is an option that pip no longer has",
    "remove it, or write --config-settings, which all build backends understand",
)
INDEX_OPTION = Rule(
    "index-option",
    "{what} leaves nothing to serve from",
    "remove it: what is pinned comes from the server's upstreams, which --index-url and --extra-index-url choose among",
)
BINARY_OPTION = Rule(
    "binary-option",
    "`{what}` is no project",
    "write names with commas and no spaces in between, or `:all:`, or `:none:`",
)
OPTIONAL_HASHES = Rule(
    "no-require-hashes", "{what} switches the check of digests off", "remove it, and give every pin its digests"
)
EDITABLE = Rule(
    "editable",
    "{what} installs a directory, not a release",
    "leave it out of the lock and install it on its own, with --no-deps; or pin its release: `name==version`; "
    "only `-e git+https://…@<commit>#egg=name` can be served",
)

# Digests

WEAK_DIGEST = Rule(
    "weak-digest",
    "{what} is too weak to identify a file",
    "write sha256, sha384 or sha512 digests (pip hash, or sha256sum, prints them)",
)
ALGORITHM = Rule(
    "algorithm",
    "`{what}` is no digest algorithm that counts here",
    "write `--hash=sha256:<64 hex digits>`, or sha384, or sha512",
)
DIGEST = Rule(
    "digest",
    "{what}",
    "write `--hash=sha256:<64 hex digits>`, or sha384 with 96 or sha512 with 128 (pip hash prints it)",
)
MISSING_DIGEST = Rule(
    "missing-digest",
    "{name} has no digest, and {what}",
    "add its `--hash=sha256:…` (pip-compile and uv pip compile write them with --generate-hashes), "
    "or remove all digests",
)

# Requirements

_MAKERS = "`uv pip compile`, `pip-compile` and `reqpi learn` make a lock of requirements like this one"

NO_VERSION = Rule(
    "no-version",
    "{name} has no version",
    f"pin one: `{{name}}==<version>`; {_MAKERS}",
)
RANGE = Rule(
    "range",
    "{name} has a range, not a version",
    f"pin one version: `{{name}}==<version>`; {_MAKERS}",
)
SEVERAL = Rule("several-specifiers", "{name} has several specifiers", f"keep one: `{{name}}==<version>`; {_MAKERS}")
WILDCARD = Rule(
    "wildcard",
    "{name} has a wildcard, which admits many versions",
    f"pin one version: `{{name}}==<version>`, with no `*`; {_MAKERS}",
)
SINGLE_EQUALS = Rule("single-equals", "`=` is no operator", "write `{name}==<version>`, with two equals signs")
VERSION = Rule(
    "version",
    "`{what}` is no PEP 440 version",
    "correct it, or write `{name}==={what}` where the release really is called that",
)
ARBITRARY = Rule(
    "arbitrary",
    "`{what}` cannot be the version of a release",
    "after `===` write letters, digits and `. _ + ! -` only, or write `{name}==<version>`",
)
NAME = Rule(
    "name",
    "`{what}` is no project name",
    "a name begins and ends with a letter or digit; between them are letters, digits and `. _ -`",
)
EXTRAS = Rule("extras", "`{what}` is no list of extras", "write `{name}[one,two]==<version>`")
MARKER = Rule(
    "marker", "`{what}` is no marker", 'write one such as `; python_version >= "3.11"`, or remove it with its semicolon'
)
MARKER_DEPTH = Rule(
    "marker-depth",
    "the marker has more than {what} parentheses inside each other",
    "remove parentheses that are not needed",
)
ONE_A_LINE = Rule(
    "one-a-line",
    "there is more than one requirement, or something that is none: `{what}`",
    "put each requirement on a line of its own, and a space and `#` before a comment",
)
PATH = Rule(
    "path",
    "`{what}` is a path, not a release",
    "leave it out of the lock and install it on its own, with --no-deps; or pin its release: `name==version`",
)
ARCHIVE = Rule(
    "archive",
    "pip takes `{what}` for the name of a file, because of how it ends",
    "pin a version that does not end like an archive's name",
)
NO_REQUIREMENT = Rule(
    "no-requirement", "`{what}` is no requirement", "write `name==version`; a comment begins with `#`"
)

# Pins among each other

CONFLICT = Rule(
    "conflict",
    "{name} is pinned to {what}",
    "keep one, or give each of them a marker of its own that tells when it is meant",
)
CONFLICTING_DIGESTS = Rule(
    "conflicting-digests",
    "{name} is pinned again with other digests than in line {what}: an installer takes only those that both have",
    "list all digests on one line, or the same on both, or give each a marker of its own",
)
