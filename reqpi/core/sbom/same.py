"""The comparison of an SBOM that a server made with the SBOM that a lock determines.

Summaries, licences and dependencies come from the core metadata of files, which only the server has read. Everything
else follows from the lock and its frozen pages.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve

from reqpi.core.sbom.model import Component, Sbom

__all__ = ["flaws_of_sbom", "with_metadata_of"]


def flaws_of_sbom(theirs: Sbom, ours: Sbom) -> Iterator[str]:
    """Yield what is wrong with an SBOM: a line for each component that differs, is missing or must not be in it.

    :param theirs: a document that a server sent.
    :param ours: a document in the same format, made from the lock and its frozen pages, and read again.
    """
    received = {component.ref: _without_metadata(component) for component in theirs.components}
    expected = {component.ref: _without_metadata(component) for component in ours.components}
    for ref in sorted(received.keys() - expected.keys()):
        yield f"the lock does not pin {ref}"
    for ref, component in expected.items():
        if ref not in received:
            yield f"it lacks {ref}"
        elif received[ref] != component:
            yield f"{ref} has other files or fields than the lock admits"
    if theirs.own != ours.own:
        yield f"its main component is {theirs.own.name if theirs.own is not None else 'missing'}"
    if theirs.addresses != ours.addresses:
        yield f"it is that of {', '.join(theirs.addresses or ()) or 'no address'}"


def with_metadata_of(ours: Sbom, theirs: Sbom) -> Sbom:
    """Return an SBOM with the summaries, licences and dependencies of another one that has the same components."""
    told = {component.ref: component for component in theirs.components}
    refs = {component.ref for component in ours.components}
    return evolve(
        ours,
        components=tuple(sorted(_with_metadata(component, told[component.ref]) for component in ours.components)),
        edges=tuple(edge for edge in theirs.edges if refs.issuperset(edge)),
        unread=tuple(ref for ref in theirs.unread if ref in refs),
    )


def _without_metadata(component: Component) -> Component:
    return evolve(component, summary="", licences=())


def _with_metadata(component: Component, told: Component) -> Component:
    return evolve(component, summary=told.summary, licences=told.licences)
