"""The SBOM of a commitment, made from its frozen pages and the core metadata of its files; and merged SBOMs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Any, TypeVar

from attrs import define, evolve, field, frozen

from reqpi.core.export.admitted import Admitted
from reqpi.core.model import Commitment, File, Git, Page, Pin, Project
from reqpi.core.sbom.model import APPLICATION, About, Artifact, Component, MainComponent, Sbom
from reqpi.core.sbom.properties import PUBLISHER
from reqpi.core.sbom.purls import purl_of
from reqpi.core.sbom.requires import edges
from reqpi.core.sbom.timestamps import newest
from reqpi.core.shown_urls import as_shown

__all__ = ["BUILDS", "described_by", "merged", "sbom_of", "united"]


BUILDS = ("requirements-build*.txt", "build-requirements*.txt")
"""The filename patterns of documents that pin build requirements only."""


def sbom_of(
    commitment: Commitment,
    pages: Mapping[Project, Page],
    known: Mapping[File, About],
    *,
    own: MainComponent | None = None,
    folder: str = "",
    builds: Collection[str] | None = None,
    files: Collection[File] | None = None,
) -> Sbom:
    """Return the SBOM of a commitment.

    :param pages: the frozen page of every project that the lock pins.
    :param known: the core metadata, by file. A file of :func:`described_by` that is missing here counts as unread.
    :param own: the project that the lock belongs to.
    :param folder: the folder of the lock's documents, relative to the subject of the SBOM; ``missing_hash_in`` begins
        with it.
    :param builds: the paths of the documents that pin build requirements; ``None``: those that match :data:`BUILDS`.
    :param files: the files to list; a component without any of them is left out. ``None``: all files that the lock
        admits.
    :raises reqpi.core.errors.NothingUpstream: a pin has no file.
    """
    releases = _releases(commitment, pages, files)
    described = {release.purl: release.described for release in releases}
    abouts = {purl: known[file] for purl, file in described.items() if file in known}
    making = _Making(commitment, folder, builds)
    components = tuple(sorted(making.component(one, abouts.get(one.purl, About())) for one in releases))
    asked = {release.purl: sorted({extra for pin in release.pins for extra in pin.extras}) for release in releases}
    return Sbom(
        commitment.address,
        own,
        components,
        edges(components, asked, {purl: abouts[purl].requires for purl in sorted(abouts)}),
        tuple(sorted(purl for purl, file in described.items() if file.wheel and purl not in abouts)),
        # The time of the newest file: no such lock can have existed before.
        newest(file.upload_time for release in releases for file in release.files),
    )


def described_by(
    commitment: Commitment, pages: Mapping[Project, Page], files: Collection[File] | None = None
) -> list[File]:
    """Return the files whose core metadata an SBOM needs: one for each component.

    :param files: the files that are listed, including sdists, whose ``PKG-INFO`` is available. ``None``: the wheels
        that the lock admits, because an index serves core metadata for wheels only.
    :raises reqpi.core.errors.NothingUpstream: a pin has no file.
    """
    described = [release.described for release in _releases(commitment, pages, files)]
    return [file for file in described if file.wheel or files is not None]


@define
class _Release:
    """The pins of a future component, and the files that they admit."""

    purl: str
    pins: list[Pin] = field(factory=list)
    files: dict[File, None] = field(factory=dict)

    @property
    def described(self) -> File:
        """The wheel for all platforms, or another wheel, or the ``.tar.gz``, or another file; the first by name."""
        return min(self.files, key=_preference)


def _preference(file: File) -> tuple[bool, bool, str]:
    likely = file.filename.endswith("-none-any.whl" if file.wheel else ".tar.gz")
    return not file.wheel, not likely, file.filename


def _releases(
    commitment: Commitment, pages: Mapping[Project, Page], files: Collection[File] | None = None
) -> list[_Release]:
    """Return the future components with their listed files."""
    admitted = Admitted(commitment, pages)
    releases: dict[str, _Release] = {}
    for pin in commitment.lock.pins:
        for file in admitted.files(pin):
            if files is not None and file not in files:
                continue
            purl = purl_of(file)
            release = releases.setdefault(purl, _Release(purl))
            release.files[file] = None
            if pin not in release.pins[-1:]:
                release.pins.append(pin)
    return list(releases.values())


@frozen
class _Making:
    """The arguments of :func:`sbom_of` that all components share."""

    commitment: Commitment
    folder: str
    builds: Collection[str] | None

    def component(self, release: _Release, about: About) -> Component:
        """Return the component of a release."""
        first = release.described
        return Component(
            release.purl,
            first.project,
            str(first.version) if first.listed else "",
            tuple(sorted(map(_artifact, release.files))),
            about.summary,
            about.licences,
            all(self._is_for_builds(pin.document) for pin in release.pins),
            tuple(sorted(set(self._without_hash(release.pins)))),
            properties=tuple(sorted({(PUBLISHER, str(each)) for each in about.publishers})),
        )

    def _is_for_builds(self, document: str) -> bool:
        if self.builds is not None:
            return document in self.builds
        return any(fnmatchcase(document.rpartition("/")[2], pattern) for pattern in BUILDS)

    def _without_hash(self, pins: Iterable[Pin]) -> Iterator[str]:
        """Yield the documents that pin it without a digest. A git commit needs none, because it is a digest itself."""
        for pin in pins:
            if pin.trusted_on_first_use:
                document = pin.document or self.commitment.lock.format
                yield document if self.folder in ("", ".") else f"{self.folder.rstrip('/')}/{document}"


def _artifact(file: File) -> Artifact:
    if isinstance(file.source, Git):
        url = f"git+{file.source.url}@{file.source.commit}"
    else:
        url = as_shown(file.url.removeprefix("archive+"))
    return Artifact(file.filename, file.wheel, tuple(sorted(file.digests)), url)


_T = TypeVar("_T", bound=Any)

_ALL = frozenset({"cdx:npm:package:bundled", "cdx:npm:package:development"})
"""The properties that a merged component keeps only if every document that lists it has them."""


def merged(sboms: Iterable[Sbom], own: MainComponent | None = None) -> Sbom:
    """Merge SBOMs, whose order does not matter.

    A component has the files of all SBOMs, and is a build requirement if every SBOM that lists it says so.

    :param sboms: at least one.
    :param own: the main component; ``None``: that of the SBOMs, if it is the same in all that have one.
    """
    given = list(sboms)
    if len(given) == 1:
        return given[0] if own is None else given[0].of(own)
    said = {component.ref for sbom in given for component in sbom.components if component.ref not in sbom.unread}
    unread = {ref for sbom in given for ref in sbom.unread} - said
    owns = {sbom.own for sbom in given if sbom.own is not None}
    return Sbom(
        sha256("\n".join(sorted({f"{sbom.key} {sbom.index}".strip() for sbom in given})).encode()).hexdigest(),
        own or (owns.pop() if len(owns) == 1 else None),
        united(component for sbom in given for component in sbom.components),
        tuple(sorted({edge for sbom in given for edge in sbom.edges})),
        tuple(sorted(unread)),
        max(sbom.created for sbom in given),
        tuple(sorted({address for sbom in given for address in _addresses(sbom)})),
    )


def united(components: Iterable[Component]) -> tuple[Component, ...]:
    """Merge the components that have the same ref, and return them sorted."""
    same: dict[str, list[Component]] = {}
    for component in components:
        same.setdefault(component.ref, []).append(component)
    return tuple(sorted(map(_one, same.values())))


def _addresses(sbom: Sbom) -> Sequence[str]:
    return [sbom.key] * bool(sbom.key) if sbom.addresses is None else sbom.addresses


def _one(same: Sequence[Component]) -> Component:
    """Merge components that have the same ref."""
    if len(same) == 1:
        return same[0]
    described = min((one for one in same if one.summary or one.licences), default=same[0])
    return evolve(
        min(same),
        version=max(one.version for one in same),
        artifacts=_union(one.artifacts for one in same),
        summary=described.summary,
        licences=described.licences,
        build=all(one.build for one in same),
        missing_hash_in=_union(one.missing_hash_in for one in same),
        found_by=_union(one.found_by for one in same),
        kind=APPLICATION if any(one.kind == APPLICATION for one in same) else min(one.kind for one in same),
        annotations=_union(one.annotations for one in same),
        marked_binary=any(one.marked_binary for one in same),
        properties=tuple(
            each
            for each in _union(one.properties for one in same)
            if each[0] not in _ALL or all(each in one.properties for one in same)
        ),
        proxies=_union(one.proxies for one in same),
    )


def _union(given: Iterable[tuple[_T, ...]]) -> tuple[_T, ...]:
    return tuple(sorted({each for one in given for each in one}))
