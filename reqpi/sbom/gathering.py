"""A commitment, its frozen pages and what is known of its files, as a bill."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from attrs import define, field, frozen

from reqpi.export.links import Admitted
from reqpi.model import Commitment, File, Git, Page, Pin, Project
from reqpi.sbom.model import UNDATED, About, Artifact, Bill, Component, Own
from reqpi.sbom.purls import purl_of
from reqpi.sbom.requires import edges

__all__ = ["BUILDS", "bill_of", "described_by"]

BUILDS = ("requirements-build*.txt", "build-requirements*.txt")
"""How documents are called that pin what builds need, and nothing else does."""


def bill_of(
    commitment: Commitment,
    pages: Mapping[Project, Page],
    known: Mapping[File, About],
    *,
    own: Own | None = None,
    folder: str = "",
    builds: Collection[str] | None = None,
    files: Collection[File] | None = None,
) -> Bill:
    """The bill of a commitment.

    :param pages: the frozen page of every project that the lock pins.
    :param known: what core metadata says, by the file it is of. What is missing of :func:`described_by` is unread.
    :param own: the project whose lock it is.
    :param folder: where the documents of the lock are, below what the bill is of: ``missing_hash_in`` begins with it.
    :param builds: the paths of the documents that pin build requirements; ``None``: those called like :data:`BUILDS`.
    :param files: those to be listed; a component with none of them is left out. ``None``: all that the lock admits.
    :raises reqpi.errors.NothingUpstream: a pin has no file.
    """
    releases = [
        release for release in _releases(commitment, pages) if files is None or any(f in files for f in release.files)
    ]
    described = {release.purl: release.described for release in releases}
    abouts = {purl: known[file] for purl, file in described.items() if file in known}
    making = _Making(commitment, folder, builds, files)
    components = tuple(sorted(making.component(one, abouts.get(one.purl, About())) for one in releases))
    asked = {release.purl: sorted({extra for pin in release.pins for extra in pin.extras}) for release in releases}
    return Bill(
        commitment.address,
        own,
        components,
        edges(components, asked, {purl: abouts[purl].requires for purl in sorted(abouts)}),
        tuple(sorted(purl for purl, file in described.items() if file.wheel and purl not in abouts)),
        _created(release.files for release in releases),
    )


def described_by(commitment: Commitment, pages: Mapping[Project, Page]) -> list[File]:
    """The files whose core metadata a bill is made with: one wheel of each component that has any.

    Only wheels have a metadata file. One who has the ``PKG-INFO`` of an sdist may make it known to a bill all the same.

    :raises reqpi.errors.NothingUpstream: a pin has no file.
    """
    return [release.described for release in _releases(commitment, pages) if release.described.wheel]


@define
class _Release:
    """A component in the making: the pins that mean it, and the files that they admit."""

    purl: str
    pins: list[Pin] = field(factory=list)
    files: dict[File, None] = field(factory=dict)

    @property
    def described(self) -> File:
        """The wheel for most platforms, else the ``.tar.gz``; of several the first by name."""
        return min(self.files, key=_preference)


def _preference(file: File) -> tuple[bool, bool, str]:
    likely = file.filename.endswith("-none-any.whl" if file.wheel else ".tar.gz")
    return not file.wheel, not likely, file.filename


def _releases(commitment: Commitment, pages: Mapping[Project, Page]) -> list[_Release]:
    admitted = Admitted(commitment, pages)
    releases: dict[str, _Release] = {}
    for pin in commitment.lock.pins:
        for file in admitted.files(pin):
            purl = purl_of(file)
            release = releases.setdefault(purl, _Release(purl))
            release.files[file] = None
            if pin not in release.pins[-1:]:
                release.pins.append(pin)
    return list(releases.values())


@frozen
class _Making:
    """What all components have in common; see :func:`bill_of`."""

    commitment: Commitment
    folder: str
    builds: Collection[str] | None
    files: Collection[File] | None

    def component(self, release: _Release, about: About) -> Component:
        """The component that a release becomes."""
        first = release.described
        listed = [file for file in release.files if self.files is None or file in self.files]
        return Component(
            release.purl,
            first.project,
            str(first.version) if first.listed else "",
            tuple(sorted(map(_artifact, listed))),
            about.summary,
            about.licences,
            all(self._is_for_builds(pin.document) for pin in release.pins),
            tuple(sorted(set(self._without_hash(release.pins)))),
        )

    def _is_for_builds(self, document: str) -> bool:
        if self.builds is not None:
            return document in self.builds
        return any(fnmatchcase(document.rpartition("/")[2], pattern) for pattern in BUILDS)

    def _without_hash(self, pins: Iterable[Pin]) -> Iterator[str]:
        """The documents that pin it and leave its bytes open. A commit does not: it is a digest itself."""
        for pin in pins:
            if pin.source is None and not pin.digests:
                document = pin.document or self.commitment.lock.format
                yield document if self.folder in ("", ".") else f"{self.folder.rstrip('/')}/{document}"


def _artifact(file: File) -> Artifact:
    if isinstance(file.source, Git):
        url = f"git+{file.source.url}@{file.source.commit}"
    else:
        url = file.url.removeprefix("archive+")
    return Artifact(file.filename, file.wheel, tuple(sorted(file.digests)), url)


def _created(releases: Iterable[Iterable[File]]) -> str:
    """When the newest file was uploaded: the first moment at which there can have been such a lock."""
    times = [time for files in releases for file in files if (time := _time(file.upload_time)) is not None]
    return f"{max(times).replace(tzinfo=None).isoformat(timespec='seconds')}Z" if times else UNDATED


def _time(text: str | None) -> datetime | None:
    try:
        said = datetime.fromisoformat(text or "")
        return (said if said.tzinfo else said.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
