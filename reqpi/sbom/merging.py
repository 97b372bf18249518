"""Several bills as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

from attrs import evolve

from reqpi.sbom.model import Bill, Component

__all__ = ["merged"]


def merged(bills: Iterable[Bill]) -> Bill:
    """One bill of several: a component has the files of all, and is a build requirement if all that have it say so.

    :param bills: at least one, in any order but for the main component: it is that of the first which has one.
    """
    given = list(bills)
    if len(given) == 1:
        return given[0]
    components: dict[str, list[Component]] = {}
    for bill in given:
        for component in bill.components:
            components.setdefault(component.purl, []).append(component)
    said = {component.purl for bill in given for component in bill.components if component.purl not in bill.unread}
    unread = {purl for bill in given for purl in bill.unread} - said
    return Bill(
        sha256("\n".join(sorted({bill.key for bill in given})).encode()).hexdigest(),
        next((bill.own for bill in given if bill.own is not None), None),
        tuple(sorted(map(_one, components.values()))),
        tuple(sorted({edge for bill in given for edge in bill.edges})),
        tuple(sorted(unread)),
        max(bill.created for bill in given),
    )


def _one(same: Sequence[Component]) -> Component:
    """One component of several with one purl."""
    told = min((one for one in same if one.summary or one.licences), default=same[0])
    return evolve(
        min(same),
        artifacts=tuple(sorted({artifact for one in same for artifact in one.artifacts})),
        summary=told.summary,
        licences=told.licences,
        build=all(one.build for one in same),
        missing_hash_in=tuple(sorted({document for one in same for document in one.missing_hash_in})),
    )
