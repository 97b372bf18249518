"""The advisories that a change of releases fixes, and those that it brings: pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import field, frozen

from reqpi.core.advisories.index import AdvisoryIndex
from reqpi.core.advisories.model import CRATES, PYPI, Advisory
from reqpi.core.diff import Change

__all__ = ["AdvisedChange", "AdvisedChanges", "advised_changes", "package_of"]

_MOST = 50_000
"""Comparisons of a release with an advisory, for one answer: less than a second of a thread."""

_CRATE = "cargo:"
"""The beginning of the name of a crate, as in :data:`reqpi.core.diff.Contents`."""


@frozen
class AdvisedChange:
    """The advisories about one project that differs, each sorted by id.

    :param fixed: affect a release before, and none after.
    :param brought: affect a release after, and none before.
    :param kept: affect a release on both sides.
    """

    fixed: tuple[Advisory, ...] = ()
    brought: tuple[Advisory, ...] = ()
    kept: tuple[Advisory, ...] = ()


@frozen
class AdvisedChanges:
    """The advisories about all projects that differ.

    :param by_project: has those only about which there is an advisory.
    :param unread: how many projects were left out, because their releases and advisories are too many to compare.
    """

    by_project: Mapping[str, AdvisedChange] = field(factory=dict)
    unread: int = 0


def advised_changes(index: AdvisoryIndex, changes: Iterable[Change], most: int = _MOST) -> AdvisedChanges:
    """Return the advisories about the projects that differ.

    :param most: comparisons of a release with an advisory.
    """
    found, unread = {}, 0
    for change in changes:
        ecosystem, name = package_of(change.project)
        versions = len(change.before) + len(change.after)
        effort = versions * len(index.about(ecosystem, name))
        if effort > most:
            unread += 1
            continue
        most -= effort
        before, after = (_affecting(index, ecosystem, name, side) for side in (change.before, change.after))
        if before or after:
            found[change.project] = AdvisedChange(
                tuple(each for one, each in before.items() if one not in after),
                tuple(each for one, each in after.items() if one not in before),
                tuple(each for one, each in after.items() if one in before),
            )
    return AdvisedChanges(found, unread)


def package_of(project: str) -> tuple[str, str]:
    """Return the ecosystem of a project that differs, as OSV names it, and the name of the project there."""
    return (CRATES, project.removeprefix(_CRATE)) if project.startswith(_CRATE) else (PYPI, project)


def _affecting(index: AdvisoryIndex, ecosystem: str, name: str, versions: Iterable[str]) -> dict[str, Advisory]:
    found = {each.id: each for version in versions for each in index.affecting(ecosystem, name, version)}
    return dict(sorted(found.items()))
