"""The reader of SPDX 2.3 documents."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import evolve

from reqpi.core.model import Digest
from reqpi.core.sbom.gathering import united
from reqpi.core.sbom.model import APPLICATION, LIBRARY, Artifact, Component, Licence, MainComponent, Sbom
from reqpi.core.sbom.reading.components import (
    LONGEST_VERSION,
    Gathered,
    as_licences,
    name_in,
    one_line,
    purl_in,
    with_properties,
)
from reqpi.core.sbom.reading.fields import BadSbom, Notes, digests_of, mapping, objects, text
from reqpi.core.sbom.timestamps import timestamp

__all__ = ["read"]

_DOCUMENT = "SPDXRef-DOCUMENT"
_KNOWN = (
    *("spdxVersion", "dataLicense", "SPDXID", "name", "documentNamespace", "creationInfo", "packages"),
    *("hasExtractedLicensingInfos", "relationships", "documentDescribes", "annotations"),
)
_OF_PACKAGE = (
    *("SPDXID", "name", "versionInfo", "externalRefs", "annotations", "downloadLocation", "sourceInfo"),
    *("filesAnalyzed", "licenseConcluded", "licenseDeclared", "copyrightText", "primaryPackagePurpose"),
    *("checksums", "summary"),
)
_KINDS = {"LIBRARY": LIBRARY, "APPLICATION": APPLICATION, "FILE": "file", "FRAMEWORK": "framework"}
_NOTHING = ("", "NOASSERTION", "NONE")
_LOCK = re.compile(r"lock ([0-9a-f]{64})|merged [0-9a-f]{64}")
"""The name that our documents give to their root if the project is not known."""

_DIGEST = re.compile(r"(sha256):([0-9a-f]{64})|(sha384):([0-9a-f]{96})|(sha512):([0-9a-f]{128})")
_REF = re.compile(r"LicenseRef-[A-Za-z0-9.-]+")


def read(document: Mapping[str, Any], key: str, notes: Notes) -> Sbom:
    """Read a document.

    :param key: the key of the SBOM.
    :param notes: collects the fields that are not read.
    :raises BadSbom: a value in it is invalid.
    """
    notes.others(document, "", _KNOWN)
    named = _texts(document)
    related = [_related(where, each, notes) for where, each in objects(document, "relationships")]
    described = {other for one, kind, other in related if kind == "DESCRIBES" and one == _DOCUMENT}
    gathered, owns, locks = Gathered(), list[MainComponent](), set[str]()
    for where, fields in objects(document, "packages"):
        identifier = text(fields, "SPDXID", where)
        if not identifier or identifier in gathered.refs:
            raise BadSbom(f"{where}.SPDXID", "the SPDXID is missing or repeated")
        is_root = identifier in described
        for component, unread in _components(fields, where, named, notes):
            if not is_root:
                gathered.add(identifier, component, unread, where)
            elif (lock := _LOCK.fullmatch(component.name)) is not None:
                locks.update(filter(None, lock.groups()))
            else:
                gathered.add(identifier, evolve(component, kind=APPLICATION), unread, where)
                owns.append(MainComponent(component.name, component.version, component.purl))
    for one, kind, other in related:
        if kind == "DEPENDS_ON" and not gathered.connect(one, other) and one not in described:
            notes.say("relationships[] of packages that are not listed")
    creation = mapping(document.get("creationInfo"), "creationInfo")
    return Sbom(
        key,
        owns[0] if len(owns) == 1 else None,
        united(gathered.components),
        tuple(sorted(gathered.edges)),
        tuple(sorted(gathered.unread)),
        timestamp(text(creation, "created", "creationInfo")),
        tuple(sorted(locks)),
    )


def _related(where: str, fields: Mapping[str, Any], notes: Notes) -> tuple[str, str, str]:
    one, kind, other = (text(fields, key, where) for key in ("spdxElementId", "relationshipType", "relatedSpdxElement"))
    if kind == "DEPENDENCY_OF":
        return other, "DEPENDS_ON", one
    if kind not in ("DESCRIBES", "CONTAINS", "DEPENDS_ON"):
        notes.say(f"relationships[] {kind[:40]}")
    return one, kind, other


def _components(
    fields: Mapping[str, Any], where: str, named: Mapping[str, str], notes: Notes
) -> Iterator[tuple[Component, bool]]:
    """Yield the components of a package, one for each of its purls, each with whether its metadata was unread."""
    notes.others(fields, "packages[]", _OF_PACKAGE)
    for key in ("licenseConcluded", "copyrightText"):
        if text(fields, key, where) not in _NOTHING:
            notes.say(f"packages[].{key}")
    artifacts, proxies = _artifacts(fields, where, notes)
    purpose = text(fields, "primaryPackagePurpose", where) or "LIBRARY"
    if purpose not in _KINDS:
        notes.say(f"packages[].primaryPackagePurpose {purpose[:40]}")
    properties, annotations = _annotations(fields, where)
    component = Component(
        "",
        one_line(text(fields, "name", where)),
        one_line(text(fields, "versionInfo", where))[:LONGEST_VERSION],
        tuple(sorted(artifacts)),
        one_line(text(fields, "summary", where)),
        tuple(sorted(set(_licences(text(fields, "licenseDeclared", where), named)))),
        kind=_KINDS.get(purpose, LIBRARY),
        annotations=tuple(sorted(annotations)),
        proxies=tuple(sorted(proxies)),
    )
    component, unread = with_properties(component, properties)
    for purl in sorted(set(_purls(fields, where, notes))) or [""]:
        name = component.name or name_in(purl)
        if name:  # the root package of Hermeto's documents has neither a name nor a purl
            yield evolve(component, purl=purl, name=name), unread


def _purls(fields: Mapping[str, Any], where: str, notes: Notes) -> Iterator[str]:
    for at, each in objects(fields, "externalRefs", where):
        kind = text(each, "referenceType", at)
        if kind == "purl":
            yield purl_in(text(each, "referenceLocator", at), f"{at}.referenceLocator")
        else:
            notes.say(f"packages[].externalRefs[] {kind[:40]}")


def _annotations(fields: Mapping[str, Any], where: str) -> tuple[list[tuple[str, str]], set[str]]:
    """Return the properties and the other annotations. The annotator says which of the two a comment is."""
    properties, lines = [], set()
    for at, each in objects(fields, "annotations", where):
        comment = text(each, "comment", at)
        said = _property(comment) if text(each, "annotator", at).endswith(":jsonencoded") else None
        if said is None:
            lines.add(one_line(comment))
        else:
            properties.append(said)
    return properties, lines - {""}


def _property(comment: str) -> tuple[str, str] | None:
    try:
        said = json.loads(comment)
        name, value = said["name"], said["value"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not isinstance(name, str) or not isinstance(value, str):
        return None
    return one_line(name), one_line(value)


def _artifacts(fields: Mapping[str, Any], where: str, notes: Notes) -> tuple[set[Artifact], set[str]]:
    """Return the files that ``sourceInfo`` lists, and the URLs of the proxies that the package was fetched through.

    Ours has one file on each line: its name, its digests, its URL. Hermeto's has only URLs, separated by semicolons.
    """
    checksums = digests_of(fields, "checksums", ("algorithm", "checksumValue"), where, notes)
    artifacts, proxies = set[Artifact](), set[str]()
    for line in text(fields, "sourceInfo", where).split("\n"):
        parts = line.split()
        if len(parts) == 1 and "://" in parts[0]:
            proxies.update(url for url in parts[0].split(";") if url)
        elif parts:
            artifacts.add(_artifact(parts))
    if not artifacts and checksums:
        location = text(fields, "downloadLocation", where)
        url = "" if location in _NOTHING else one_line(location)
        filename = url.rpartition("/")[2].partition("?")[0] or one_line(text(fields, "name", where))
        artifacts.add(Artifact(filename.replace(" ", "_"), filename.endswith(".whl"), checksums, url))
    return artifacts, proxies


def _artifact(parts: list[str]) -> Artifact:
    digests = {Digest(*filter(None, found.groups())) for part in parts if (found := _DIGEST.fullmatch(part))}
    url = parts[-1] if "://" in parts[-1] else ""
    filename = "" if _DIGEST.fullmatch(parts[0]) or parts[0] == url else parts[0]
    return Artifact(filename, filename.endswith(".whl"), tuple(sorted(digests)), url)


def _texts(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the texts of the licences that expressions only refer to, by their ids."""
    found: dict[str, str] = {}
    for where, each in objects(document, "hasExtractedLicensingInfos"):
        found[text(each, "licenseId", where)] = text(each, "name", where) or text(each, "extractedText", where)
    return found


def _licences(declared: str, named: Mapping[str, str]) -> Iterator[Licence]:
    """Yield the declared expression; or each of its parts, if one of them only refers to a text."""
    if declared in _NOTHING:
        return
    refers = any(named.get(ref, ref) != ref for ref in _REF.findall(declared))
    for part in declared.split(" AND ") if refers else [declared]:
        told = named.get(part, part)
        whole = part[1:-1] if part.startswith("(") and part.endswith(")") else part
        yield from as_licences(whole) if told == part else as_licences(told, words_only=True)
