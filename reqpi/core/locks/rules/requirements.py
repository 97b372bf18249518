"""The rules by which a lock is rejected: each has a name, the problem in words, and what to write instead.

``docs/locks.md`` explains every rule under the same name, and a test keeps the two in step.
"""

from __future__ import annotations

import re

from attrs import frozen

__all__ = ["Refused", "Rule", "counted", "shown"]


_USERINFO = re.compile(r"(?<=//)[^\s/?#]*@")


@frozen
class Rule:
    """One reason to reject a lock.

    :param name: the name under which the docs explain it.
    :param problem: a format string over ``{what}`` (the offending piece) and ``{name}`` (the project as spelled, or a
        second piece where the rule is not about a project).
    :param advice: what to write instead; a format string over the same two.
    """

    name: str
    problem: str
    advice: str


class Refused(Exception):
    """A piece of a document breaks a rule. This exception never leaves :mod:`reqpi.core.locks`.

    :param rule: the rule that is broken.
    :param what: the offending piece, as the document spells it.
    :param name: the project that the piece is about, as the document spells it; or a second piece.
    """

    def __init__(self, rule: Rule, what: str = "", name: str = "") -> None:
        super().__init__(rule.name)
        self.rule = rule
        self.what = what
        self.name = name

    @property
    def problem(self) -> str:
        """The rule's problem, filled in, in words that are safe to show."""
        return self.rule.problem.format(what=shown(self.what, 80), name=shown(self.name, 80))


def shown(text: str, limit: int = 200) -> str:
    """Return ``text`` for a person to read: cut if it is long, with invisible characters written as escapes.

    The result is safe to print to a terminal: no control character, surrogate or bidirectional override is left.
    It is safe to log: no user name or password is left in a URL.

    :param limit: characters of ``text`` to keep, an ellipsis included. Escapes make the result longer.
    """
    if "@" in text and "//" in text:
        text = _USERINFO.sub(lambda found: found[0] if found[0] == "git@" else "***@", text)
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    if cut.isprintable():
        return cut
    return "".join(char if char.isprintable() or char == "\t" else _escaped(char) for char in cut)


def counted(number: int, one: str, several: str) -> str:
    """Return the number with its noun: ``1 marker``, ``2 markers``."""
    return f"{number} {one if number == 1 else several}"


def _escaped(char: str) -> str:
    if "\udc80" <= char <= "\udcff":  # a byte that surrogateescape decoded
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape").decode("ascii")


# The document as a whole

FORMAT = Rule(
    "format",
    "this is {what}, which is not a lock that ReqPI reads",
    "commit the lock that a tool made from it: requirements.txt, pylock.toml, uv.lock, poetry.lock, pdm.lock, "
    "Pipfile.lock, or the lock of pex",
)
NOT_A_LOCK = Rule(
    "not-a-lock", "this is {what}, not a lock", "commit a requirements.txt in which every line pins a version"
)
BINARY = Rule("binary", "the document has a NUL byte: this is {what}", "save the lock as UTF-8 text")
ENCODING = Rule(
    "encoding",
    "the coding line names {what}, an encoding that ReqPI does not read",
    "save the lock as UTF-8 text and remove the coding line",
)
UNDECODABLE = Rule("undecodable", "some bytes are not valid {what}", "save the lock as UTF-8 text")
TOO_MANY = Rule("too-many", "there are more than {what}; the rest was not read", "commit fewer at a time")
TOO_COSTLY = Rule(
    "too-costly",
    "reading it takes more than {what}",
    "regenerate the lock with the tool that wrote it, or commit several smaller ones",
)
MORE_DEFECTS = Rule("more-defects", "{what} more defects are not listed", "fix the listed ones first")

# Characters and lines

HIDDEN_END = Rule(
    "hidden-line-end",
    "the line has {what}: pip ends the line there, but an editor shows no line break",
    "remove the character, or replace it with a line break",
)
CONTROL = Rule("control", "the line has the control character {what}", "remove it")
NOT_ASCII = Rule(
    "not-ascii", "{what} is used outside a comment", "write it with plain ASCII letters, digits and spaces"
)
BACKSLASH = Rule(
    "backslash",
    "the line has a backslash that does not continue it",
    "use a single backslash, as the very last character of a line that continues; remove all others",
)
BACKSLASH_SPACE = Rule(
    "backslash-space",
    "white space follows the backslash, so the line is not continued",
    "remove the white space at the end of the line",
)
COMMENT_BACKSLASH = Rule(
    "comment-backslash",
    "a comment ends with a backslash: pip treats the next line as part of the comment and drops it",
    "remove the backslash, or move the comment to its own line above the requirement",
)
CUT_OFF = Rule(
    "cut-off",
    "the document ends in the middle of a continued line",
    "append the missing lines, or remove the last backslash",
)
TOO_LONG = Rule("too-long", "the {what}", "shorten it; no lock tool writes one that long")
VARIABLE = Rule(
    "variable",
    "{what} is an environment variable: the pins would depend on the machine that reads the lock",
    "write its value, or remove it",
)

