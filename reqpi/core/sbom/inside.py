"""The SBOMs inside wheels (:pep:`770`), and their components below those wheels.

Builders write into ``.dist-info/sboms/`` what they have put into a wheel: shared libraries, crates. The documents may
come from anyone. They are read with the same bounds as any other, and what they say is about their own wheel alone: a
component of the lock stays as it is, whatever they say about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from attrs import evolve, frozen

from reqpi.core.metadata.wheel import BrokenWheel, dist_info_of
from reqpi.core.metadata.zip_ranges import MAX_DIRECTORY, UNREADABLE, GuardedFile, Readable
from reqpi.core.model import Project
from reqpi.core.sbom.gathering import united
from reqpi.core.sbom.model import APPLICATION, LIBRARY, Component, Sbom
from reqpi.core.sbom.reading import BadSbom, read_sbom
from reqpi.core.sbom.text import words

__all__ = ["IN_WHEEL", "InsideSbom", "bounded", "is_inside", "read_inside", "with_inside"]

IN_WHEEL = "reqpi:in_wheel"
"""The property of a component that an SBOM inside a wheel lists: the filename of that wheel."""

_UNREAD = ("reqpi:sbom", "unread")
"""The property of a component that stands for an SBOM inside a wheel which could not be read."""

_LARGEST = 1 << 21
_MOST_DOCUMENTS = 16
_MOST_COMPONENTS = 2000
"""Bounds for one wheel: bytes of a document, documents, and components of a document."""

_MOST_TOGETHER = 20_000
"""Components inside all wheels of an SBOM, at most."""

_PATH = 200


@frozen
class InsideSbom:
    """The content of one SBOM inside a wheel.

    :param path: of the document, below ``sboms/``.
    :param components: everything that it lists except for its main component; ``None`` if it cannot be read.
    :param edges: as in :class:`reqpi.core.sbom.Sbom`.
    :param tops: the refs of the components that the wheel contains directly, or that no other requires.
    """

    path: str
    components: tuple[Component, ...] | None = None
    edges: tuple[tuple[str, str], ...] = ()
    tops: tuple[str, ...] = ()


def read_inside(file: Readable, filename: str, project: Project) -> tuple[InsideSbom, ...]:
    """Read the SBOMs inside a wheel.

    :param filename: for messages.
    :raises reqpi.core.metadata.wheel.BrokenWheel: it is not a wheel of the project.
    :raises reqpi.core.metadata.zip_ranges.MissingRange: ``file`` is sparse and lacks bytes that are needed first.
    """
    try:
        guarded = GuardedFile(file)
        with ZipFile(guarded) as archive:
            folder = f"{dist_info_of(archive, filename, project)}/sboms/"
            entries = [
                entry for entry in archive.infolist() if entry.filename.startswith(folder) and not entry.is_dir()
            ]
            able = [entry for entry in entries[:_MOST_DOCUMENTS] if _is_able(entry)]
            _touch(guarded, able)
            read = {entry.filename: archive.read(entry) for entry in able}
    except UNREADABLE as error:
        raise BrokenWheel(f"{filename} cannot be read", f"It is a broken archive ({error}).") from error
    return tuple(_inside(entry.filename.removeprefix(folder), read.get(entry.filename)) for entry in _some(entries))


def _some(entries: Sequence[ZipInfo]) -> Sequence[ZipInfo]:
    """Return the documents to report: those that may be read, and one that stands for all further ones."""
    return entries[: _MOST_DOCUMENTS + 1]


def _is_able(entry: ZipInfo) -> bool:
    plain = entry.compress_type in {ZIP_STORED, ZIP_DEFLATED} and not entry.flag_bits & 1
    return plain and max(entry.file_size, entry.compress_size) <= _LARGEST


def _touch(guarded: GuardedFile, entries: Sequence[ZipInfo]) -> None:
    """Read all entries at once if they are next to each other, so that a sparse file reports one missing range."""
    if entries:
        first = min(entry.header_offset for entry in entries)
        last = max(entries, key=lambda entry: entry.header_offset)
        if last.header_offset + last.compress_size - first < MAX_DIRECTORY - (1 << 16):
            guarded.seek(first)
            guarded.read(last.header_offset - first + last.compress_size + (1 << 11))


def _inside(path: str, data: bytes | None) -> InsideSbom:
    path = words(path, _PATH)
    if data is None:
        return InsideSbom(path)
    try:
        found = read_sbom(data, _LARGEST).sbom
    except BadSbom:
        return InsideSbom(path)
    main = None if found.own is None else found.own.ref
    components = tuple(_bare(one) for one in found.components if one.ref != main)
    if len(components) > _MOST_COMPONENTS:
        return InsideSbom(path)
    edges = tuple(edge for edge in found.edges if main not in edge)
    refs = {one.ref for one in components}
    tops = tuple(sorted({*found.tops, *evolve(found, own=None, components=components, edges=edges).tops} & refs))
    return InsideSbom(path, components, edges, tops)


def _bare(component: Component) -> Component:
    """Return a component without anything that could be taken for what ReqPI says of the files of a lock."""
    kind = LIBRARY if component.kind == APPLICATION else component.kind
    return Component(
        component.purl,
        component.name,
        component.version,
        summary=component.summary,
        licences=component.licences,
        kind=kind,
    )


def bounded(found: Iterable[tuple[str, Sequence[InsideSbom]]]) -> dict[str, tuple[InsideSbom, ...]]:
    """Return the SBOMs inside wheels; those beyond :data:`_MOST_TOGETHER` components count as unread.

    :param found: the sha256 of each wheel and the SBOMs inside it, in an order that depends on the wheels alone.
    """
    left, kept = _MOST_TOGETHER, {}
    for sha256, documents in found:
        left -= sum(len(document.components or ()) for document in documents)
        if documents:
            kept[sha256] = tuple(document if left >= 0 else InsideSbom(document.path) for document in documents)
    return kept


def is_inside(component: Component) -> bool:
    """Return whether a component of an SBOM is one that an SBOM inside a wheel lists."""
    return any(name == IN_WHEEL for name, _ in component.properties)


def with_inside(sbom: Sbom, inside: Mapping[str, Sequence[InsideSbom]]) -> Sbom:
    """Return ``sbom`` with the components inside its wheels, each below the component that has the wheel.

    A component of ``sbom`` that a wheel lists is not changed: there is only an edge to it.

    :param inside: the SBOMs inside a wheel, by its sha256.
    """
    own = {component.ref for component in sbom.components}
    components: list[Component] = []
    edges = set(sbom.edges)
    for ref, filename, sha256 in _wheels(sbom):
        for document in inside.get(sha256, ()):
            found = list(_marked(document, filename))
            components += [one for one in found if one.ref not in own]
            below = document.tops if document.components is not None else [one.ref for one in found]
            edges.update((ref, other) for other in below if other != ref)
            edges.update((one, other) for one, other in document.edges if one not in own and one != other)
    if not components and edges == set(sbom.edges):
        return sbom
    return evolve(sbom, components=united([*sbom.components, *components]), edges=tuple(sorted(edges)))


def _wheels(sbom: Sbom) -> Iterator[tuple[str, str, str]]:
    """Yield the ref of the component, the filename and the sha256 of each wheel."""
    for component in sbom.components:
        for artifact in component.artifacts:
            for digest in artifact.digests if artifact.wheel else ():
                if digest.algorithm == "sha256":
                    yield component.ref, artifact.filename, digest.hex


def _marked(document: InsideSbom, filename: str) -> Iterator[Component]:
    """Yield the components of a document, or one that stands for a document that could not be read."""
    inside = (IN_WHEEL, filename)
    if document.components is None:
        yield Component("", f"{filename}/{document.path}", kind="file", properties=(inside, _UNREAD))
        return
    for component in document.components:
        yield evolve(component, properties=(inside,))
