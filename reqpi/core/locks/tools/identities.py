"""The publishers that a package of a pylock.toml names: ``attestation-identities`` (:pep:`751`)."""

from __future__ import annotations

from collections.abc import Iterator

from reqpi.core.locks.rules import entries as rules
from reqpi.core.locks.tools.entries import Entry
from reqpi.core.provenance.publishers import PROVEN, Publisher

__all__ = ["identities"]

_KEY = "attestation-identities"

_MOST = 100
"""Identities of a package, at most."""

_MOST_CLAIMS = 20

_LONGEST = 500
"""Characters of a claim, at most."""


def identities(entry: Entry, *, from_index: bool) -> tuple[Publisher, ...]:
    """Return the publishers that a package names, sorted; none if any publisher will do.

    :param from_index: the files of the package are those of an index, which can list attestations.
    :raises EntryFlaw: an identity names no publisher of which an attestation could be verified.
    """
    named = entry.listed(_KEY)
    if named and not from_index:
        raise entry.flaw(
            rules.IDENTITY, f"{entry.name} is taken from a URL, for which no index lists attestations", _KEY
        )
    if len(named) > _MOST:
        raise entry.flaw(rules.IDENTITY, f"{entry.name} has more than {_MOST} attestation-identities", _KEY)
    return tuple(sorted({_identity(each) for each in named}))


def _identity(named: Entry) -> Publisher:
    members = dict(_members(named))
    kind = members.get("kind", "")
    if kind not in PROVEN:
        kinds = ", ".join(PROVEN)
        raise named.flaw(rules.IDENTITY, f"an identity of {named.name} has the kind `{kind}`, not one of {kinds}", _KEY)
    if not members.get(PROVEN[kind][0]):
        needed = f"an identity of {named.name} of the kind {kind} has no `{PROVEN[kind][0]}`"
        raise named.flaw(rules.IDENTITY, needed, _KEY)
    return Publisher.of(members)


def _members(named: Entry) -> Iterator[tuple[str, str]]:
    if len(named.table) > _MOST_CLAIMS:
        raise named.flaw(rules.IDENTITY, f"an identity of {named.name} has more than {_MOST_CLAIMS} keys", _KEY)
    for name, value in named.table.items():
        if value == {}:
            continue  # `claims` of PEP 740, if there are none
        if not isinstance(value, str):
            raise named.flaw(rules.IDENTITY, f"`{name[:40]}` of an identity of {named.name} is not a string", _KEY)
        if len(name) > _LONGEST or len(value) > _LONGEST or not (name + value).isprintable():
            problem = f"an identity of {named.name} has a claim on several lines, or of over {_LONGEST} characters"
            raise named.flaw(rules.IDENTITY, problem, _KEY)
        yield name, value
