"""The releases that a lock pins, and what they require."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from reqpi.core import admission
from reqpi.core.metadata.headers import read_headers
from reqpi.core.model import Commitment, File, Page, Pin, Project
from reqpi.core.releases import sdist_of
from reqpi.core.requires_dist import RequiresDist, read
from reqpi.core.targets import InstallTarget

__all__ = ["LockedRelease", "Requirements", "releases_of", "requirements_in", "requirements_of"]

_MOST = 5000
"""Requirements of one release, at most: the largest on the public index has 800."""

_LONGEST = 2000
"""Characters of one requirement, at most."""


@frozen(eq=False)
class LockedRelease:
    """A release that a lock pins.

    :param version: ``None`` for a source that does not state it.
    :param pins: all pins of the release.
    :param files: all files that these pins admit.
    :param described: the file whose metadata says what the release requires; ``None`` if no file is for the target.
    """

    project: Project
    version: Version | None
    pins: tuple[Pin, ...]
    files: tuple[File, ...]
    described: File | None

    def name(self, extra: str = "") -> str:
        """Name the release, or an extra of it: ``requests 2.31.0``, ``requests[socks] 2.31.0``."""
        project = f"{self.project}[{extra}]" if extra else self.project
        return f"{project} {self.version}" if self.version is not None else project


@frozen
class Requirements:
    """The requirements of one release.

    :param known: the valid requirements.
    :param unknown: sentences about requirements that reading the file cannot determine.
    :param trouble: the reason, if nothing is known because the file could not be obtained.
    :param final: an immediate retry would fail in the same way.
    """

    known: tuple[RequiresDist, ...] = ()
    unknown: tuple[str, ...] = ()
    trouble: str = ""
    final: bool = False


def releases_of(commitment: Commitment, pages: Mapping[Project, Page], target: InstallTarget) -> list[LockedRelease]:
    """Return the releases in alphabetical order of their projects.

    :param target: a file for this target says what a release requires.
    """
    releases = []
    for project, page in sorted(pages.items()):
        groups: dict[object, tuple[list[Pin], dict[File, None]]] = {}
        for pin, files in admission.by_pin(commitment.lock, page).items():
            pins, found = groups.setdefault(pin.release, ([], {}))
            pins.append(pin)
            found.update(dict.fromkeys(files))
        releases += [_release(project, pins, list(found), target) for pins, found in groups.values()]
    return releases


def _release(project: Project, pins: list[Pin], files: list[File], target: InstallTarget) -> LockedRelease:
    version = files[0].version if files[0].listed else None
    described = _described_by([file for file in files if target.takes(file)])
    return LockedRelease(project, version, tuple(pins), tuple(files), described)


def _described_by(files: list[File]) -> File | None:
    """Return the wheel for all platforms, or another wheel, or the preferred sdist."""
    wheels = [file for file in files if file.wheel]
    if wheels:
        return min(wheels, key=lambda file: (not file.filename.endswith("-none-any.whl"), file.filename))
    return sdist_of(files)


def requirements_in(metadata: bytes) -> Requirements:
    """Read the requirements in core metadata."""
    return requirements_of(read_headers(metadata).get("requires_dist", []))


def requirements_of(lines: list[str] | tuple[str, ...]) -> Requirements:
    """Read lines of ``Requires-Dist``. Their markers are read when they are evaluated: most never are."""
    known: dict[RequiresDist, None] = {}
    unknown = []
    for line in lines[:_MOST]:
        requirement = read(line) if len(line) <= _LONGEST and line.isprintable() else None
        if requirement is None or not _is_valid(requirement.specifier):
            unknown.append(f"the requirement {line[:80]!r} is not valid")
        else:
            known[requirement] = None
    if len(lines) > _MOST:
        unknown.append(f"it has more than {_MOST} requirements")
    return Requirements(tuple(known), tuple(unknown))


def _is_valid(specifier: str) -> bool:
    try:
        SpecifierSet(specifier)
    except InvalidSpecifier:
        return False
    return True
