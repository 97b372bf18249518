"""What both formats have no field for: properties of a component, by name.

Hermeto's names stand beside our own, so that what reads its bills reads ours. What found a component is ReqPI all the
same.
"""

from __future__ import annotations

from uuid import NAMESPACE_URL, UUID, uuid5

from reqpi.core.sbom.model import Component, Sbom

__all__ = ["PATCH", "PROXY", "UNREAD", "UNREAD_VALUE", "properties_of", "uuid_of"]

UNREAD = "reqpi:core_metadata"
UNREAD_VALUE = "unread"
"""The property of a component whose core metadata could not be had this time."""


PROXY = "proxy URL"
"""The comment of an external reference that says what a component came through; Hermeto's."""

PATCH = "reqpi:patch:"
"""How the properties begin that stand for CycloneDX's ``pedigree.patches``."""


def properties_of(component: Component, bill: Sbom) -> list[tuple[str, str]]:
    """(name, value), sorted."""
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
    return sorted([*named, (UNREAD, UNREAD_VALUE)] if component.ref in bill.unread else named)


def uuid_of(bill: Sbom) -> UUID:
    """What the document is known by: the same for equal bills (version 5, :rfc:`9562`), and never a random one."""
    parts = [bill.own.name, bill.own.version, bill.own.purl] if bill.own is not None else []
    parts += ["", *bill.unread]
    projects = [component.ref for component in bill.projects]
    parts += ["", *projects] if projects else []
    parts += ["index", bill.index] if bill.index else []
    return uuid5(NAMESPACE_URL, "\n".join(["reqpi", bill.key, *parts]))
