"""The project whose requirements an SBOM lists, as one of its components."""

from __future__ import annotations

from attrs import evolve

from reqpi.core.sbom.model import APPLICATION, Component, MainComponent, Sbom

__all__ = ["PIP", "with_project"]

PIP = "hermeto:backend:pip"
"""The annotation by which Hermeto names the backend that fetched a component."""


def with_project(sbom: Sbom, own: MainComponent, backend: str = PIP) -> Sbom:
    """Return ``sbom`` with ``own`` as a component that requires the components that no other requires.

    :param own: a main component with a purl.
    :param backend: the annotation of all components that names the backend.
    """
    project = Component(own.purl, own.name, own.version, kind=APPLICATION)
    others = [component for component in sbom.components if component.purl != own.purl]
    # A lock may pin a release of the project that it belongs to.
    same = [evolve(one, kind=APPLICATION) for one in sbom.components if one.purl == own.purl]
    edges = {*sbom.edges, *((own.purl, ref) for ref in sbom.of(None).tops if ref != own.purl)}
    components = [evolve(one, annotations=(backend,)) for one in (*others, *(same or [project]))]
    return evolve(sbom, own=own, components=tuple(sorted(components)), edges=tuple(sorted(edges)))
