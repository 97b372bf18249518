"""The text of one requirement -> what it pins, or why it pins nothing.

The grammar is that of :pep:`508`, restricted to one exact version. Everything that lock tools write matches one
expression; a requirement that does not match is examined again, slowly, to find the rule that tells its author what to
write.
"""

from __future__ import annotations

import re

from attrs import frozen
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from reqpi.core.filenames import REQUIREMENT_SUFFIXES
from reqpi.core.locks.markers.checked import Markers
from reqpi.core.locks.rules import requirements
from reqpi.core.locks.rules.requirements import Refused, Rule
from reqpi.core.model import Archive, Git, Project

__all__ = ["EXTRAS", "NAME", "NAME_LENGTH", "RequirementLine", "check_marker", "extras_of", "parse"]

NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*+(?<=[A-Za-z0-9])"
EXTRAS = rf"[ \t]*+(?:{NAME}[ \t]*+(?:,[ \t]*+{NAME}[ \t]*+)*+)?"

# Every repetition is possessive: no input makes the expression backtrack.
_PIN = re.compile(
    rf"({NAME})[ \t]*+(?:\[({EXTRAS})\][ \t]*+)?(\([ \t]*+)?(===?)[ \t]*+([^\s;,()=]++)[ \t]*+(\)[ \t]*+)?(?:;(.*+))?"
)
_START = re.compile(rf"({NAME})[ \t]*+(\[[^\]]*+\]?)?[ \t]*+")
_ARBITRARY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]*+")
_MEANT_AS_NAME = re.compile(r"[^\s\[\](),;@<>=~!]++[ \t]*+(?=[\[(<>=~!@])")
_OPERATOR = re.compile(r"===|==|~=|!=|<=|>=|<|>|=")

_VERSION_LENGTH = 128
"""Characters of a version: Python takes quadratic time to convert many digits to a number, and raises over 4300."""

NAME_LENGTH = 256


@frozen
class RequirementLine:
    """The pin that one requirement spells; the fields are those of :class:`reqpi.core.model.Pin`."""

    name: str
    project: Project
    version: str
    arbitrary: bool
    extras: tuple[str, ...]
    marker: str | None
    text: str
    source: Archive | Git | None = None


def parse(text: str, markers: Markers) -> RequirementLine:
    """Return what ``text`` pins.

    :param text: one requirement in ASCII, without options and comment.
    :raises reqpi.core.locks.rules.requirements.Refused: it pins nothing, or not exactly one version.
    """
    match = _PIN.fullmatch(text)
    if not match or bool(match[3]) != bool(match[6]):
        raise _refusal(text)
    name, extras, _, operator, version, _, marker = match.groups()
    if len(name) > NAME_LENGTH:
        raise Refused(requirements.TOO_LONG, f"name is longer than {NAME_LENGTH} characters")
    arbitrary = operator == "==="
    _check_version(name, version, arbitrary)
    if not match[6] and text.partition(";")[0].rstrip().lower().endswith(REQUIREMENT_SUFFIXES):
        raise Refused(requirements.ARCHIVE, text.partition(";")[0].rstrip())
    if marker is not None:
        marker = marker.strip(" \t")
        check_marker(marker, markers)
    return RequirementLine(name, canonicalize_name(name), version, arbitrary, extras_of(extras or ""), marker, text)


def extras_of(text: str) -> tuple[str, ...]:
    """Return the normalised names between the brackets, each once and sorted.

    :param text: the extras, separated by commas, without the brackets.
    """
    if not text:
        return ()
    return tuple(sorted({canonicalize_name(extra.strip(" \t")) for extra in text.split(",") if extra.strip(" \t")}))


def check_marker(marker: str, markers: Markers) -> None:
    """Check that ``marker`` is a valid marker.

    :raises reqpi.core.locks.rules.requirements.Refused: it is not.
    """
    try:
        markers.check(marker)
    except Refused as refused:
        # What follows a tab became part of the marker.
        raise Refused(requirements.TAB) if "\t-" in marker else refused from None


def _check_version(name: str, version: str, arbitrary: bool) -> None:
    if len(version) > _VERSION_LENGTH:
        raise Refused(requirements.TOO_LONG, f"version is longer than {_VERSION_LENGTH} characters")
    if "*" in version:
        raise Refused(requirements.WILDCARD, name=name)
    if arbitrary:
        if not _ARBITRARY.fullmatch(version):
            raise Refused(requirements.ARBITRARY, version, name)
        return
    try:
        Version(version)
    except InvalidVersion:
        raise Refused(requirements.VERSION, version, name) from None


def _refusal(text: str) -> Refused:
    """Return the rule that best explains why ``text`` is not a pin."""
    bare = text.partition(";")[0].strip(" \t")
    start = _START.match(bare)
    rest = bare[start.end() :] if start else ""
    if "\t-" in text:
        return Refused(requirements.TAB)
    head, at, _ = bare.partition("@")
    if _is_path(head if at else bare):
        return Refused(requirements.PATH, bare)
    if not start:
        return _nameless(bare)
    name = start[1]
    if start[2] and not re.fullmatch(rf"\[{EXTRAS}\]", start[2]):
        return Refused(requirements.EXTRAS, start[2], name)
    return _specifier(name, rest, bare)


def _nameless(bare: str) -> Refused:
    meant = _MEANT_AS_NAME.match(bare)
    return Refused(requirements.NAME, meant[0].strip(" \t")) if meant else Refused(requirements.NO_REQUIREMENT, bare)


def _is_path(bare: str) -> bool:
    return (
        "/" in bare or bare.startswith((".", "~")) or ("=" not in bare and bare.lower().endswith(REQUIREMENT_SUFFIXES))
    )


def _specifier(name: str, rest: str, bare: str) -> Refused:
    """Return why the text after a name and its extras is not a single exact version."""
    inner = rest.strip("() \t")
    found = _OPERATOR.match(inner)
    if not rest:
        rule, what = requirements.NO_VERSION, ""
    elif not found:
        parted = bare[len(name) :][:1] in " \t["
        rule, what = (requirements.ONE_A_LINE, rest) if parted else (requirements.NAME, bare)
    elif "," in inner:
        rule, what = requirements.SEVERAL, ""
    else:
        rule, what = _version_rule(found[0], inner[found.end() :].strip(" \t"))
    return Refused(rule, what, name)


def _version_rule(operator: str, version: str) -> tuple[Rule, str]:
    words = version.split(maxsplit=1)
    if len(words) > 1:
        return requirements.ONE_A_LINE, words[1]
    if operator in ("~=", "!=", "<=", ">=", "<", ">"):
        return requirements.RANGE, ""
    if operator == "=":
        return requirements.SINGLE_EQUALS, ""
    if not words:
        return requirements.NO_VERSION, ""
    return (requirements.VERSION if operator == "==" else requirements.ARBITRARY), version
