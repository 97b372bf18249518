"""The stored record of core metadata, written once all of it is known, so that an SBOM never changes again."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence

from attrs import field, frozen
from packageurl import PackageURL

from reqpi.core.errors import StoreTrouble
from reqpi.core.provenance.publishers import Publisher, publisher
from reqpi.core.requires_dist import read
from reqpi.core.sbom.inside import InsideSbom
from reqpi.core.sbom.model import About, Component, Licence
from reqpi.core.sbom.reading.cyclonedx import KINDS
from reqpi.core.stored_json import mapping, newer, parse, sequence, typed

__all__ = ["RecordedSbom", "dump", "dump_publishers", "load", "load_publishers", "of_interest"]

_LAYOUT = 1


def of_interest(said: About, projects: Collection[str]) -> About:
    """Return the same metadata with only the requirements on ``projects``: an SBOM does not use the others."""
    named = (line for line in said.requires if (requirement := read(line)) and requirement.project in projects)
    return About(said.summary, said.licences, tuple(named))


def dump(known: Mapping[str, About], inside: Mapping[str, Sequence[InsideSbom]] | None = None) -> bytes:
    """Return the bytes of a record; equal metadata gives equal bytes.

    :param known: the metadata by the sha256 of its file.
    :param inside: the SBOMs inside wheels, by the sha256 of the wheel. Versions of ReqPI that know none ignore them.
    """
    files = {
        sha256: [said.summary, [[each.text, each.expression] for each in said.licences], list(said.requires)]
        for sha256, said in known.items()
    }
    record: dict[str, object] = {"layout": _LAYOUT, "files": files}
    if inside:
        record["inside"] = {sha256: [_document(each) for each in documents] for sha256, documents in inside.items()}
    return json.dumps(record, sort_keys=True, separators=(",", ":")).encode()


def _document(document: InsideSbom) -> list[object]:
    found = document.components
    components = None if found is None else [[_said(one), one.purl, one.name, one.version, one.kind] for one in found]
    return [document.path, components, [list(edge) for edge in document.edges], list(document.tops)]


def _said(one: About | Component) -> list[object]:
    return [one.summary, [[each.text, each.expression] for each in one.licences], []]


@frozen
class RecordedSbom:
    """The facts that an SBOM reports about the files of a lock.

    :param known: the core metadata by the sha256 of its file.
    :param inside: the SBOMs inside wheels, by the sha256 of the wheel; an earlier ReqPI wrote none.
    """

    known: Mapping[str, About] = field(factory=dict)
    inside: Mapping[str, Sequence[InsideSbom]] = field(factory=dict)


def load(data: bytes) -> RecordedSbom:
    """Read a record of :func:`dump`.

    :raises Exception: one of :data:`reqpi.core.stored_json.NOT_WRITTEN`: it is damaged.
    :raises reqpi.core.errors.StoreTrouble: a newer ReqPI wrote it.
    """
    record = _record(data)
    inside = mapping(record.get("inside", {}))
    return RecordedSbom(
        {sha256: _about(entry) for sha256, entry in mapping(record["files"]).items()},
        {sha256: tuple(map(_inside, typed(documents, list))) for sha256, documents in inside.items()},
    )


def dump_publishers(known: Mapping[str, Collection[Publisher]]) -> bytes:
    """Return the bytes of the record of who published the files that an SBOM describes.

    :param known: the publishers by the sha256 of the file.
    """
    files = {sha256: [each.members for each in publishers] for sha256, publishers in known.items()}
    return json.dumps({"layout": _LAYOUT, "publishers": files}, sort_keys=True, separators=(",", ":")).encode()


def load_publishers(data: bytes) -> dict[str, tuple[Publisher, ...]]:
    """Read a record of :func:`dump_publishers`; it raises the errors of :func:`load`."""
    files = mapping(_record(data)["publishers"])
    return {sha256: tuple(map(publisher, typed(entry, list))) for sha256, entry in files.items()}


def _record(data: bytes) -> Mapping[str, object]:
    record = mapping(parse(data))
    if record["layout"] != _LAYOUT:
        raise StoreTrouble(newer(record["layout"]), "Install that version.")
    return record


def _inside(entry: object) -> InsideSbom:
    path, components, edges, tops = typed(entry, list)
    found = None if components is None else tuple(map(_component, typed(components, list)))
    refs = {one.ref for one in found or ()}
    pairs = [tuple(sequence(edge, str)) for edge in typed(edges, list)]
    named = sequence(tops, str)
    if any(len(pair) != 2 for pair in pairs) or not refs.issuperset([*named, *(ref for pair in pairs for ref in pair)]):
        raise ValueError("an SBOM inside a wheel is not valid")
    return InsideSbom(typed(path, str), found, tuple((one, other) for one, other in pairs), named)


def _component(entry: object) -> Component:
    said, purl, name, version, kind = typed(entry, list)
    about = _about(said)
    if kind not in KINDS:
        raise ValueError("a component has no such kind")
    canonical = PackageURL.from_string(typed(purl, str)).to_string() if purl else ""
    return Component(
        canonical, typed(name, str), typed(version, str), summary=about.summary, licences=about.licences, kind=kind
    )


def _about(entry: object) -> About:
    summary, licences, requires = typed(entry, list)
    return About(typed(summary, str), tuple(map(_licence, typed(licences, list))), sequence(requires, str))


def _licence(entry: object) -> Licence:
    text, expression = typed(entry, list)
    return Licence(typed(text, str), typed(expression, bool))
