"""A requirements file with two parts: the user's above a mark, and a recorded part below it that is written anew."""

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
"""The line between the parts. It stands in users' files, so its text never changes."""


class ForeignPins(Exception):
    """A document has pins and no mark, so ``reqpi learn`` did not write them."""


@frozen
class LearnedLock:
    """The present content of a file.

    :param above: the user's part, to the end of its last line.
    :param own: the user's part as a lock, if it pins anything.
    :param below: the releases below the mark.
    """

    above: str = ""
    own: Lock | None = None
    below: tuple[LearnedRelease, ...] = ()


def read(data: bytes, *, appending: bool = False) -> LearnedLock:
    """Parse a file that :func:`written` wrote, or that a user began.

    :param appending: a file without a mark is the user's part, and the mark will be written below it.
    :raises reqpi.core.errors.BrokenLock: a part of it is not a valid lock; line numbers count from the top of the file.
    :raises ForeignPins: the file has pins and no mark, and ``appending`` is not set.
    """
    text = _decoded(data).replace("\r\n", "\n")
    if text.endswith(f"\n{MARK}") or text == MARK:
        text += "\n"  # an editor removed it
    above, mark, below = text.partition(f"{MARK}\n")
    own = locks.read(above.encode()) if _says_something(above) else None
    if own is not None and not mark and not appending:
        raise ForeignPins
    try:
        pins = locks.read(below.encode()).pins if _says_something(below) else ()
    except BrokenLock as broken:
        offset = above.count("\n") + 1
        raise BrokenLock([defect._replace(line=defect.line + offset) for defect in broken.defects]) from None
    if above and not above.endswith("\n"):
        above += "\n"
    return LearnedLock(above, own, _releases(pins))


def written(above: str, found: Iterable[LearnedRelease]) -> str:
    """Return the file: the user's part, the mark, and the recorded releases."""
    ordered = sorted(found)
    comments = "".join(
        f"# {project}: {' and '.join(map(str, versions))}, as build environments differ. An index admits them all.\n"
        for project, versions in several(ordered).items()
    )
    return f"{above}{MARK}\n{comments}{lines(ordered)}"


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The file will be written again, and other characters would replace these bytes.
        line = data.count(b"\n", 0, error.start) + 1
        problem = UNDECODABLE.problem.format(what="UTF-8")
        raise BrokenLock([Defect(line, "", problem, UNDECODABLE.advice, rule=UNDECODABLE.name)]) from None


def _says_something(text: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines())


def _releases(pins: Iterable[Pin]) -> tuple[LearnedRelease, ...]:
    """Return the releases that the pins were made from. A line that was edited by hand counts with its sha256."""
    found = (
        LearnedRelease(pin.project, Version(pin.version), _sha256s(pin))
        for pin in pins
        if not (pin.source or pin.arbitrary)
    )
    return tuple(release for release in found if release.digests)


def _sha256s(pin: Pin) -> frozenset[str]:
    return frozenset(digest.hex for digest in pin.digests if digest.algorithm == "sha256")
