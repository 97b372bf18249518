"""Requirements that pin nothing by themselves: bare names, and ranges that another document has a pin inside of."""

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
"""Times that a range is compared with a version, in one commitment: they take a second or two."""

_LENGTH = 1024
_REASONS = frozenset([requirements.NO_VERSION, requirements.RANGE, requirements.SEVERAL, requirements.WILDCARD])

_RANGE = re.compile(rf"({NAME})[ \t]*+(?:\[{EXTRAS}\][ \t]*+)?(?:\(([^()@;]*+)\)[ \t]*+|([^()@;]*+))(?:;(.*+))?")


@frozen
class Range:
    """A requirement that pins nothing.

    :param specifier: what a version must be inside of; empty for a bare name.
    :param refused: what it is refused for, where no other document pins the project.
    """

    project: Project
    name: str
    specifier: str
    line: int
    refused: Refused


def parse(text: str, refused: Refused, line: int, markers: Markers) -> Range | None:
    """What ``text`` asks for; ``None`` where it is no range.

    :param refused: why it is no pin.
    :raises reqpi.core.locks.rules.requirements.Refused: its marker is none.
    """
    match = _RANGE.fullmatch(text) if refused.rule in _REASONS else None
    if not match or len(match[1]) > NAME_LENGTH:
        return None
    specifier = (match[2] or match[3] or "").strip(" \t")
    # What follows `===` may hold anything: pip takes `===1,>2` for one version.
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
    """Refuse the ranges that no other document has a pin inside of."""
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
    """What is pinned of the projects that ranges are of: each version, with the documents that pin it.

    The version of a source may be unknown, which is the empty text. Each question is answered once, and the answers
    together cost a bounded time.
    """

    _versions: dict[Project, dict[str, set[str]]]
    _left: int = COMPARISONS
    _elsewhere: dict[tuple[Project, str], bool] = field(factory=dict)
    _inside: dict[tuple[Project, str, str], bool] = field(factory=dict)

    def add(self, pin: Pin) -> None:
        """Take note of a pin."""
        if pin.project in self._versions:
            self._versions[pin.project].setdefault(pin.version, set()).add(pin.document)

    def elsewhere(self, project: Project, path: str) -> bool:
        """Whether a document other than ``path`` pins the project."""
        if (project, path) not in self._elsewhere:
            self._elsewhere[project, path] = next(self._others(project, path), None) is not None
        return self._elsewhere[project, path]

    def inside(self, asked: Range, path: str) -> bool:
        """Whether another document than ``path`` pins a version inside the range, as far as can be told."""
        if not asked.specifier:
            return True
        key = (asked.project, path, asked.specifier)
        if key not in self._inside:
            self._inside[key] = self._compare(asked, path)
        return self._inside[key]

    def words(self, asked: Range, path: str) -> str:
        """What is asked for and what there is instead."""
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
