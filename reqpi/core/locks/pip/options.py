"""The options of a requirements file, and what each means for a lock.

Source: ``SUPPORTED_OPTIONS`` and ``SUPPORTED_OPTIONS_REQ`` in ``pip/_internal/req/req_file.py``, from pip 20.3 to 26.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from attrs import frozen

from reqpi.core.locks.rules import requirements
from reqpi.core.locks.rules.requirements import Refused, Rule

__all__ = [
    "CONFIG_SETTINGS",
    "CONSTRAINT",
    "EDITABLE",
    "EXTRA_INDEX_URL",
    "GLOBAL_OPTION",
    "HASH",
    "INDEX_URLS",
    "NO_BINARY",
    "ONLY_BINARY",
    "REQUIREMENT",
    "REQUIRE_HASHES",
    "Option",
    "Use",
    "parted",
    "split",
    "uses",
]


@frozen
class Option:
    """An option of a requirements file.

    :param name: in full, as pip spells it.
    :param takes_value: ``--name=value`` or ``--name value``.
    :param refused: the rule that rejects it; ``None`` for an accepted option.
    :param note: the note for the user, a format string over the option as spelled; empty for none.
    """

    name: str
    takes_value: bool = True
    refused: Rule | None = None
    note: str = ""


@frozen
class Use:
    """One use of an option in a document.

    :param spelled: the option's name as it was written.
    :param value: its value with quotes removed; ``None`` for an option that takes no value.
    """

    option: Option
    spelled: str
    value: str | None


_NOTED = "{} has no effect here: the pins alone decide what is admitted."

HASH = Option("--hash")
REQUIRE_HASHES = Option("--require-hashes", takes_value=False)
CONFIG_SETTINGS = Option("--config-settings", note="{} applies to builds of the sdist; the index ignores it.")
GLOBAL_OPTION = Option("--global-option", note="{} applies to builds of the sdist, and newer pip rejects it.")
REQUIREMENT = Option("--requirement")
CONSTRAINT = Option("--constraint")
EDITABLE = Option("--editable")
INDEX_URLS = (Option("--index-url"), Option("--pypi-url"))
EXTRA_INDEX_URL = Option(
    "--extra-index-url",
    note="{}: a pin without digests takes its files from the first index that has its version, in the order of the "
    "lock; a pin with digests from any of them.",
)
NO_BINARY = Option("--no-binary")
ONLY_BINARY = Option("--only-binary")

_OPTIONS = (
    *(HASH, REQUIRE_HASHES, CONFIG_SETTINGS, GLOBAL_OPTION, REQUIREMENT, CONSTRAINT, EDITABLE),
    *(*INDEX_URLS, EXTRA_INDEX_URL, NO_BINARY, ONLY_BINARY),
    Option("--pre", takes_value=False, note=_NOTED),
    Option("--prefer-binary", takes_value=False, note=_NOTED),
    Option("--use-feature", note=_NOTED),
    Option("--all-releases", note=_NOTED),
    Option("--only-final", note=_NOTED),
    Option(
        "--trusted-host",
        note="{} only applies to a host that the server's operator has also named with --trusted-host.",
    ),
    Option("--no-index", takes_value=False, refused=requirements.INDEX_OPTION),
    Option("--find-links", refused=requirements.INDEX_OPTION),
    Option("--no-require-hashes", takes_value=False, refused=requirements.OPTIONAL_HASHES),
    Option("--install-option", refused=requirements.REMOVED_OPTION),
)
_LONG = {option.name: option for option in _OPTIONS}
_SHORT = {
    "-i": _LONG["--index-url"],
    "-f": _LONG["--find-links"],
    "-r": _LONG["--requirement"],
    "-c": _LONG["--constraint"],
    "-e": _LONG["--editable"],
    "-C": _LONG["--config-settings"],
}

# shlex.split without backslashes, which a lock does not have here; shlex itself inspects each character in Python.
_TOKEN = re.compile(r"(?:[^\s'\"]++|'[^']*+'|\"[^\"]*+\")++")
_QUOTED = re.compile(r"'([^']*+)'|\"([^\"]*+)\"")
_DASHED_PIN = re.compile(r"-[A-Za-z0-9][A-Za-z0-9._-]*+(?:\[[^\]]*+\])?[=<>~!]=")


def parted(text: str) -> tuple[str, str]:
    """Return a logical line's requirement and its options, both of which may be empty.

    This is pip's ``break_args_options``: options begin at the first word with a dash, and only spaces separate words.
    """
    if text.startswith("-"):
        return "", text
    start = text.find(" -")
    return (text, "") if start < 0 else (text[:start].rstrip(" \t"), text[start:])


def split(text: str) -> list[str]:
    """Return the words of ``text`` as a shell splits them.

    :param text: without a backslash.
    :raises reqpi.core.locks.rules.requirements.Refused: a quote is not closed.
    """
    if "'" not in text and '"' not in text:
        return text.split()
    if _TOKEN.sub("", text).strip():
        raise Refused(requirements.QUOTES)
    return [_QUOTED.sub(lambda quoted: quoted[1] or quoted[2] or "", token) for token in _TOKEN.findall(text)]


def uses(words: list[str]) -> Iterator[Use | Refused]:
    """Yield the options among ``words`` as optparse reads them, and a :class:`Refused` for what it drops or rejects."""
    queue = iter(words)
    for word in queue:
        try:
            yield _use(word, queue)
        except Refused as refused:
            yield refused


def _use(word: str, queue: Iterator[str]) -> Use:
    if word.startswith("--") and word != "--":
        spelled, equals, value = word.partition("=")
        option = _LONG.get(spelled) or _unknown(spelled)
        attached: str | None = value if equals else None
    elif word.startswith("-") and word != "--":
        if word == "-" or _DASHED_PIN.match(word):
            raise Refused(requirements.DASH, word)
        spelled = word[:2]
        option = _SHORT.get(spelled) or _unknown(spelled)
        attached = word[2:] or None
    else:
        raise Refused(requirements.DROPPED, " ".join([word, *queue][:20]))
    if not option.takes_value:
        if attached is not None:
            raise Refused(requirements.OPTION_VALUE, f"{spelled} takes no value")
        return Use(option, spelled, None)
    if attached is None:
        attached = next(queue, None)
    if attached is None:
        raise Refused(requirements.OPTION_VALUE, f"{spelled} has no value")
    return Use(option, spelled, attached)


def _unknown(spelled: str) -> Option:
    meant = [name for name in _LONG if name.startswith(spelled)] if len(spelled) > 2 else []
    if meant:
        raise Refused(requirements.ABBREVIATION, spelled, " or ".join(meant))
    raise Refused(requirements.UNKNOWN_OPTION, spelled)
