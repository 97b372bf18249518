"""Comparison of a statement with files, and with the receipt that it was made from. Each difference is one line."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reqpi.core.attest.statement import ProvenanceStatement, Subject, predicate_of
from reqpi.core.receipts.model import Receipt

__all__ = ["differences_from_files", "differences_from_receipt"]

_LISTED = 20
"""Dependencies that are listed, at most."""


def differences_from_files(statement: ProvenanceStatement, files: Iterable[Subject]) -> Iterator[str]:
    """Yield the files that are not subjects of the statement, or have other bytes. It may have further subjects."""
    stated: dict[str, set[str]] = {}
    for subject in statement.subjects:
        stated.setdefault(subject.name, set()).add(subject.sha256)
    for file in files:
        if file.name not in stated:
            yield f"{file.name} is not a subject of the statement"
        elif stated[file.name] != {file.sha256}:
            expected = " and ".join(sorted(stated[file.name]))
            yield f"{file.name} has the sha256 {file.sha256}, but the statement says {expected}"


def differences_from_receipt(statement: ProvenanceStatement, receipt: Receipt, sha256: str) -> Iterator[str]:
    """Yield the differences between a statement and a receipt.

    :param sha256: of the document of the receipt.
    """
    expected = predicate_of(receipt, sha256, statement.builder)
    for path, wanted in _leaves(expected):
        found = _at(statement.predicate, path)
        if path[-1] == "resolvedDependencies":
            yield from _dependencies(found, wanted)
        elif found != wanted:
            yield f"{'.'.join(path)}: the statement has {_shown(found)}, the receipt {_shown(wanted)}"
    yield from _surplus(statement.predicate, expected)


def _leaves(value: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the members of the two upper levels, and those of an object in them."""
    for key, each in value.items():
        if isinstance(each, dict) and len(path) < 2:
            yield from _leaves(each, (*path, key))
        else:
            yield (*path, key), each


def _surplus(found: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[str]:
    """Yield the members of the definition of the build that no receipt leads to."""
    for name in ("externalParameters", "internalParameters"):
        stated = _at(found, ("buildDefinition", name))
        known = expected["buildDefinition"][name]
        for key in sorted(stated.keys() - known.keys()) if isinstance(stated, dict) else ():
            yield f"buildDefinition.{name}.{_shown(key)}: the receipt has no such parameter"


def _at(value: Any, path: Iterable[str]) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _dependencies(found: Any, wanted: list[Any]) -> Iterator[str]:
    stated = {_key(each) for each in found} if isinstance(found, list) else set()
    taken = {_key(each) for each in wanted}
    lines = [f"the receipt has {_named(key)}, the statement does not" for key in taken - stated]
    lines += [f"the statement has {_named(key)}, the receipt does not" for key in stated - taken]
    yield from sorted(lines)[:_LISTED]
    if len(lines) > _LISTED:
        yield f"and {len(lines) - _LISTED} more dependencies differ"
    if not lines and found != wanted:
        yield "resolvedDependencies: the order differs, or an entry is repeated or has other annotations"


_Key = tuple[str, str, str, str]


def _key(dependency: Any) -> _Key:
    """Return the name, the sha256, the URI and the location of a dependency."""
    digest = _at(dependency, ("digest", "sha256"))
    others = (_at(dependency, (key,)) for key in ("uri", "downloadLocation"))
    name, sha256, uri, location = (_shown(each) for each in (_at(dependency, ("name",)), digest, *others))
    return name, sha256, uri, location


def _named(key: _Key) -> str:
    name, sha256, uri, location = key
    return f"{name} of sha256 {sha256} from {location if location != _NOTHING else uri}"


def _shown(value: Any) -> str:
    """Return a value as text, bounded in length and depth: the statement may come from anyone."""
    if value is None:
        return _NOTHING
    return (value if isinstance(value, str) else reprlib.repr(value))[:_LONGEST]


_NOTHING = "nothing"
_LONGEST = 2048
