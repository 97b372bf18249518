"""The advisories that a change of releases fixes, and those that it brings, as a server knows them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from attrs import frozen

from reqpi.client.advisories import QueriedRelease, advisories_about
from reqpi.client.target import index_of
from reqpi.core.advisories.changed import package_of
from reqpi.core.diff import Change

__all__ = ["ChangedAdvisories", "changed_advisories"]

_VERSION = re.compile(r"[A-Za-z0-9.!+_*-]{1,100}")
"""A version that an advisory can name. The URL of an archive stands in the place of one, too."""


@frozen
class ChangedAdvisories:
    """The ids of the advisories about one project that differs, each sorted.

    :param fixed: affect a release before, and none after.
    :param new: affect a release after, and none before.
    :param both: affect a release on both sides.
    """

    fixed: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    both: tuple[str, ...] = ()


def changed_advisories(sides: Sequence[str], changes: Sequence[Change]) -> list[ChangedAdvisories | None]:
    """Return the advisories about each change; ``None`` for each: neither side is a URL of a server that has some.

    :param sides: what was compared. The server of the last URL is asked.
    :raises reqpi.client.errors.ServerTrouble: it did not answer about each of them.
    """
    url = next((side for side in reversed(sides) if side.startswith(("http://", "https://"))), None)
    if url is None:
        return [None] * len(changes)
    releases = list(dict.fromkeys(each for change in changes for side in _sides(change) for each in side))
    answers = advisories_about(*index_of(url), releases)
    if answers is None:
        return [None] * len(changes)
    known = dict(zip(releases, map(frozenset, answers), strict=True))
    return [_compared(*(_of_each(side, known) for side in _sides(change))) for change in changes]


def _of_each(releases: Iterable[QueriedRelease], known: Mapping[QueriedRelease, frozenset[str]]) -> frozenset[str]:
    return frozenset[str]().union(*(known[release] for release in releases))


def _compared(before: frozenset[str], after: frozenset[str]) -> ChangedAdvisories:
    return ChangedAdvisories(*(tuple(sorted(ids)) for ids in (before - after, after - before, before & after)))


def _sides(change: Change) -> tuple[list[QueriedRelease], list[QueriedRelease]]:
    """Return the releases before and after."""
    return _releases(change.project, change.before), _releases(change.project, change.after)


def _releases(project: str, versions: Iterable[str]) -> list[QueriedRelease]:
    ecosystem, name = package_of(project)
    return [QueriedRelease(ecosystem, name, version) for version in versions if _VERSION.fullmatch(version)]
