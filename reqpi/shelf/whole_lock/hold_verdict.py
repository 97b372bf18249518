"""The verdict on a lock: which of its files the store has, and which are missing.

It is computed from what the store has, so that any replica gives the same one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import asdict, define, frozen

from reqpi.core import admission
from reqpi.core.model import Commitment, File, Page, Project
from reqpi.core.platform_tags import platforms_of
from reqpi.core.provenance.publishers import Publisher
from reqpi.core.report import Defect
from reqpi.core.targets import InstallTarget

__all__ = ["HeldThing", "HoldVerdict", "MissingFile", "Platform", "PublishedFile", "verdict_of"]

HeldThing = tuple[Project, str | None]
"""A file of a project, by its filename; or, with ``None``, all files of a project."""

_SHOWN = 1000
"""Missing files and projects that a verdict lists; the others are only counted."""


@frozen
class MissingFile:
    """One file, or all files of one project, that are not held.

    :param filename: ``None`` if the project's page is not frozen, so that its files are not known yet.
    :param size: in bytes, if it is known.
    :param reason: why the file could not be obtained; empty if that was not tried.
    """

    project: Project
    filename: str | None = None
    size: int | None = None
    reason: str = ""


@define
class Platform:
    """The files for one platform tag.

    :param platform: the tag, ``any``, ``sdist`` or ``crate``.
    :param files: how many files there are.
    :param held: how many of them are in the store.
    """

    platform: str
    files: int = 0
    held: int = 0


@frozen
class PublishedFile:
    """A file with one of its publishers."""

    filename: str
    publisher: Publisher

    def as_json(self) -> dict[str, str]:
        """Return the filename, and the members of the publisher as a provenance object has them."""
        return {**self.publisher.members, "filename": self.filename}


@frozen
class HoldVerdict:
    """The answer to the question whether the store has all files of a lock.

    :param files: the number of files that the target admits, of the projects that are frozen.
    :param size: their bytes, as far as they are known.
    :param held: the number of these files that are in the store.
    :param held_size: the bytes of the files in the store.
    :param missing: the first thousand missing files and projects.
    :param more: the number of missing files and projects that are not in ``missing``.
    :param platforms: in alphabetical order.
    :param unfit: pins without a marker that have no file for the target: a client there will not find one.
    :param defects: the lines of the lock that the latest hold could not complete, and never will.
    :param differing_metadata: wheels whose core metadata is not what the upstream promised.
    :param publishers: who published the files with an attestation that was verified here, in the order of the files.
    :param remarks: sentences about further files, such as crates: what nothing pins, and what differs from a promise.
    """

    files: int
    size: int
    held: int
    held_size: int
    missing: tuple[MissingFile, ...]
    more: int
    platforms: tuple[Platform, ...]
    unfit: tuple[str, ...]
    defects: tuple[Defect, ...] = ()
    differing_metadata: tuple[str, ...] = ()
    publishers: tuple[PublishedFile, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether no file that the target admits will be requested from an upstream."""
        return not self.missing

    def as_json(self) -> dict[str, Any]:
        """Return the verdict as JSON has it."""
        return asdict(self, filter=lambda field, _: field.name not in ("defects", "publishers")) | {
            "publishers": [each.as_json() for each in self.publishers],
            "defects": [defect._asdict() for defect in self.defects],
        }


def verdict_of(
    commitment: Commitment,
    pages: Mapping[Project, Page],
    sizes: Mapping[File, int | None],
    target: InstallTarget,
    *,
    reasons: Mapping[HeldThing, str],
    defects: tuple[Defect, ...],
) -> HoldVerdict:
    """Return the verdict on a lock.

    :param pages: the frozen pages.
    :param sizes: the size in bytes of each file on them that the target admits, in the order of the
        pages, and of each further file; ``None`` if it is not in the store.
    :param reasons: why the latest hold could not obtain a file or a page.
    :param defects: the lines of the lock that the latest hold could not complete.
    """
    files = list(sizes)
    missing = [
        *(
            MissingFile(name, reason=reasons.get((name, None), ""))
            for name in commitment.lock.projects
            if name not in pages
        ),
        *(
            MissingFile(file.project, file.filename, file.size, reasons.get((file.project, file.filename), ""))
            for file in files
            if sizes[file] is None
        ),
    ]
    held = [size for size in sizes.values() if size is not None]
    return HoldVerdict(
        files=len(files),
        size=sum(sizes[file] or file.size or 0 for file in files),
        held=len(held),
        held_size=sum(held),
        missing=tuple(missing[:_SHOWN]),
        more=max(0, len(missing) - _SHOWN),
        platforms=_platforms(files, sizes),
        unfit=tuple(_unfit(commitment, pages.values(), target)),
        defects=defects if missing else (),
    )


def _platforms(files: Iterable[File], sizes: Mapping[File, int | None]) -> tuple[Platform, ...]:
    found: dict[str, Platform] = {}
    for file in files:
        for name in platforms_of(file):
            platform = found.setdefault(name, Platform(name))
            platform.files += 1
            platform.held += sizes[file] is not None
    return tuple(found[name] for name in sorted(found))


def _unfit(commitment: Commitment, pages: Iterable[Page], target: InstallTarget) -> Sequence[str]:
    """Return the pins of frozen projects that have no file for the target and no marker that might exclude them."""
    unfit = []
    for page in pages:
        for pin, files in admission.by_pin(commitment.lock, page).items():
            if pin.marker is None and not any(target.takes(file) for file in files):
                unfit.append(f"{pin.project} {pin.version}".strip())
    return list(dict.fromkeys(unfit))
