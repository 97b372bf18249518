"""The selection among the files that a lock admits: sdists, and the wheels that were requested."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from attrs import frozen

from reqpi.core import admission
from reqpi.core.hermeto.binary import Binary
from reqpi.core.model import Commitment, File, Page, Pin, Project
from reqpi.core.platform_tags import platforms_of
from reqpi.core.releases import sdist_of

__all__ = ["Selection", "UnselectablePin", "platforms", "select"]


@frozen
class UnselectablePin:
    """A pin that has no file to select.

    :param pin: the pin of the lock.
    :param problem: which file is missing.
    :param advice: what to request instead.
    """

    pin: Pin
    problem: str
    advice: str


@frozen
class Selection:
    """The files selected.

    :param files: in the order of the pins, without repetitions.
    :param lacking: the pins that have no file to select, in the same order.
    :param unmeant: the projects of ``binary.packages`` that the lock does not pin.
    """

    files: tuple[File, ...]
    lacking: tuple[UnselectablePin, ...] = ()
    unmeant: tuple[Project, ...] = ()

    @property
    def yanked(self) -> Iterator[File]:
        """The selected files that upstream marks as yanked (:pep:`592`)."""
        return (file for file in self.files if file.yanked is not None)


def platforms(pages: Mapping[Project, Page]) -> frozenset[str]:
    """Return the platform tags of all wheels, against which a pattern is matched."""
    return frozenset(tag for page in pages.values() for file in page.files if file.wheel for tag in platforms_of(file))


def select(
    commitment: Commitment,
    pages: Mapping[Project, Page],
    binary: Binary | None,
    matched: Collection[str] = (),
    *,
    wheels_at_urls: bool = True,
) -> Selection:
    """Select among the files of the frozen pages.

    :param binary: the wheels to select; ``None``: no wheels except those that the lock names by URL.
    :param matched: the tags of :func:`platforms` that the pattern of ``binary`` matches.
    :param wheels_at_urls: whether wheels that the lock names by URL are selected even if ``binary`` is ``None``.
    """
    by_pin = {pin: files for page in pages.values() for pin, files in admission.by_pin(commitment.lock, page).items()}
    files: dict[File, None] = {}
    lacking = []
    for pin in commitment.lock.pins:
        admitted = by_pin.get(pin, ())
        if pin.source is not None:
            taken = [file for file in admitted[:1] if wheels_at_urls or binary is not None or not file.wheel]
        else:
            taken = _of_release(pin, admitted, binary, matched)
        files |= dict.fromkeys(taken)
        if not taken:
            lacking.append(_lacking(pin, admitted, binary))
    named = binary.packages if binary is not None else frozenset()
    return Selection(tuple(files), tuple(lacking), tuple(sorted(named - commitment.lock.projects.keys())))


def _of_release(pin: Pin, files: Sequence[File], binary: Binary | None, matched: Collection[str]) -> list[File]:
    if binary is not None and pin.project in binary.packages:
        return [file for file in files if file.wheel and binary.takes(file, matched)]
    sdist = sdist_of(files)
    wheels = binary is not None and not binary.packages
    taken = [file for file in files if wheels and file.wheel and binary is not None and binary.takes(file, matched)]
    return taken if sdist is None else [*taken, sdist]


def _lacking(pin: Pin, admitted: Sequence[File], binary: Binary | None) -> UnselectablePin:
    what = f"{pin.project} {pin.version}".rstrip()
    count = sum(file.wheel for file in admitted)
    wheels = "1 wheel" if count == 1 else f"{count} wheels"
    if pin.source is not None:
        return UnselectablePin(
            pin, f"{what} is a wheel, and no wheels were requested", 'Request wheels with "binary", or name an sdist.'
        )
    if binary is not None and (pin.project in binary.packages or not binary.packages):
        kind = "no wheel" if pin.project in binary.packages else "neither a wheel nor an sdist"
        return UnselectablePin(
            pin,
            f'{what} has {kind} that matches "binary"; the lock admits {wheels} of it',
            'Widen "binary" (":all:" allows any value of a key), or have the lock admit another file.',
        )
    if count:
        return UnselectablePin(
            pin,
            f"{what} has {wheels}, but no sdist that the lock admits",
            f'Name it in "binary": {{"packages": "{pin.project}"}}; or have the lock admit its sdist, if it has one.',
        )
    return UnselectablePin(
        pin, f"{what} has no file that the lock admits", "Check that its digests are those of its files."
    )
