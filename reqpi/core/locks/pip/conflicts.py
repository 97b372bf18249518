"""Pins that contradict each other, or that lack what others have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set

from attrs import field, frozen
from packaging.version import Version

from reqpi.core.locks.findings import Findings
from reqpi.core.locks.rules.requirements import CONFLICT, CONFLICTING_DIGESTS, MISSING_DIGEST
from reqpi.core.model import Archive, Digest, Pin

__all__ = ["check_digests", "check_versions", "rivals"]

_Meaning = tuple[object, frozenset[Digest]]
"""A version or a source, such that equal ones are equal; and the digests."""


def check_digests(pins: Sequence[Pin], hashed: Set[int], doubtful: Set[int], required: int, findings: Findings) -> None:
    """Refuse pins without digests where any line has one, or ``--require-hashes`` stands anywhere: pip's rule.

    :param hashed: the lines of the requirements that have a digest, be it a broken one.
    :param doubtful: the lines with options that cannot be read, which may have been meant as digests.
    :param required: the line of ``--require-hashes``, 0 for none.
    """
    if not hashed and not required:
        return
    why = (
        f"--require-hashes stands in line {required}" if required else f"the requirement in line {min(hashed)} has one"
    )
    for pin in pins:
        # A source brings its own: an archive the digests that its line has, and git its commit.
        if pin.source is None and pin.line not in hashed and pin.line not in doubtful:
            findings.refuse(MISSING_DIGEST, pin.line, why, pin.project)


def check_versions(projects: Iterable[Sequence[Pin]], findings: Findings) -> None:
    """Refuse a pin that contradicts an earlier one of the same project which can apply at the same time.

    Two pins can where one of them has no marker, or both have the same. An installer takes what both admit,
    so that other versions leave it nothing, and other digests fewer files than either line says.
    """
    for pins in projects:
        for pin, rival in rivals(pins):
            _refuse(pin, rival, findings)


@frozen
class _Seen:
    """The first pin of each meaning, by when it applies."""

    all: dict[_Meaning, Pin] = field(factory=dict)
    unmarked: dict[_Meaning, Pin] = field(factory=dict)
    marked: dict[str, dict[_Meaning, Pin]] = field(factory=dict)


def rivals(pins: Sequence[Pin]) -> Iterator[tuple[Pin, Pin]]:
    """Return the pins of one project that mean something else than an earlier one, and can apply where that does.

    :returns: each of them with the earlier one.
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
    """A pin of another meaning: one of the first two, so that many pins of one project cost no more each."""
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
    """Something that is equal for equal versions, and for equal sources."""
    if isinstance(pin.source, Archive):
        return pin.source.url, pin.source.subdirectory
    if pin.source is not None:
        return pin.source
    return pin.version.lower() if pin.arbitrary else Version(pin.version)


def _spelled(pin: Pin) -> str:
    if pin.source is not None:
        return pin.source.url
    return f"{'===' if pin.arbitrary else '=='}{pin.version}"
