"""Checks across pins: those that contradict each other, and those without digests where others have digests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set

from attrs import field, frozen
from packaging.version import Version

from reqpi.core.locks.findings import Findings
from reqpi.core.locks.rules.requirements import CONFLICT, CONFLICTING_DIGESTS, MISSING_DIGEST
from reqpi.core.model import Archive, Digest, Pin

__all__ = ["check_digests", "check_versions", "rivals"]

_Meaning = tuple[object, frozenset[Digest]]
"""A version or a source, in a form that compares equal for equal ones; and the digests."""


def check_digests(pins: Sequence[Pin], hashed: Set[int], doubtful: Set[int], required: int, findings: Findings) -> None:
    """Report pins without digests if any line has a digest or ``--require-hashes`` is given anywhere: pip's rule.

    :param hashed: the lines of the requirements that have a digest, even a malformed one.
    :param doubtful: the lines with options that cannot be read, which may have been intended as digests.
    :param required: the line of ``--require-hashes``; 0 for none.
    """
    if not hashed and not required:
        return
    why = f"--require-hashes is in line {required}" if required else f"the requirement in line {min(hashed)} has one"
    for pin in pins:
        # A source identifies its content itself: an archive by the digests on its line, git by the commit.
        if pin.source is None and pin.line not in hashed and pin.line not in doubtful:
            findings.refuse(MISSING_DIGEST, pin.line, why, pin.project)


def check_versions(projects: Iterable[Sequence[Pin]], findings: Findings) -> None:
    """Report a pin that contradicts an earlier pin of the same project that can apply at the same time.

    Two pins can apply at the same time if one of them has no marker, or both have the same marker. An installer then
    accepts what both admit: different versions leave nothing, different digests leave fewer files than either line
    lists.
    """
    for pins in projects:
        for pin, rival in rivals(pins):
            _refuse(pin, rival, findings)


@frozen
class _Seen:
    """The first pin of each meaning, by the marker under which it applies."""

    all: dict[_Meaning, Pin] = field(factory=dict)
    unmarked: dict[_Meaning, Pin] = field(factory=dict)
    marked: dict[str, dict[_Meaning, Pin]] = field(factory=dict)


def rivals(pins: Sequence[Pin]) -> Iterator[tuple[Pin, Pin]]:
    """Yield the pins of one project that differ in meaning from an earlier pin and can apply at the same time.

    :returns: each such pin with the earlier one.
    """
    seen = _Seen()
    for pin in pins if len(pins) > 1 else ():
        meaning = _meaning(pin)
        if pin.marker is None:
            known: tuple[dict[_Meaning, Pin], ...] = (seen.all,)
            seen.unmarked.setdefault(meaning, pin)
        else:
            same = seen.marked.setdefault(pin.marker, {})
            known = (seen.unmarked, same)
            same.setdefault(meaning, pin)
        rival = next((found for each in known if (found := _other(each, meaning))), None)
        seen.all.setdefault(meaning, pin)
        if rival and (_version(pin) != _version(rival) or isinstance(pin.source, Archive) or _both_hashed(pin, rival)):
            yield pin, rival


def _other(known: dict[_Meaning, Pin], meaning: _Meaning) -> Pin | None:
    """Return a pin of another meaning.

    One of the first two pins is such a pin, so the cost per pin does not grow with the pins of a project.
    """
    for other, pin in known.items():
        if other != meaning:
            return pin
    return None


def _refuse(pin: Pin, rival: Pin, findings: Findings) -> None:
    if _version(pin) != _version(rival):
        what = f"{_spelled(pin)} here and to {_spelled(rival)} in line {rival.line}"
        findings.refuse(CONFLICT, pin.line, what, pin.project)
    else:
        findings.refuse(CONFLICTING_DIGESTS, pin.line, str(rival.line), pin.project)


def _both_hashed(pin: Pin, rival: Pin) -> bool:
    return bool(pin.digests and rival.digests)


def _meaning(pin: Pin) -> _Meaning:
    return _version(pin), pin.source.digests if isinstance(pin.source, Archive) else pin.digests


def _version(pin: Pin) -> object:
    """Return a value that compares equal for equal versions and for equal sources."""
    if isinstance(pin.source, Archive):
        return pin.source.url, pin.source.subdirectory
    if pin.source is not None:
        return pin.source
    return pin.version.lower() if pin.arbitrary else Version(pin.version)


def _spelled(pin: Pin) -> str:
    if pin.source is not None:
        return pin.source.url
    return f"{'===' if pin.arbitrary else '=='}{pin.version}"
