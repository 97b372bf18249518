"""A bill whose purls name the default index, as it is one that has releases of its own and not a mirror."""

from __future__ import annotations

from attrs import evolve
from packageurl import PackageURL

from reqpi.core.sbom.model import Sbom

__all__ = ["with_index"]


def with_index(bill: Sbom, index: str) -> Sbom:
    """Return ``bill`` with the ``repository_url`` of every release that is from the default index.

    :param index: its URL, as purls are to have it; empty: the bill stays as it is.
    """
    if not index:
        return bill
    named = {component.purl: _named(component.purl, index) for component in bill.components}
    components = sorted(evolve(component, purl=named[component.purl]) for component in bill.components)
    edges = sorted((named[one], named[other]) for one, other in bill.edges)
    unread = sorted(named[purl] for purl in bill.unread)
    return evolve(bill, components=tuple(components), edges=tuple(edges), unread=tuple(unread), index=index)


def _named(purl: str, index: str) -> str:
    """A purl of another index, an archive or a git commit has qualifiers already."""
    parts = PackageURL.from_string(purl)
    if parts.qualifiers:
        return purl
    return PackageURL(parts.type, None, parts.name, parts.version, {"repository_url": index}, parts.subpath).to_string()
