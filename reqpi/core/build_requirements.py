"""The build requirements of sdists, compared with the pins of a lock.

A requirement counts if an sdist that must be built wants it in every environment of the target. A requirement that is
wanted only on some platforms or Pythons is shown, and counts only for a target that is one of these.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import asdict, define, field, frozen
from packaging.markers import Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from reqpi.core import admission
from reqpi.core.metadata import BuildSystem, sound
from reqpi.core.metadata.headers import read_headers
from reqpi.core.model import Commitment, File, Page, Pin, Project
from reqpi.core.releases import sdist_of
from reqpi.core.report import Note
from reqpi.core.targets import InstallTarget

__all__ = [
    "AskedRequirement",
    "BuildReport",
    "BuiltSdist",
    "PinnedRelease",
    "WantedBy",
    "WantedRequirement",
    "asked_by",
    "dependencies_of",
    "has_wheel",
    "lacking",
    "sdists_of",
    "written",
]

_SETUPTOOLS = canonicalize_name("setuptools")
_NEEDS_WHEEL = Version("70.1")
"""The first setuptools that makes wheels by itself (its changelog, v70.1.0); older ones ask for ``wheel``."""

_SHOWN = 12
"""The largest number of requirements that a warning names."""


@frozen
class BuiltSdist:
    """An sdist that a lock admits, and how it is built.

    :param pin: a pin that admits it.
    :param must_be_built: no wheel of its release is admitted for the target, and its pin applies there.
    :param system: ``None`` if it could not be read.
    :param trouble: the reason, if another attempt may succeed.
    :param passed_over: the reason, if it was not read because the sdist need not be built.
    """

    file: File
    pin: Pin
    must_be_built: bool
    system: BuildSystem | None = None
    trouble: str = ""
    passed_over: str = ""


@frozen
class AskedRequirement:
    """One requirement, and who has it.

    :param by: the filename of an sdist, or a release.
    :param counts: it is wanted in every environment of the target.
    """

    requirement: Requirement
    by: str
    counts: bool


@frozen
class WantedRequirement:
    """A requirement, and everything that wants it.

    :param requirement: as it is written, without a marker that only chooses an extra.
    :param state: ``pinned``; ``differs``: the lock pins another version; ``missing``; ``elsewhere``: it names a URL.
    :param versions: the versions that the lock pins.
    :param counts: an sdist that must be built wants it in every environment of the target.
    :param wanted_by: filenames of sdists, and releases.
    """

    requirement: str
    project: Project
    state: str
    versions: tuple[str, ...]
    counts: bool
    wanted_by: tuple[str, ...]

    @property
    def lacking(self) -> bool:
        """A build will request it and not get it."""
        return self.counts and self.state != "pinned"


@frozen
class BuildReport:
    """The complete report on how a lock's sdists are built.

    :param troubles: sentences about other data that could not be read, so that an unknown requirement may be lacking.
    """

    sdists: tuple[BuiltSdist, ...]
    wanted: tuple[WantedRequirement, ...]
    notes: tuple[Note, ...]
    troubles: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Everything that must be built can be built with what the lock pins, as far as reading files can tell."""
        return not any(wanted.lacking for wanted in self.wanted) and not self.troubled

    @property
    def troubled(self) -> bool:
        """An sdist that must be built, or data that a build needs, could not be read."""
        return bool(self.troubles) or any(sdist.trouble and sdist.must_be_built for sdist in self.sdists)

    @property
    def lasting(self) -> bool:
        """A later report on the same lock would be equal."""
        return not self.troubles and not any(sdist.trouble for sdist in self.sdists)


@frozen
class PinnedRelease:
    """The versions of a project that a lock pins, to compare requirements with.

    :param versions: the known versions.
    :param unknown: a version is pinned that is not known: that of an archive that does not state it.
    """

    versions: tuple[Version, ...]
    unknown: bool

    @classmethod
    def of(cls, page: Page) -> PinnedRelease:
        """Create it from the frozen page of a project."""
        versions = tuple(sorted({file.version for file in page.files if file.listed}))
        return cls(versions, any(not file.listed for file in page.files))


def sdists_of(commitment: Commitment, pages: Mapping[Project, Page], target: InstallTarget) -> list[BuiltSdist]:
    """Return one sdist of each release that has one, in the order of the lock."""
    found: dict[File, BuiltSdist] = {}
    by_pin = {pin: files for page in pages.values() for pin, files in admission.by_pin(commitment.lock, page).items()}
    for pin in commitment.lock.pins:
        files = [file for file in by_pin.get(pin, ()) if target.takes(file)]
        sdist = sdist_of(files)
        if sdist is None:
            continue
        must = not any(file.wheel for file in files) and _applies(pin, target)
        if sdist not in found or must > found[sdist].must_be_built:
            found[sdist] = BuiltSdist(sdist, pin, must)
    return list(found.values())


def has_wheel(pages: Mapping[Project, Page], sdist: File) -> bool:
    """Return whether the release of an sdist has a wheel, which says what the release depends on."""
    return any(file.wheel and file.version == sdist.version for file in pages[sdist.project].files)


def _applies(pin: Pin, target: InstallTarget) -> bool:
    """Return whether a pin applies in any environment of the target."""
    try:
        return bool(_when(Marker(pin.marker) if pin.marker else None, frozenset(), target))
    except (UndefinedEnvironmentName, UndefinedComparison):  # groups and extras of PEP 751
        return True


