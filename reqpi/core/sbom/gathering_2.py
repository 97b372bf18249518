"""Several bills as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any, TypeVar

from attrs import evolve

from reqpi.core.sbom.model import APPLICATION, Component, MainComponent, Sbom

__all__ = ["merged", "united"]

_T = TypeVar("_T", bound=Any)

_ALL = frozenset({"cdx:npm:package:bundled", "cdx:npm:package:development"})
"""Properties that a component has if all documents that list it say so."""


def merged(bills: Iterable[Sbom], own: MainComponent | None = None) -> Sbom:
    """Return one bill of several, in any order.

    A component has the files of all, and is a build requirement if all that have it say so.

    :param bills: at least one.
    :param own: the main component; ``None``: that of the bills, if it is the same in all that have one.
    """
    given = list(bills)
    if len(given) == 1:
        return given[0] if own is None else given[0].of(own)
    said = {component.ref for bill in given for component in bill.components if component.ref not in bill.unread}
    unread = {ref for bill in given for ref in bill.unread} - said
    owns = {bill.own for bill in given if bill.own is not None}
    return Sbom(
        sha256("\n".join(sorted({f"{bill.key} {bill.index}".strip() for bill in given})).encode()).hexdigest(),
        own or (owns.pop() if len(owns) == 1 else None),
        united(component for bill in given for component in bill.components),
        tuple(sorted({edge for bill in given for edge in bill.edges})),
        tuple(sorted(unread)),
        max(bill.created for bill in given),
        tuple(sorted({address for bill in given for address in _addresses(bill)})),
    )


def united(components: Iterable[Component]) -> tuple[Component, ...]:
    """Return each component once, sorted, with what all of its namesakes say."""
    same: dict[str, list[Component]] = {}
    for component in components:
        same.setdefault(component.ref, []).append(component)
    return tuple(sorted(map(_one, same.values())))


def _addresses(bill: Sbom) -> Sequence[str]:
    return [bill.key] * bool(bill.key) if bill.addresses is None else bill.addresses


def _one(same: Sequence[Component]) -> Component:
    """Return one component of several with one ref."""
    if len(same) == 1:
        return same[0]
    told = min((one for one in same if one.summary or one.licences), default=same[0])
    return evolve(
        min(same),
        version=max(one.version for one in same),
        artifacts=_union(one.artifacts for one in same),
        summary=told.summary,
        licences=told.licences,
        build=all(one.build for one in same),
        missing_hash_in=_union(one.missing_hash_in for one in same),
        found_by=_union(one.found_by for one in same),
        kind=APPLICATION if any(one.kind == APPLICATION for one in same) else min(one.kind for one in same),
        annotations=_union(one.annotations for one in same),
        marked_binary=any(one.marked_binary for one in same),
        properties=tuple(
            each
            for each in _union(one.properties for one in same)
            if each[0] not in _ALL or all(each in one.properties for one in same)
        ),
        proxies=_union(one.proxies for one in same),
    )


def _union(given: Iterable[tuple[_T, ...]]) -> tuple[_T, ...]:
    return tuple(sorted({each for one in given for each in one}))
