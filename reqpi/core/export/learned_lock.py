"""A requirements file of which a part is ours: above the mark it is its user's, below it is written anew."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen
from packaging.version import Version

from reqpi.core import locks
from reqpi.core.errors import BrokenLock
from reqpi.core.export.learned_releases import LearnedRelease, lines, several
from reqpi.core.locks.rules.requirements import UNDECODABLE
from reqpi.core.model import Lock, Pin
from reqpi.core.report import Defect

__all__ = ["MARK", "ForeignPins", "LearnedLock", "read", "written"]

MARK = "# What reqpi learn saw taken. It writes everything below this line anew; keep your own above it."


class ForeignPins(Exception):
    """A document has pins and no mark: somebody else wrote them."""


@frozen
class LearnedLock:
    """What a file holds already.

    :param above: the user's own part, to the end of its last line.
    :param own: the lock that this part is, where it pins anything.
    :param below: what was written below the mark.
    """

    above: str = ""
    own: Lock | None = None
    below: tuple[LearnedRelease, ...] = ()


def read(data: bytes, *, appending: bool = False) -> LearnedLock:
    """What is in a file that :func:`written` wrote, or that a user began.

    :param appending: a file without a mark is all its user's, and the mark is to come below it.
    :raises reqpi.core.errors.BrokenLock: a part of it is no lock; the numbers of lines are the file's.
    :raises Foreign: there are pins and no mark.
    """
    text = _decoded(data).replace("\r\n", "\n")
    if text.endswith(f"\n{MARK}") or text == MARK:
        text += "\n"  # an editor took it away
    above, mark, below = text.partition(f"{MARK}\n")
    own = locks.read(above.encode()) if _says_something(above) else None
    if own is not None and not mark and not appending:
        raise ForeignPins
    try:
        pins = locks.read(below.encode()).pins if _says_something(below) else ()
    except BrokenLock as broken:
        prefreeze = above.count("\n") + 1
        raise BrokenLock([defect._replace(line=defect.line + prefreeze) for defect in broken.defects]) from None
    if above and not above.endswith("\n"):
        above += "\n"
    return LearnedLock(above, own, _releases(pins))


def written(above: str, found: Iterable[LearnedRelease]) -> str:
    """The file: the user's part, the mark, and what was found."""
    ordered = sorted(found)
    said = "".join(
        f"# {project}: {' and '.join(map(str, versions))}, as build environments differ. An index admits them all.\n"
        for project, versions in several(ordered).items()
    )
    return f"{above}{MARK}\n{said}{lines(ordered)}"


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # It would be written again with something else in the place of these bytes.
        line = data.count(b"\n", 0, error.start) + 1
        problem = UNDECODABLE.problem.format(what="UTF-8")
        raise BrokenLock([Defect(line, "", problem, UNDECODABLE.advice, rule=UNDECODABLE.name)]) from None


def _says_something(text: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines())


def _releases(pins: Iterable[Pin]) -> tuple[LearnedRelease, ...]:
    """The pins as what they were made of. A line that somebody mended by hand counts for the sha256 that it has."""
    found = (
        LearnedRelease(pin.project, Version(pin.version), _sha256s(pin))
        for pin in pins
        if not (pin.source or pin.arbitrary)
    )
    return tuple(release for release in found if release.digests)


def _sha256s(pin: Pin) -> frozenset[str]:
    return frozenset(digest.hex for digest in pin.digests if digest.algorithm == "sha256")
