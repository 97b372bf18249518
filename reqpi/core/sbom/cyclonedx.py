"""The writer of CycloneDX 1.6 in JSON.

The CycloneDX library is imported when the first SBOM is written, because nothing else needs it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from reqpi.core.sbom.model import Artifact, Component, Licence, Sbom
from reqpi.core.sbom.properties import PATCH, PROXY, properties_of, uuid_of
from reqpi.core.sbom.text import reference_in, url_in
from reqpi.core.sbom.writing import written

if TYPE_CHECKING:
    from cyclonedx.model import ExternalReference, HashType
    from cyclonedx.model import component as cdx
    from cyclonedx.model.bom import BomMetaData
    from cyclonedx.model.dependency import Dependency
    from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression

__all__ = ["cyclonedx"]

_MAIN = "main"
"""The ref of the main component; no other component has such a ref."""


def cyclonedx(sbom: Sbom) -> bytes:
    """Return an SBOM as CycloneDX 1.6 in JSON.

    It takes a second or two for 1,000 components: call it in a thread.
    """
    document: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": uuid_of(sbom).urn,
        "version": 1,
        "metadata": _as_json(_metadata(sbom)),
        "components": (_as_json(_component(component, sbom)) for component in sbom.components),
        "dependencies": map(_as_json, _dependencies(sbom)),
    }
    annotations = _annotations(sbom)
    return written(document | {"annotations": annotations} if annotations else document)


def _as_json(value: Any) -> Any:
    """Return an object of the library as a JSON value."""
    from cyclonedx.schema.schema import SchemaVersion1Dot6  # noqa: PLC0415

    return json.loads(value.as_json(view_=SchemaVersion1Dot6))


def _metadata(sbom: Sbom) -> BomMetaData:
    from cyclonedx.model import Property  # noqa: PLC0415
    from cyclonedx.model.bom import BomMetaData  # noqa: PLC0415
    from cyclonedx.model.component import Component, ComponentType  # noqa: PLC0415
    from cyclonedx.model.tool import ToolRepository  # noqa: PLC0415
    from packageurl import PackageURL  # noqa: PLC0415

    own = sbom.own
    main = None
    if own is not None:
        purl = PackageURL.from_string(own.purl) if own.purl else None
        kind = ComponentType.APPLICATION
        main = Component(name=own.name, version=own.version or None, type=kind, bom_ref=_MAIN, purl=purl)
    return BomMetaData(
        timestamp=datetime.fromisoformat(sbom.created),
        tools=ToolRepository(components=[Component(name="reqpi", type=ComponentType.APPLICATION)]),
        component=main,
        properties=[Property(name="reqpi:address", value=each) for each in _addresses(sbom)],
    )


def _addresses(sbom: Sbom) -> Sequence[str]:
    return [sbom.key] if sbom.addresses is None else sbom.addresses


def _annotations(sbom: Sbom) -> list[dict[str, Any]]:
    """Return the annotations, each with the refs of its components."""
    subjects: dict[str, list[str]] = {}
    for component in sbom.components:
        for text in component.annotations:
            subjects.setdefault(text, []).append(component.ref)
    return [
        {
            "subjects": subjects[text],
            "annotator": {"component": {"type": "application", "name": "reqpi"}},
            "timestamp": sbom.created,
            "text": text,
        }
        for text in sorted(subjects)
    ]


def _component(component: Component, sbom: Sbom) -> cdx.Component:
    from cyclonedx.model import Property  # noqa: PLC0415
    from cyclonedx.model import component as cdx  # noqa: PLC0415
    from packageurl import PackageURL  # noqa: PLC0415

    single = component.artifacts[0].digests if len(component.artifacts) == 1 else ()
    return cdx.Component(
        name=component.name,
        version=component.version or None,
        type=cdx.ComponentType(component.kind),
        bom_ref=component.ref,
        purl=PackageURL.from_string(component.purl) if component.purl else None,
        description=component.summary or None,
        hashes=_hashes(Artifact("", False, single)),
        licenses=_licences(component.licences),
        external_references=[
            *(_reference(artifact) for artifact in component.artifacts if artifact.url),
            *map(_proxy, component.proxies),
        ],
        properties=[
            Property(name=name, value=value)
            for name, value in properties_of(component, sbom)
            if not name.startswith(PATCH)
        ],
        pedigree=_pedigree(component),
    )


def _pedigree(component: Component) -> cdx.Pedigree | None:
    from cyclonedx.model import XsUri  # noqa: PLC0415
    from cyclonedx.model import component as cdx  # noqa: PLC0415

    patches = [(name.removeprefix(PATCH), url) for name, url in component.properties if name.startswith(PATCH)]
    return (
        cdx.Pedigree(
            patches=[
                cdx.Patch(type=cdx.PatchClassification(kind), diff=cdx.Diff(url=XsUri(reference_in(url))))
                for kind, url in patches
            ]
        )
        if patches
        else None
    )


def _reference(artifact: Artifact) -> ExternalReference:
    from cyclonedx.model import ExternalReference, ExternalReferenceType, XsUri  # noqa: PLC0415

    is_git = artifact.url.startswith("git+")
    return ExternalReference(
        type=ExternalReferenceType.VCS if is_git else ExternalReferenceType.DISTRIBUTION,
        url=XsUri(url_in(artifact.url)),
        comment=artifact.filename,
        hashes=_hashes(artifact),
    )


def _proxy(url: str) -> ExternalReference:
    from cyclonedx.model import ExternalReference, ExternalReferenceType, XsUri  # noqa: PLC0415

    return ExternalReference(type=ExternalReferenceType.DISTRIBUTION, url=XsUri(reference_in(url)), comment=PROXY)


def _hashes(artifact: Artifact) -> list[HashType]:
    from cyclonedx.model import HashAlgorithm, HashType  # noqa: PLC0415

    named = {"sha256": HashAlgorithm.SHA_256, "sha384": HashAlgorithm.SHA_384, "sha512": HashAlgorithm.SHA_512}
    return [HashType(alg=named[digest.algorithm], content=digest.hex) for digest in artifact.digests]


def _licences(licences: Sequence[Licence]) -> list[DisjunctiveLicense | LicenseExpression]:
    """Return either one expression or a list of identifiers and names: the format does not allow both."""
    from cyclonedx.model.license import DisjunctiveLicense, LicenseAcknowledgement, LicenseExpression  # noqa: PLC0415
    from cyclonedx.spdx import is_supported_id  # noqa: PLC0415

    declared = LicenseAcknowledgement.DECLARED
    found: list[DisjunctiveLicense | LicenseExpression] = []
    for licence in licences:
        if licence.expression and is_supported_id(licence.text):
            found.append(DisjunctiveLicense(id=licence.text, acknowledgement=declared))
        elif licence.expression and len(licences) == 1:
            found.append(LicenseExpression(licence.text, acknowledgement=declared))
        else:
            found.append(DisjunctiveLicense(name=licence.text, acknowledgement=declared))
    return found


def _dependencies(sbom: Sbom) -> Iterator[Dependency]:
    from cyclonedx.model.bom_ref import BomRef  # noqa: PLC0415
    from cyclonedx.model.dependency import Dependency  # noqa: PLC0415

    refs: Mapping[str, Any] = {component.ref: BomRef(component.ref) for component in sbom.components}
    after: dict[str, list[str]] = {ref: [] for ref in refs}
    for one, other in sbom.edges:
        after[one].append(other)
    for ref, others in after.items():
        yield Dependency(refs[ref], (Dependency(refs[other]) for other in others))
    if sbom.own is not None:
        yield Dependency(BomRef(_MAIN), (Dependency(refs[ref]) for ref in sbom.tops))
