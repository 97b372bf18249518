"""The platforms and Pythons for which a lock has a file of each pin, as far as its files alone tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from attrs import frozen
from packaging.version import InvalidVersion, Version

from reqpi.core.closed.checking import Checking
from reqpi.core.closed.environments import SingleTarget, environments_for
from reqpi.core.closed.releases import LockedRelease
from reqpi.core.marker_environments import COMMON_PLATFORMS, COMMON_PYTHONS
from reqpi.core.model import Lock
from reqpi.core.targets import EVERYWHERE, InstallTarget

__all__ = ["CoveredTarget", "covered_targets"]

_EFFORT = 2_000_000
"""The work for one lock, in microseconds, as an estimate."""

_COMMON = InstallTarget(frozenset(COMMON_PLATFORMS), frozenset(COMMON_PYTHONS))

Names = tuple[str, ...]


@frozen
class CoveredTarget:
    """A platform with a Python, and what a lock has for it.

    :param platform: ``linux x86_64``.
    :param python: ``3.12``.
    :param lacking: the releases that apply there and have no file for it: ``numpy 1.26.4``.
    :param built: those that have an sdist alone, which has to be built there.
    """

    platform: str
    python: str
    lacking: Names = ()
    built: Names = ()


def covered_targets(lock: Lock, releases: Sequence[LockedRelease]) -> list[CoveredTarget]:
    """Return what a lock has for each common platform, with each common Python that the lock is for.

    :param releases: those of all pins that have a file.
    :returns: nothing if that takes too much work, or if the lock describes none of them.
    """
    described = {each.name for each in environments_for(EVERYWHERE, lock.support).each}
    checking = Checking([*releases, *_without_files(lock, releases)], lock.local, _EFFORT)
    targets = environments_for(_COMMON, lock.support).each
    found = [_covered(checking, each) for each in targets if each.name in described]
    return [] if checking.exhausted else found


def _without_files(lock: Lock, releases: Iterable[LockedRelease]) -> Iterator[LockedRelease]:
    """Yield the releases that have no file at all, such as those whose files the operator denies."""
    found = {pin for release in releases for pin in release.pins}
    for pin in lock.pins:
        if pin not in found:
            with suppress(InvalidVersion):
                yield LockedRelease(pin.project, Version(pin.version), (pin,), (), None)


def _covered(checking: Checking, environment: SingleTarget) -> CoveredTarget:
    values: Mapping[str, str] = environment.values
    lacking = dict.fromkeys(each.release for each in checking.unusable_in(environment))
    built = [
        release.name()
        for release in checking.applying(values)
        if not any(file.wheel and environment.target.takes(file) for file in release.files)
    ]
    built = [name for name in dict.fromkeys(built) if name not in lacking]
    platform = f"{values['sys_platform']} {values['platform_machine']}"
    return CoveredTarget(platform, values["python_version"], tuple(lacking), tuple(built))
