"""The options of a requirements file: which there are, and what each means for a lock.

Source: ``SUPPORTED_OPTIONS`` and ``SUPPORTED_OPTIONS_REQ`` in ``pip/_internal/req/req_file.py``, from pip 20.3 to 26.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from attrs import frozen

from reqpi.locks import rules
from reqpi.locks.rules import Refused, Rule

__all__ = ["CONFIG_SETTINGS", "HASH", "REQUIRE_HASHES", "Option", "Use", "split", "uses"]


@frozen
class Option:
    """One option.

    :param name: in full, as pip spells it.
    :param takes_value: ``--name=value`` or ``--name value``.
    :param refused: the rule that refuses it.
    :param note: what to tell a user, where it is accepted and changes nothing.
    """

    name: str
    takes_value: bool = True
    refused: Rule | None = None
    note: str = ""


@frozen
class Use:
    """An option as it stands in a document.

    :param option: which.
    :param spelled: as it was written.
    :param value: quotes removed; ``None`` for an option without.
    """

    option: Option
    spelled: str
    value: str | None


_NOTED = "{} changes nothing here: the pins alone say what is admitted."

HASH = Option("--hash")
REQUIRE_HASHES = Option("--require-hashes", takes_value=False)
CONFIG_SETTINGS = Option("--config-settings", note="{} is for whoever builds the sdist; the index does not heed it.")

_OPTIONS = (
    HASH,
    REQUIRE_HASHES,
    CONFIG_SETTINGS,
    Option("--pre", takes_value=False, note=_NOTED),
    Option("--prefer-binary", takes_value=False, note=_NOTED),
    Option("--use-feature", note=_NOTED),
    Option("--trusted-host", note=_NOTED),
    Option("--all-releases", note=_NOTED),
    Option("--only-final", note=_NOTED),
    Option("--index-url", refused=rules.INDEX_OPTION),
    Option("--pypi-url", refused=rules.INDEX_OPTION),
    Option("--extra-index-url", refused=rules.INDEX_OPTION),
    Option("--no-index", takes_value=False, refused=rules.INDEX_OPTION),
    Option("--find-links", refused=rules.INDEX_OPTION),
    Option("--no-binary", refused=rules.BINARY_OPTION),
    Option("--only-binary", refused=rules.BINARY_OPTION),
    Option("--no-require-hashes", takes_value=False, refused=rules.OPTIONAL_HASHES),
    Option("--requirement", refused=rules.INCLUDE),
    Option("--constraint", refused=rules.INCLUDE),
    Option("--editable", refused=rules.EDITABLE),
    Option("--global-option", refused=rules.REMOVED_OPTION),
    Option("--install-option", refused=rules.REMOVED_OPTION),
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

# shlex.split without backslashes, which a lock has none of; shlex itself looks at each character in Python.
_TOKEN = re.compile(r"(?:[^\s'\"]++|'[^']*+'|\"[^\"]*+\")++")
_QUOTED = re.compile(r"'([^']*+)'|\"([^\"]*+)\"")
_DASHED_PIN = re.compile(r"-[A-Za-z0-9][A-Za-z0-9._-]*+(?:\[[^\]]*+\])?[=<>~!]=")


def split(text: str) -> list[str]:
    """The words of ``text`` as a shell has them, ``text`` having no backslash.

    :raises reqpi.locks.rules.Refused: a quote is not closed.
    """
    if "'" not in text and '"' not in text:
        return text.split()
    if _TOKEN.sub("", text).strip():
        raise Refused(rules.QUOTES)
    return [_QUOTED.sub(lambda quoted: quoted[1] or quoted[2] or "", token) for token in _TOKEN.findall(text)]


def uses(words: list[str]) -> Iterator[Use | Refused]:
    """The options among ``words``, as optparse reads them; what it drops or cannot read comes as what refuses it."""
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
            raise Refused(rules.DASH, word)
        spelled = word[:2]
        option = _SHORT.get(spelled) or _unknown(spelled)
        attached = word[2:] or None
    else:
        raise Refused(rules.DROPPED, " ".join([word, *queue][:20]))
    if not option.takes_value:
        if attached is not None:
            raise Refused(rules.OPTION_VALUE, f"{spelled} takes no value")
        return Use(option, spelled, None)
    if attached is None:
        attached = next(queue, None)
    if attached is None:
        raise Refused(rules.OPTION_VALUE, f"{spelled} has no value")
    return Use(option, spelled, attached)


def _unknown(spelled: str) -> Option:
    meant = [name for name in _LONG if name.startswith(spelled)] if len(spelled) > 2 else []
    if meant:
        raise Refused(rules.ABBREVIATION, spelled, " or ".join(meant))
    raise Refused(rules.UNKNOWN_OPTION, spelled)
