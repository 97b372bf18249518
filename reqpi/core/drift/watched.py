"""The releases that a lock pins, with what is frozen of each: the one side of the comparison."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import frozen
from packaging.version import InvalidVersion, Version

from reqpi.core import admission
from reqpi.core.drift.history import FileHistory
from reqpi.core.model import Digest, File, Lock, Page, Pin, Project

__all__ = ["WatchedRelease", "watched_releases"]


@frozen
class WatchedRelease:
    """A release of an index that some pins of a lock name.

    :param text: its version, as the lock spells it.
    :param frozen: its files on the frozen page that the lock admits; empty if no page is frozen.
    """

    project: Project
    version: Version
    text: str
    pins: tuple[Pin, ...]
    frozen: tuple[File, ...] = ()

    @property
    def key(self) -> str:
        """The version as a history has it."""
        return str(self.version)

    @property
    def is_open(self) -> bool:
        """Whether some pin leaves the digests open."""
        return any(not pin.digests for pin in self.pins)

    @property
    def sha256s(self) -> frozenset[Digest]:
        """The sha256 digests that the lock has."""
        return frozenset(digest for pin in self.pins for digest in pin.digests if digest.algorithm == "sha256")

    def wants(self, listed: FileHistory) -> bool:
        """Return whether the lock has a digest that is claimed for a file, or leaves the digests open."""
        return self.is_open or any(not pin.digests.isdisjoint(listed.facts.digests) for pin in self.pins)


def watched_releases(lock: Lock, pages: Mapping[Project, Page]) -> Iterator[WatchedRelease]:
    """Yield the releases of a lock that come from indexes, project by project.

    A pin of an archive or of a commit names no release of an index.
    """
    for project, pins in lock.projects.items():
        page = pages.get(project)
        admitted = {} if page is None else admission.by_pin(lock, page)
        by_version: dict[Version, list[Pin]] = {}
        for pin in pins:
            version = _version(pin)
            if version is not None:
                by_version.setdefault(version, []).append(pin)
        for version, group in by_version.items():
            files = {file.filename: file for pin in group for file in admitted.get(pin, ())}
            yield WatchedRelease(project, version, group[0].version, tuple(group), tuple(files.values()))


def _version(pin: Pin) -> Version | None:
    try:
        return Version(pin.version) if pin.source is None else None
    except InvalidVersion:
        return None
