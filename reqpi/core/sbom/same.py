"""The comparison of an SBOM that a server made with the SBOM that a lock determines.

Summaries, licences and dependencies come from the core metadata of files, and the components inside wheels from these
wheels, which only the server has read. Everything else follows from the lock and its frozen pages.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve

from reqpi.core.sbom.inside import IN_WHEEL, is_inside
from reqpi.core.sbom.model import APPLICATION, Component, Sbom

__all__ = ["flaws_of_sbom", "with_metadata_of"]


def flaws_of_sbom(theirs: Sbom, ours: Sbom) -> Iterator[str]:
    """Yield what is wrong with an SBOM: a line for each component that differs, is missing or must not be in it.

    :param theirs: a document that a server sent.
    :param ours: a document in the same format, made from the lock and its frozen pages, and read again.
    """
    received = {component.ref: _without_metadata(component) for component in theirs.components}
    expected = {component.ref: _without_metadata(component) for component in ours.components}
    wheels = {each.filename for component in ours.components for each in component.artifacts if each.wheel}
    for ref in sorted(received.keys() - expected.keys()):
        if not _is_inside_one_of(received[ref], wheels):
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
    """Return an SBOM with the summaries, licences and dependencies of another one that has the same components.

    The components inside wheels are those of the other one, too.
    """
    told = {component.ref: component for component in theirs.components}
    inside = [component for component in theirs.components if is_inside(component)]
    refs = {component.ref for component in (*ours.components, *inside)}
    components = [_with_metadata(component, told[component.ref]) for component in ours.components]
    return evolve(
        ours,
        components=tuple(sorted([*components, *inside])),
        edges=tuple(edge for edge in theirs.edges if refs.issuperset(edge)),
        unread=tuple(ref for ref in theirs.unread if ref in refs),
    )


def _without_metadata(component: Component) -> Component:
    return evolve(component, summary="", licences=())


def _is_inside_one_of(component: Component, wheels: set[str]) -> bool:
    """Return whether a component claims no more than to be inside some wheels of the lock."""
    within = [value for name, value in component.properties if name == IN_WHEEL]
    return bool(within) and wheels >= {*within} and not component.artifacts and component.kind != APPLICATION


def _with_metadata(component: Component, told: Component) -> Component:
    return evolve(component, summary=told.summary, licences=told.licences)
