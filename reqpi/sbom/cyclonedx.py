"""A bill as CycloneDX 1.6, in JSON.

The library for it is imported when the first bill is written: nothing else needs it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from reqpi.sbom.model import Artifact, Bill, Component, Licence
from reqpi.sbom.properties import properties_of, uuid_of
from reqpi.sbom.urls import url_in
from reqpi.sbom.writing import written

if TYPE_CHECKING:
    from cyclonedx.model import ExternalReference, HashType
    from cyclonedx.model import component as cdx
    from cyclonedx.model.bom import BomMetaData
    from cyclonedx.model.dependency import Dependency
    from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression

__all__ = ["cyclonedx"]

_MAIN = "main"
"""How the main component is referred to: no purl is spelled so."""


def cyclonedx(bill: Bill) -> bytes:
    """The bill as CycloneDX 1.6, in JSON. It takes a second or two for 1,000 components: call it in a thread."""
    return written(
        {
            "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "serialNumber": uuid_of(bill).urn,
            "version": 1,
            "metadata": _said(_metadata(bill)),
            "components": (_said(_component(component, bill)) for component in bill.components),
            "dependencies": map(_said, _dependencies(bill)),
        }
    )


def _said(value: Any) -> Any:
    """What the library says of a value of its own."""
    from cyclonedx.schema.schema import SchemaVersion1Dot6  # noqa: PLC0415

    return json.loads(value.as_json(view_=SchemaVersion1Dot6))


def _metadata(bill: Bill) -> BomMetaData:
    from cyclonedx.model import Property  # noqa: PLC0415
    from cyclonedx.model.bom import BomMetaData  # noqa: PLC0415
    from cyclonedx.model.component import Component, ComponentType  # noqa: PLC0415
    from cyclonedx.model.tool import ToolRepository  # noqa: PLC0415
    from packageurl import PackageURL  # noqa: PLC0415

    own = bill.own
    main = None
    if own is not None:
        purl = PackageURL.from_string(own.purl) if own.purl else None
        kind = ComponentType.APPLICATION
        main = Component(name=own.name, version=own.version or None, type=kind, bom_ref=_MAIN, purl=purl)
    return BomMetaData(
        timestamp=datetime.fromisoformat(bill.created),
        tools=ToolRepository(components=[Component(name="reqpi", type=ComponentType.APPLICATION)]),
        component=main,
        properties=[Property(name="reqpi:address", value=bill.key)],
    )


def _component(component: Component, bill: Bill) -> cdx.Component:
    from cyclonedx.model import Property  # noqa: PLC0415
    from cyclonedx.model import component as cdx  # noqa: PLC0415
    from packageurl import PackageURL  # noqa: PLC0415

    single = component.artifacts[0].digests if len(component.artifacts) == 1 else ()
    return cdx.Component(
        name=component.name,
        version=component.version or None,
        type=cdx.ComponentType.LIBRARY,
        bom_ref=component.purl,
        purl=PackageURL.from_string(component.purl),
        description=component.summary or None,
        hashes=_hashes(Artifact("", False, single)),
        licenses=_licences(component.licences),
        external_references=[_reference(artifact) for artifact in component.artifacts if artifact.url],
        properties=[Property(name=name, value=value) for name, value in properties_of(component, bill)],
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


def _hashes(artifact: Artifact) -> list[HashType]:
    from cyclonedx.model import HashAlgorithm, HashType  # noqa: PLC0415

    named = {"sha256": HashAlgorithm.SHA_256, "sha384": HashAlgorithm.SHA_384, "sha512": HashAlgorithm.SHA_512}
    return [HashType(alg=named[digest.algorithm], content=digest.hex) for digest in artifact.digests]


def _licences(licences: Sequence[Licence]) -> list[DisjunctiveLicense | LicenseExpression]:
    """One expression alone, or else identifiers and names: the format knows no mixture."""
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


def _dependencies(bill: Bill) -> Iterator[Dependency]:
    from cyclonedx.model.bom_ref import BomRef  # noqa: PLC0415
    from cyclonedx.model.dependency import Dependency  # noqa: PLC0415

    refs: Mapping[str, Any] = {component.purl: BomRef(component.purl) for component in bill.components}
    after: dict[str, list[str]] = {purl: [] for purl in refs}
    for one, other in bill.edges:
        after[one].append(other)
    for purl, others in after.items():
        yield Dependency(refs[purl], (Dependency(refs[other]) for other in others))
    if bill.own is not None:
        yield Dependency(BomRef(_MAIN), (Dependency(refs[purl]) for purl in bill.tops))
