"""The reader of CycloneDX documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import evolve

from reqpi.core.sbom.gathering import united
from reqpi.core.sbom.model import APPLICATION, LIBRARY, Artifact, Component, Licence, MainComponent, Sbom
from reqpi.core.sbom.properties import PATCH, PROXY
from reqpi.core.sbom.reading.components import (
    LONGEST_VERSION,
    Gathered,
    as_licences,
    one_line,
    purl_in,
    with_properties,
)
from reqpi.core.sbom.reading.fields import BadSbom, Notes, digests_of, mapping, objects, text, texts
from reqpi.core.sbom.timestamps import timestamp

__all__ = ["KINDS", "read"]

_KNOWN = (
    *("$schema", "bomFormat", "specVersion", "serialNumber", "version"),
    *("metadata", "components", "dependencies", "annotations"),
)
_OF_METADATA = ("timestamp", "tools", "component", "properties")
_OF_COMPONENT = (
    *("type", "bom-ref", "name", "version", "description", "hashes", "licenses"),
    *("purl", "externalReferences", "properties", "pedigree"),
)
KINDS = (LIBRARY, APPLICATION, "file", "framework", "container")


def read(document: Mapping[str, Any], key: str, notes: Notes) -> Sbom:
    """Read a document.

    :param key: the key of the SBOM.
    :param notes: collects the fields that are not read.
    :raises BadSbom: a value in it is invalid.
    """
    notes.others(document, "", _KNOWN)
    if not text(document, "specVersion", "").startswith("1."):
        raise BadSbom("specVersion", "only CycloneDX 1.x is supported")
    metadata = mapping(document.get("metadata"), "metadata")
    notes.others(metadata, "metadata", _OF_METADATA)
    gathered = Gathered()
    lines = _annotations(document, notes)
    for where, fields in objects(document, "components"):
        component, unread = _component(fields, where, "components[]", notes)
        identifier = text(fields, "bom-ref", where) or component.ref
        if identifier in gathered.refs:
            raise BadSbom(where, f"the bom-ref {identifier[:80]!r} is repeated")
        gathered.add(identifier, evolve(component, annotations=tuple(sorted(lines.pop(identifier, ())))), unread, where)
    if lines:
        notes.say("annotations[] of components that are not listed")
    own = _main(metadata, gathered, notes)
    for where, fields in objects(document, "dependencies"):
        notes.others(fields, "dependencies[]", ("ref", "dependsOn"))
        for other in texts(fields, "dependsOn", where):
            if not gathered.connect(text(fields, "ref", where), other):
                notes.say("dependencies[] of components that are not listed")
    properties = _properties(metadata, "metadata", "metadata.properties[]", notes)
    return Sbom(
        key,
        own,
        united(gathered.components),
        tuple(sorted(gathered.edges)),
        tuple(sorted(gathered.unread)),
        timestamp(text(metadata, "timestamp", "metadata")),
        tuple(sorted({value for name, value in properties if name == "reqpi:address"})),
    )


def _main(metadata: Mapping[str, Any], gathered: Gathered, notes: Notes) -> MainComponent | None:
    """Return the main component, which also becomes one of the components."""
    where = "metadata.component"
    fields = mapping(metadata.get("component"), where)
    if not fields:
        return None
    component, unread = _component(fields, where, where, notes)
    component = evolve(component, kind=APPLICATION)
    gathered.add(text(fields, "bom-ref", where) or component.ref, component, unread, where)
    return MainComponent(component.name, component.version, component.purl)


def _component(fields: Mapping[str, Any], where: str, place: str, notes: Notes) -> tuple[Component, bool]:
    notes.others(fields, place, _OF_COMPONENT)
    kind = text(fields, "type", where) or LIBRARY
    if kind not in KINDS:
        notes.say(f"{place}.type {kind[:40]}")
        kind = LIBRARY
    name = one_line(text(fields, "name", where))
    if not name:
        raise BadSbom(where, "the name is missing")
    artifacts, proxies = _references(fields, where, place, notes)
    if not artifacts and (digests := digests_of(fields, "hashes", ("alg", "content"), where, notes)):
        artifacts = {Artifact("", False, digests)}
    component = Component(
        purl_in(text(fields, "purl", where), f"{where}.purl"),
        name,
        one_line(text(fields, "version", where))[:LONGEST_VERSION],
        tuple(sorted(artifacts)),
        one_line(text(fields, "description", where)),
        tuple(sorted(set(_licences(fields, where, place, notes)))),
        kind=kind,
        proxies=tuple(sorted(proxies)),
    )
    patches = [(f"{PATCH}{kind}", url) for kind, url in _patches(fields, where, place, notes)]
    return with_properties(component, [*_properties(fields, where, f"{place}.properties[]", notes), *patches])


def _references(fields: Mapping[str, Any], where: str, place: str, notes: Notes) -> tuple[set[Artifact], set[str]]:
    """Return the files of a component, and the URLs of the proxies it was fetched through."""
    artifacts, proxies = set(), set()
    for at, each in objects(fields, "externalReferences", where):
        notes.others(each, f"{place}.externalReferences[]", ("type", "url", "comment", "hashes"))
        kind, url, comment = (text(each, key, at) for key in ("type", "url", "comment"))
        if kind not in ("distribution", "vcs"):
            notes.say(f"{place}.externalReferences[] of type {kind[:40]}")
        elif comment == PROXY:
            proxies.add(one_line(url))
        else:
            filename = one_line(comment).replace(" ", "_")
            digests = digests_of(each, "hashes", ("alg", "content"), at, notes)
            artifacts.add(Artifact(filename, filename.endswith(".whl"), digests, one_line(url)))
    return artifacts, proxies


def _patches(fields: Mapping[str, Any], where: str, place: str, notes: Notes) -> Iterator[tuple[str, str]]:
    pedigree = mapping(fields.get("pedigree"), f"{where}.pedigree")
    notes.others(pedigree, f"{place}.pedigree", ("patches",))
    for at, each in objects(pedigree, "patches", f"{where}.pedigree"):
        notes.others(each, f"{place}.pedigree.patches[]", ("type", "diff"))
        diff = mapping(each.get("diff"), f"{at}.diff")
        notes.others(diff, f"{place}.pedigree.patches[].diff", ("url",))
        kind = text(each, "type", at)
        if kind not in ("unofficial", "monkey", "backport", "cherry-pick"):
            raise BadSbom(f"{at}.type", f"{kind[:80]!r} is not a kind of patch")
        yield kind, one_line(text(diff, "url", at))


def _licences(fields: Mapping[str, Any], where: str, place: str, notes: Notes) -> Iterator[Licence]:
    for at, each in objects(fields, "licenses", where):
        notes.others(each, f"{place}.licenses[]", ("license", "expression", "acknowledgement"))
        licence = mapping(each.get("license"), f"{at}.license")
        notes.others(licence, f"{place}.licenses[].license", ("id", "name", "acknowledgement"))
        said = text(each, "expression", at) or text(licence, "id", at) or text(licence, "name", at)
        yield from as_licences(said)


def _properties(fields: Mapping[str, Any], where: str, place: str, notes: Notes) -> Iterator[tuple[str, str]]:
    for at, each in objects(fields, "properties", where):
        notes.others(each, place, ("name", "value"))
        yield one_line(text(each, "name", at)), one_line(text(each, "value", at))


def _annotations(document: Mapping[str, Any], notes: Notes) -> dict[str, set[str]]:
    """Return the lines about each bom-ref."""
    lines: dict[str, set[str]] = {}
    for where, fields in objects(document, "annotations"):
        notes.others(fields, "annotations[]", ("bom-ref", "subjects", "annotator", "timestamp", "text"))
        for subject in texts(fields, "subjects", where):
            lines.setdefault(subject, set()).add(one_line(text(fields, "text", where)))
    return lines
