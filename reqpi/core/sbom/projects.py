"""The project whose requirements a bill lists, as one of its components."""

from __future__ import annotations

from attrs import evolve

from reqpi.core.sbom.model import APPLICATION, Component, MainComponent, Sbom

__all__ = ["PIP", "with_project"]

PIP = "hermeto:backend:pip"
"""How Hermeto says which of its backends fetched a component."""


def with_project(bill: Sbom, own: MainComponent, backend: str = PIP) -> Sbom:
    """Return ``bill`` with ``own`` as a component that requires what nothing else in it requires.

    :param own: with a purl.
    :param backend: the annotation of all components that names what fetched them.
    """
    project = Component(own.purl, own.name, own.version, kind=APPLICATION)
    others = [component for component in bill.components if component.purl != own.purl]
    # A lock may pin a release of the project that it belongs to.
    same = [evolve(one, kind=APPLICATION) for one in bill.components if one.purl == own.purl]
    edges = {*bill.edges, *((own.purl, ref) for ref in bill.of(None).tops if ref != own.purl)}
    components = [evolve(one, annotations=(backend,)) for one in (*others, *(same or [project]))]
    return evolve(bill, own=own, components=tuple(sorted(components)), edges=tuple(sorted(edges)))
