"""The ``repository_url`` of a default index that is not a mirror but has releases of its own."""

from __future__ import annotations

from attrs import evolve
from packageurl import PackageURL

from reqpi.core.sbom.inside import is_inside
from reqpi.core.sbom.model import Sbom

__all__ = ["with_index"]


def with_index(sbom: Sbom, index: str) -> Sbom:
    """Return ``sbom`` with the ``repository_url`` of every release that comes from the default index.

    :param index: the URL, as purls are to spell it; empty: ``sbom`` is returned unchanged.
    """
    if not index:
        return sbom
    named = {one.purl: _named(one.purl, index) for one in sbom.components if one.purl and not is_inside(one)}
    components = sorted(evolve(one, purl=named.get(one.purl, one.purl)) for one in sbom.components)
    edges = sorted((named.get(one, one), named.get(other, other)) for one, other in sbom.edges)
    unread = sorted(named[purl] for purl in sbom.unread)
    return evolve(sbom, components=tuple(components), edges=tuple(edges), unread=tuple(unread), index=index)


def _named(purl: str, index: str) -> str:
    """Add the qualifier, unless the purl is of another index, an archive or a commit and has qualifiers already."""
    parts = PackageURL.from_string(purl)
    if parts.qualifiers:
        return purl
    return PackageURL(parts.type, None, parts.name, parts.version, {"repository_url": index}, parts.subpath).to_string()