def asked_by(
    system: BuildSystem, filename: str, releases: Mapping[Project, PinnedRelease], target: InstallTarget
) -> list[AskedRequirement]:
    """Return the requirements that a build of an sdist starts with."""
    texts = [*system.requires, *system.setup_requires]
    named = {canonicalize_name(Requirement(text).name) for text in texts}
    setuptools = releases.get(_SETUPTOOLS) if system.setuptools and _SETUPTOOLS in named else None
    if setuptools is not None and any(version < _NEEDS_WHEEL for version in setuptools.versions):
        texts.append("wheel")
    return _asked(texts, filename, frozenset(), target, counts=True)


def dependencies_of(
    texts: Iterable[str], by: str, extras: frozenset[str], target: InstallTarget, *, counts: bool
) -> list[AskedRequirement]:
    """Return the requirements that an installed release has.

    :param texts: as in ``Requires-Dist``.
    :param by: the release.
    :param extras: the wanted extras of the release.
    :param counts: the release itself is wanted in every environment of the target.
    """
    return _asked(texts, by, extras, target, counts=counts)


def required_by(metadata: bytes) -> tuple[str, ...]:
    """Return the valid ``Requires-Dist`` entries of any core metadata."""
    return sound(read_headers(metadata).get("requires_dist", ()), [], "")


def _asked(
    texts: Iterable[str], by: str, extras: frozenset[str], target: InstallTarget, *, counts: bool
) -> list[AskedRequirement]:
    asked: list[AskedRequirement] = []
    for text in texts:
        requirement = Requirement(text)
        when = _when(requirement.marker, extras, target)
        if when:
            if when == "always":
                requirement.marker = None
            asked.append(AskedRequirement(requirement, by, counts and when == "always"))
    return asked


def _when(marker: Marker | None, extras: frozenset[str], target: InstallTarget) -> str:
    """Return how often a marker holds in the environments of the target: ``always``, ``sometimes``, or empty."""
    if marker is None:
        return "always"
    held = [
        any(marker.evaluate(values | {"extra": extra}) for extra in (extras or {""}))
        for values in target.environments()
    ]
    return "always" if all(held) else "sometimes" if any(held) else ""


@define
class WantedBy:
    """A collector of requirements and of what wants them."""

    _releases: Mapping[Project, PinnedRelease]
    _found: dict[str, WantedRequirement] = field(factory=dict)

    def add(self, asked: AskedRequirement, *, must: bool) -> WantedRequirement:
        """Add a requirement.

        :param must: it is wanted for an sdist that must be built.
        """
        text = str(asked.requirement)
        project = canonicalize_name(asked.requirement.name)
        before = self._found.get(text)
        by = dict.fromkeys([*(before.wanted_by if before else ()), asked.by])
        counts = (asked.counts and must) or (before is not None and before.counts)
        release = self._releases.get(project)
        versions = tuple(map(str, release.versions)) if release else ()
        self._found[text] = WantedRequirement(
            text, project, _state(asked.requirement, release), versions, counts, tuple(by)
        )
        return self._found[text]

    def all(self) -> tuple[WantedRequirement, ...]:
        """Return all wanted requirements, sorted by project."""
        return tuple(
            self._found[text] for text in sorted(self._found, key=lambda text: (self._found[text].project, text))
        )


def _state(requirement: Requirement, release: PinnedRelease | None) -> str:
    if requirement.url:
        return "elsewhere"
    if release is None:
        return "missing"
    fits = any(requirement.specifier.contains(version, prereleases=True) for version in release.versions)
    return "pinned" if fits or release.unknown else "differs"


def lacking(sdist: BuiltSdist, wanted: Sequence[WantedRequirement]) -> Note | None:
    """Return a warning about an sdist that must be built; ``None`` if the lock pins everything that it wants."""
    texts = list(dict.fromkeys(each.requirement for each in wanted if each.state != "pinned"))
    if not texts:
        return None
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    what = f"{', '.join(texts[:_SHOWN])}{more}"
    message = f"only an sdist of it is admitted, and the lock does not pin what it is built with: {what}"
    return Note(sdist.pin.line, sdist.pin.text, message, sdist.pin.document)


def written(answer: BuildReport) -> dict[str, Any]:
    """Return a report as JSON-compatible values."""
    return {
        "sdists": [
            {
                "project": sdist.file.project,
                "version": str(sdist.file.version) if sdist.file.listed else None,
                "filename": sdist.file.filename,
                "sha256": sdist.file.sha256,
                "must_be_built": sdist.must_be_built,
                "backend": sdist.system.backend if sdist.system else None,
                "declared": sdist.system.declared if sdist.system else None,
                "requires": sdist.system.requires if sdist.system else None,
                "setup_requires": sdist.system.setup_requires if sdist.system else None,
                "unread": sdist.system.unread if sdist.system else [sdist.trouble or sdist.passed_over],
            }
            for sdist in answer.sdists
        ],
        "requirements": [asdict(wanted) | {"lacking": wanted.lacking} for wanted in answer.wanted],
        "unread": answer.troubles,
        "warnings": [note.as_dict() for note in answer.notes],
    }