# Options

LONE_HASH = Rule(
    "lone-hash",
    "{what} does not belong to a requirement: pip drops it",
    "put it on its requirement's line, or continue that line with a backslash; "
    "a comment or a blank line between them ends the requirement",
)
LONE_SETTING = Rule(
    "lone-setting",
    "{what} does not belong to a requirement: pip drops it",
    "put it on its requirement's line, or remove it",
)
DROPPED = Rule(
    "dropped",
    "`{what}` comes after an option: pip drops it",
    "put it before the first option, or on its own line",
)
DASH = Rule(
    "dash",
    "`{what}` begins with a dash: pip reads it as an option, not as a requirement",
    "remove the dash",
)
TAB = Rule(
    "tab", "a tab precedes an option: pip does not recognise an option after a tab", "put a space before each option"
)
MISPLACED = Rule(
    "misplaced-option",
    "{what} is on the line of a requirement, -e, -r or -c, where pip ignores it or applies it to the whole document",
    "put {what} on its own line",
)
OPTION_VALUE = Rule("option-value", "{what}", "write `--option=value`, or remove the option")
QUOTES = Rule("quotes", "a quote is not closed", "close the quote, or remove it")
ABBREVIATION = Rule("abbreviation", "{what} is an abbreviated option", "write {name} in full")
UNKNOWN_OPTION = Rule(
    "unknown-option",
    "{what} is not an option of a requirements file",
    "remove it; a requirement's line may have --hash and --config-settings",
)
REMOVED_OPTION = Rule(
    "removed-option",
    "{what} is an option that newer pip does not have",
    "remove it, or write --config-settings, which all build backends understand",
)
INDEX_OPTION = Rule(
    "index-option",
    "{what} leaves no index to serve files from",
    "remove it: files come from the server's upstreams, and --index-url and --extra-index-url choose among those",
)
BINARY_OPTION = Rule(
    "binary-option",
    "`{what}` is not a valid project name",
    "write names separated by commas without spaces, or `:all:`, or `:none:`",
)
OPTIONAL_HASHES = Rule(
    "no-require-hashes", "{what} turns off the check of digests", "remove it, and give every pin its digests"
)
EDITABLE = Rule(
    "editable",
    "{what} installs a directory, not a release",
    "leave it out of the lock and install it separately with --no-deps; or pin its release: `name==version`; "
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
    "`{what}` is not a digest algorithm that ReqPI accepts",
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

_MAKERS = "`uv pip compile`, `pip-compile` and `reqpi learn` make a lock from requirements like this one"

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
    "{name} has a wildcard, which matches many versions",
    f"pin one version: `{{name}}==<version>`, without `*`; {_MAKERS}",
)
SINGLE_EQUALS = Rule(
    "single-equals", "`=` is not a version operator", "write `{name}==<version>`, with two equals signs"
)
VERSION = Rule(
    "version",
    "`{what}` is not a PEP 440 version",
    "correct it, or write `{name}==={what}` if the release is really called that",
)
ARBITRARY = Rule(
    "arbitrary",
    "`{what}` cannot be the version of a release",
    "after `===` use only letters, digits and `. _ + ! -`, or write `{name}==<version>`",
)
NAME = Rule(
    "name",
    "`{what}` is not a valid project name",
    "begin and end the name with a letter or digit; between them use only letters, digits and `. _ -`",
)
EXTRAS = Rule("extras", "`{what}` is not a valid list of extras", "write `{name}[one,two]==<version>`")
MARKER = Rule(
    "marker",
    "`{what}` is not a valid marker",
    'write one such as `; python_version >= "3.11"`, or remove it and its semicolon',
)
MARKER_DEPTH = Rule(
    "marker-depth",
    "the marker has more than {what} nested parentheses",
    "remove parentheses that are not needed",
)
ONE_A_LINE = Rule(
    "one-a-line",
    "there is more than one requirement, or something that is not a requirement: `{what}`",
    "put each requirement on its own line, and a space and `#` before a comment",
)
PATH = Rule(
    "path",
    "`{what}` is a path, not a release",
    "leave it out of the lock and install it separately with --no-deps; or pin its release: `name==version`",
)
ARCHIVE = Rule(
    "archive",
    "pip reads `{what}` as a filename because of its ending",
    "pin a version that does not end like an archive's filename",
)
NO_REQUIREMENT = Rule(
    "no-requirement", "`{what}` is not a valid requirement", "write `name==version`; a comment begins with `#`"
)

# Pins that contradict each other

CONFLICT = Rule(
    "conflict",
    "{name} is pinned to {what}",
    "keep one, or give each its own marker that says when it applies",
)
CONFLICTING_DIGESTS = Rule(
    "conflicting-digests",
    "{name} is pinned again with different digests from line {what}: an installer accepts only those on both lines",
    "list all digests on one line, or the same on both, or give each its own marker",
)
