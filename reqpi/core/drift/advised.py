"""AdvisoryLookup about what a lock pins, and since when each of them is known to concern a release."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from attrs import evolve, field, frozen

from reqpi.core.crates.reading import crates_of
from reqpi.core.denials import crate_name
from reqpi.core.drift.finding import Finding
from reqpi.core.model import Lock
from reqpi.core.receipts.document import timestamp

__all__ = [
    "Advice",
    "AdvisedPin",
    "AdvisedProject",
    "AdvisedRelease",
    "AdvisoryLookup",
    "advised_releases",
    "after_advice",
    "findings",
]

_MOST_RELEASES = 256
_MOST_IDS = 256
"""Releases of a project, and advisories of a release, of which it is recorded when they were first seen."""

_PYPI, _CRATES = "PyPI", "crates.io"
"""Ecosystems, as OSV names them."""

_CRATE = "crate:"


class Advice(Protocol):
    """One advisory."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def malware(self) -> bool:
        """Whether it says that a release is malware."""


class AdvisoryLookup(Protocol):
    """An index of advisories."""

    def affecting(self, ecosystem: str, name: str, version: str, /) -> Iterable[Advice]:
        """Return the advisories about a release, sorted by id.

        :param ecosystem: as OSV names it.
        :param name: normalized.
        :param version: the text of the pin.
        """


@frozen
class AdvisedRelease:
    """When the advisories about a release were first seen.

    :param since: when it was first looked for.
    :param ids: when each was first seen, by its id.
    """

    since: float
    ids: Mapping[str, float] = field(factory=dict)


AdvisedProject = Mapping[str, AdvisedRelease]
"""The releases of a project, by the text of their version."""


@frozen
class AdvisedPin:
    """A release that a lock pins.

    :param project: the normalized name of a project, or ``crate:NAME``, as :mod:`reqpi.core.denials` has it.
    :param version: as the lock spells it.
    """

    project: str
    version: str

    def affecting(self, advisories: AdvisoryLookup) -> tuple[Advice, ...]:
        """Return the advisories about the release."""
        ecosystem = _CRATES if self.project.startswith(_CRATE) else _PYPI
        return tuple(advisories.affecting(ecosystem, self.project.removeprefix(_CRATE), self.version))


def advised_releases(lock: Lock) -> tuple[AdvisedPin, ...]:
    """Return the releases about which advisories may be known: of projects, and of the crates of its Cargo.locks.

    The release of an archive or a commit counts if its version is known.
    """
    projects = [AdvisedPin(pin.project, pin.version) for pin in lock.pins if pin.version]
    crates = [crate for each in crates_of(lock) for crate in each.crates]
    return tuple(
        dict.fromkeys([*projects, *(AdvisedPin(f"{_CRATE}{crate_name(each.name)}", each.version) for each in crates)])
    )


def after_advice(known: AdvisedProject, version: str, ids: Iterable[str], now: float) -> AdvisedProject:
    """Return what is known of a project after its advisories were looked up; the same object if nothing is new."""
    release = known.get(version) or AdvisedRelease(now)
    unseen = [one for one in ids if one not in release.ids]
    if version in known and (not unseen or len(release.ids) >= _MOST_IDS):
        return known
    ids_now = {**release.ids, **dict.fromkeys(unseen[: _MOST_IDS - len(release.ids)], now)}
    others = [(name, each) for name, each in known.items() if name != version]
    return dict([*others[max(0, len(others) + 1 - _MOST_RELEASES) :], (version, evolve(release, ids=ids_now))])


def findings(pin: AdvisedPin, advisories: Iterable[Advice], known: AdvisedProject, now: float) -> Iterator[Finding]:
    """Yield the findings about a release.

    :param advisories: those that affect it.
    :param known: of its project, after :func:`after_advice`.
    """
    release = known.get(pin.version) or AdvisedRelease(now)
    for advisory in advisories:
        first = release.ids.get(advisory.id, now)
        yield Finding(
            "malware" if advisory.malware else "vulnerable",
            pin.project,
            pin.version,
            None,
            advisory.id,
            f"{advisory.id}.json",
            timestamp(first),
            timestamp(now),
            new=first > release.since,
        )
