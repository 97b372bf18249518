"""The Python versions and marker environments that a lock is made for, which exports include (:pep:`751`).

They do not affect what an index serves. An installer that reads an export rejects what they do not allow.
One that cannot be exported is left out with a note: the export then allows more, never less.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import product

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from reqpi.core.locks.findings import Findings
from reqpi.core.locks.markers.checked import Markers
from reqpi.core.locks.rules.requirements import Refused, shown
from reqpi.core.locks.tools.entries import Entry
from reqpi.core.locks.tools.packages import check_marker
from reqpi.core.model import Support

__all__ = ["ENVIRONMENTS", "read_environments", "read_pythons", "together"]

ENVIRONMENTS = 100
"""The most environments of one lock; uv writes a handful."""

_SPECIFIER_LENGTH = 1024

# Poetry's own operators: a caret keeps the first number, a tilde the first two.
_CARET = re.compile(r"\^\s*([1-9][0-9]{0,4})((?:\.[0-9]{1,5}){0,3})")
_TILDE = re.compile(r"~\s*([0-9]{1,5})(?:\.([0-9]{1,5})((?:\.[0-9]{1,5}){0,2}))?")


def read_pythons(entry: Entry, key: str, line: int, findings: Findings) -> str:
    """Return the Python versions that ``key`` of ``entry`` allows, as one specifier; empty for all of them.

    :param line: the line of the key, for a note.
    """
    reason, said = "", ""
    try:
        said = entry.text(key) or ""
        if len(said) <= _SPECIFIER_LENGTH:
            return str(SpecifierSet(_from_poetry(said.strip())))
        reason = f"`{key}` is longer than {_SPECIFIER_LENGTH} characters"
    except Refused as refused:
        reason = refused.problem
    except InvalidSpecifier:
        reason = f"`{shown(said, 80)}` is not a version specifier of PEP 440"
    _note(reason, line, findings)
    return ""


def read_environments(entry: Entry, key: str, line: int, findings: Findings) -> tuple[str, ...]:
    """Return the markers under ``key`` of ``entry``, one of which must be true; an empty tuple allows everything.

    :param line: the line of the key, for a note.
    """
    markers = Markers()
    try:
        said = [marker.strip() for marker in entry.texts(key)]
        for marker in said[:ENVIRONMENTS]:
            check_marker(entry, key, marker, markers)
    except Refused as refused:
        _note(refused.problem, line, findings)
        return ()
    if len(said) > ENVIRONMENTS:
        _note(f"`{key}` has more than {ENVIRONMENTS} environments", line, findings)
        return ()
    return tuple(said)


def _note(reason: str, line: int, findings: Findings) -> None:
    findings.note(line, f"{reason}: exports leave it out, so they allow more.")


def _from_poetry(said: str) -> str:
    """Return ``said`` with poetry's caret or tilde translated; any other text is returned unchanged.

    ``^3.9`` becomes ``>=3.9,<4`` and ``~3.9`` becomes ``>=3.9,<3.10``.
    """
    if said == "*":
        return ""
    if found := _CARET.fullmatch(said):
        return f">={found[1]}{found[2]},<{int(found[1]) + 1}"
    if found := _TILDE.fullmatch(said):
        major, minor, rest = found[1], found[2], found[3] or ""
        return f">={major}.{minor}{rest},<{major}.{int(minor) + 1}" if minor else f">={major},<{int(major) + 1}"
    return said


def together(each: Iterable[Support]) -> Support:
    """Return what several documents support together: all of them must allow it."""
    known = list(dict.fromkeys(each))
    pythons = ",".join(one.requires_python for one in known if one.requires_python)
    environments = list(dict.fromkeys(one.environments for one in known if one.environments))
    return Support(str(SpecifierSet(pythons)), _combined(environments))


def _combined(each: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    if len(each) < 2:
        return each[0] if each else ()
    count = 1
    for markers in each:
        count *= len(markers)
    if count > ENVIRONMENTS:
        return ()
    return tuple(" and ".join(f"({marker})" for marker in chosen) for chosen in product(*each))
