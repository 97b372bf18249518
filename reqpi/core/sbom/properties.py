"""The properties of a component: the facts for which neither format has a field.

Each has Hermeto's name in addition to ours, so that tools that read Hermeto's SBOMs can read ours. The value of
``found_by`` is ReqPI under both names.
"""

from __future__ import annotations

from uuid import NAMESPACE_URL, UUID, uuid5

from reqpi.core.sbom.model import Component, Sbom

__all__ = ["PATCH", "PROXY", "PUBLISHER", "UNREAD", "UNREAD_VALUE", "properties_of", "uuid_of"]

UNREAD = "reqpi:core_metadata"
UNREAD_VALUE = "unread"
"""The property of a component whose core metadata was not available this time."""


PUBLISHER = "reqpi:publisher"
"""The property for each publisher of a component: its kind, repository and workflow."""

PROXY = "proxy URL"
"""Hermeto's comment of an external reference to the proxy that a component was fetched through."""

PATCH = "reqpi:patch:"
"""The prefix of the properties that stand for CycloneDX's ``pedigree.patches``."""


def properties_of(component: Component, sbom: Sbom) -> list[tuple[str, str]]:
    """Return the properties of a component as sorted (name, value)."""
    named = list(component.properties)
    named += [("hermeto:found_by", tool) for tool in component.found_by]
    if "reqpi" in component.found_by:
        named.append(("reqpi:found_by", "reqpi"))
    said = [("missing_hash:in_file", document) for document in component.missing_hash_in]
    if component.binary:
        said.append(("pip:package:binary", "true"))
    if component.build:
        said.append(("pip:package:build-dependency", "true"))
    named += [(f"{prefix}:{name}", value) for name, value in said for prefix in ("hermeto", "reqpi")]
    return sorted([*named, (UNREAD, UNREAD_VALUE)] if component.ref in sbom.unread else named)


def uuid_of(sbom: Sbom) -> UUID:
    """Return the serial number of the document: equal for equal SBOMs (version 5, :rfc:`9562`), and never random."""
    parts = [sbom.own.name, sbom.own.version, sbom.own.purl] if sbom.own is not None else []
    parts += ["", *sbom.unread]
    projects = [component.ref for component in sbom.projects]
    parts += ["", *projects] if projects else []
    parts += ["index", sbom.index] if sbom.index else []
    return uuid5(NAMESPACE_URL, "\n".join(["reqpi", sbom.key, *parts]))
