"""The writer of SPDX 2.3 in JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

from reqpi.core.sbom.model import Component, Licence, MainComponent, Sbom
from reqpi.core.sbom.properties import properties_of, uuid_of
from reqpi.core.sbom.text import reference_in, url_in
from reqpi.core.sbom.writing import written

__all__ = ["spdx"]

_ROOT = "SPDXRef-Root"
_NO_ASSERTION = "NOASSERTION"
_TOOL = "Tool: reqpi"

# The grammar of SPDX 2.3 (section 7.7) allows only hosts with a domain: neither IP addresses nor names like `nexus`.
_PUBLIC = re.compile(r"(?:git\+)?https?://[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?::\d+)?(?:/|$)", re.IGNORECASE)


def spdx(sbom: Sbom) -> bytes:
    """Return an SBOM as SPDX 2.3 in JSON."""
    return written(
        {
            "spdxVersion": "SPDX-2.3",
            "dataLicense": "CC0-1.0",
            "SPDXID": "SPDXRef-DOCUMENT",
            "name": _name(sbom),
            "documentNamespace": uuid_of(sbom).urn,
            "creationInfo": {"created": sbom.created, "creators": [_TOOL]},
            "packages": _packages(sbom),
            "hasExtractedLicensingInfos": _texts(sbom),
            "relationships": _relationships(sbom),
        }
    )


def _packages(sbom: Sbom) -> Iterator[dict[str, Any]]:
    yield _root(sbom)
    for component in sbom.components:
        if not sbom.is_main(component):
            yield _package(component, sbom)


def _name(sbom: Sbom) -> str:
    addresses = (sbom.key,) if sbom.addresses is None else sbom.addresses
    own = sbom.own or MainComponent(f"lock {addresses[0]}" if len(addresses) == 1 else f"merged {sbom.key}")
    return f"{own.name} {own.version}".strip()


def _root(sbom: Sbom) -> dict[str, Any]:
    """Return the package of the main component, or of the lock if the main component is not known."""
    own = sbom.own or MainComponent(_name(sbom))
    root: dict[str, Any] = {
        "SPDXID": _ROOT,
        "name": own.name,
        "downloadLocation": _NO_ASSERTION,
        "filesAnalyzed": False,
        "licenseConcluded": _NO_ASSERTION,
        "licenseDeclared": _NO_ASSERTION,
        "copyrightText": _NO_ASSERTION,
        "primaryPackagePurpose": "APPLICATION",
    }
    if own.version:
        root["versionInfo"] = own.version
    if own.purl:
        root["externalRefs"] = [_reference(own.purl)]
    for component in filter(sbom.is_main, sbom.components):
        root["annotations"] = list(_annotations(component, sbom))
    return root


def _package(component: Component, sbom: Sbom) -> dict[str, Any]:
    artifacts = component.artifacts
    package: dict[str, Any] = {
        "SPDXID": _id(component.ref),
        "name": component.name,
        "downloadLocation": _location(artifacts[0].url) if len(artifacts) == 1 else _NO_ASSERTION,
        "filesAnalyzed": False,
        "licenseConcluded": _NO_ASSERTION,
        "licenseDeclared": _declared(component.licences),
        "copyrightText": _NO_ASSERTION,
        "annotations": list(_annotations(component, sbom)),
        "primaryPackagePurpose": component.kind.upper(),
    }
    if component.purl:
        package["externalRefs"] = [_reference(component.purl)]
    checksums = sorted({digest for artifact in artifacts for digest in artifact.digests})
    if checksums:
        package["checksums"] = [{"algorithm": each.algorithm.upper(), "checksumValue": each.hex} for each in checksums]
    if component.version:
        package["versionInfo"] = component.version
    if component.summary:
        package["summary"] = component.summary
    lines = [" ".join([each.filename, *map(str, each.digests), url_in(each.url)]).strip() for each in artifacts]
    lines += map(reference_in, component.proxies)
    if lines:
        package["sourceInfo"] = "\n".join(lines)
    return package


def _location(url: str) -> str:
    """Return the location of a package's only file. The field has no room for several; ``sourceInfo`` has them all."""
    return url_in(url) if _PUBLIC.match(url) else _NO_ASSERTION


def _id(purl: str) -> str:
    name, _, _ = purl.removeprefix("pkg:pypi/").partition("?")
    return f"SPDXRef-Package-{re.sub('[^A-Za-z0-9.-]+', '-', name)[:100]}-{sha256(purl.encode()).hexdigest()[:16]}"


def _reference(purl: str) -> dict[str, str]:
    return {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}


def _annotations(component: Component, sbom: Sbom) -> Iterator[dict[str, str]]:
    """Yield the properties and the annotations of tools. Those of Hermeto have Hermeto's spelling."""
    for name, value in properties_of(component, sbom):
        # The annotator names the encoding of the comment.
        comment = json.dumps({"name": name, "value": value}, separators=(",", ":"))
        yield _annotation(f"{'reqpi' if name.startswith('reqpi:') else 'hermeto'}:jsonencoded", comment, sbom)
    for text in component.annotations:
        yield _annotation(":".join(text.split(":")[:2]), text, sbom)


def _annotation(tool: str, comment: str, sbom: Sbom) -> dict[str, str]:
    return {
        "annotator": f"Tool: {tool}",
        "annotationDate": sbom.created,
        "annotationType": "OTHER",
        "comment": comment,
    }


def _declared(licences: Sequence[Licence]) -> str:
    """Return one expression. The metadata does not say how several licences combine, so all of them are required."""
    parts = [licence.text if licence.expression else _reference_to(licence) for licence in licences]
    return " AND ".join(f"({one})" if " OR " in one and len(parts) > 1 else one for one in parts) or _NO_ASSERTION


def _reference_to(licence: Licence) -> str:
    return f"LicenseRef-{sha256(licence.text.encode()).hexdigest()[:16]}"


def _texts(sbom: Sbom) -> list[dict[str, str]]:
    """Return the texts of licences that are not expressions, and of those that expressions only refer to."""
    licences = {licence for component in sbom.components for licence in component.licences}
    named = {_reference_to(licence): licence.text for licence in licences if not licence.expression}
    for licence in licences:
        if licence.expression:
            named |= {ref: ref for ref in re.findall("LicenseRef-[A-Za-z0-9.-]+", licence.text)}
    return [{"licenseId": ref, "name": named[ref], "extractedText": named[ref]} for ref in sorted(named)]


def _relationships(sbom: Sbom) -> Iterator[dict[str, str]]:
    yield _relationship("SPDXRef-DOCUMENT", "DESCRIBES", _ROOT)
    ids = {each.ref: _ROOT if sbom.is_main(each) else _id(each.ref) for each in sbom.components}
    for component in sbom.components:
        if not sbom.is_main(component):
            yield _relationship(_ROOT, "CONTAINS", ids[component.ref])
    if sbom.own is not None:
        for ref in sbom.tops:
            yield _relationship(_ROOT, "DEPENDS_ON", ids[ref])
    for one, other in sbom.edges:
        if ids[one] != _ROOT:
            yield _relationship(ids[one], "DEPENDS_ON", ids[other])


def _relationship(one: str, kind: str, other: str) -> dict[str, str]:
    return {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}
