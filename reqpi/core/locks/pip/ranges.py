"""Requirements that pin nothing by themselves: bare names, and ranges that a pin in another document satisfies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from attrs import define, field, frozen
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from reqpi.core.locks.findings import Findings
from reqpi.core.locks.markers.checked import Markers
from reqpi.core.locks.pip.requirement import EXTRAS, NAME, NAME_LENGTH, check_marker
from reqpi.core.locks.rules import requirements
from reqpi.core.locks.rules.requirements import Refused
from reqpi.core.locks.rules.sources import OUT_OF_RANGE
from reqpi.core.model import Pin, Project

__all__ = ["COMPARISONS", "Range", "check", "parse"]

COMPARISONS = 100_000
"""Comparisons of a range with a version, in one commitment: this many take a second or two."""

_LENGTH = 1024
_REASONS = frozenset([requirements.NO_VERSION, requirements.RANGE, requirements.SEVERAL, requirements.WILDCARD])

_RANGE = re.compile(rf"({NAME})[ \t]*+(?:\[{EXTRAS}\][ \t]*+)?(?:\(([^()@;]*+)\)[ \t]*+|([^()@;]*+))(?:;(.*+))?")


@frozen
class Range:
    """A requirement that pins nothing.

    :param name: the project, as spelled.
    :param specifier: the range, a :pep:`440` specifier; empty for a bare name.
    :param refused: the defect to report if no other document pins the project.
    """

    project: Project
    name: str
    specifier: str
    line: int
    refused: Refused


def parse(text: str, refused: Refused, line: int, markers: Markers) -> Range | None:
    """Return the range that ``text`` spells; ``None`` if it is not a range.

    :param refused: why ``text`` is not a pin.
    :raises reqpi.core.locks.rules.requirements.Refused: its marker is not valid.
    """
    match = _RANGE.fullmatch(text) if refused.rule in _REASONS else None
    if not match or len(match[1]) > NAME_LENGTH:
        return None
    specifier = (match[2] or match[3] or "").strip(" \t")
    # Anything may follow `===`: pip reads `===1,>2` as one version.
    if len(specifier) > _LENGTH or "===" in specifier or not _is_specifier(specifier):
        return None
    if match[4] is not None:
        check_marker(match[4].strip(" \t"), markers)
    return Range(canonicalize_name(match[1]), match[1], specifier, line, refused)


def _is_specifier(text: str) -> bool:
    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        return False
    return True


def check(ranges: Iterable[tuple[Findings, Range]], pins: Iterable[Pin]) -> None:
    """Report the ranges that no pin in another document satisfies."""
    asked = list(ranges)
    pinned = _Pinned({each.project: {} for _, each in asked})
    for pin in pins:
        pinned.add(pin)
    for findings, each in asked:
        if not pinned.elsewhere(each.project, findings.path):
            findings.refused(each.refused, each.line)
        elif not pinned.inside(each, findings.path):
            findings.refuse(OUT_OF_RANGE, each.line, pinned.words(each, findings.path), each.name)


@define
class _Pinned:
    """The pinned versions of the projects that have ranges, each with the documents that pin it.

    The version of a source may be unknown; it is then the empty string. Each question is answered once, and all answers
    together take a bounded time.
    """

    _versions: dict[Project, dict[str, set[str]]]
    _left: int = COMPARISONS
    _elsewhere: dict[tuple[Project, str], bool] = field(factory=dict)
    _inside: dict[tuple[Project, str, str], bool] = field(factory=dict)

    def add(self, pin: Pin) -> None:
        """Record a pin."""
        if pin.project in self._versions:
            self._versions[pin.project].setdefault(pin.version, set()).add(pin.document)

    def elsewhere(self, project: Project, path: str) -> bool:
        """Return whether a document other than ``path`` pins the project."""
        if (project, path) not in self._elsewhere:
            self._elsewhere[project, path] = next(self._others(project, path), None) is not None
        return self._elsewhere[project, path]

    def inside(self, asked: Range, path: str) -> bool:
        """Return whether a document other than ``path`` pins a version inside the range, or one that is unknown."""
        if not asked.specifier:
            return True
        key = (asked.project, path, asked.specifier)
        if key not in self._inside:
            self._inside[key] = self._compare(asked, path)
        return self._inside[key]

    def words(self, asked: Range, path: str) -> str:
        """Return the range and what other documents pin instead, for a message."""
        if self._left <= 0:
            return f"{asked.specifier}; there are too many ranges and versions to compare"
        shown = list(islice(self._others(asked.project, path), 3))
        return f"{asked.specifier}, and other documents pin {', '.join(shown)}"

    def _others(self, project: Project, path: str) -> Iterator[str]:
        for version, documents in self._versions[project].items():
            if len(documents) > 1 or path not in documents:
                yield version

    def _compare(self, asked: Range, path: str) -> bool:
        specifier = SpecifierSet(asked.specifier)
        for version, documents in self._versions[asked.project].items():
            self._left -= 1
            if self._left <= 0:
                return False
            if (len(documents) > 1 or path not in documents) and (not version or _is_inside(specifier, version)):
                return True
        return False


def _is_inside(specifier: SpecifierSet, version: str) -> bool:
    try:
        return specifier.contains(Version(version), prereleases=True)
    except InvalidVersion:
        return False
