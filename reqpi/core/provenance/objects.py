"""The reader of provenance objects (:pep:`740`), which may come from anyone.

It checks that every attestation is about one file, by its name and its sha256. It verifies no signature.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reqpi.core.attest.envelope import decoded
from reqpi.core.attest.errors import BadAttestation, reading
from reqpi.core.attest.statement import STATEMENT_TYPE, subject_in
from reqpi.core.provenance.publishers import Publisher
from reqpi.core.sbom.reading.fields import mapping, objects, parse, text

__all__ = ["LARGEST", "MEDIA_TYPE", "read_provenance"]

MEDIA_TYPE = "application/vnd.pypi.integrity.v1+json"

LARGEST = 1 << 18
"""Bytes of a provenance object, at most. One with two attestations has 20 KB."""

_MOST = 8
"""Bundles of an object, and attestations of a bundle, at most: each takes up to 20 ms to verify."""

_LONGEST = 300
"""Characters of a claim of a publisher, at most."""

_MOST_CLAIMS = 10


def read_provenance(data: bytes, filename: str, sha256: str) -> tuple[Publisher, ...]:
    """Return the publishers that a provenance object claims for a file, one for each bundle.

    :param filename: the name that each attestation must have as its subject.
    :param sha256: the digest that it must have.
    :raises BadAttestation: it is not a provenance object, exceeds a bound, or is about another file.
    """
    with reading():
        document = parse(data, LARGEST)
        if document.get("version") != 1:
            raise BadAttestation("version: it is not 1")
        bundles = _bounded(document, "attestation_bundles", "")
        return tuple(_bundle(place, fields, filename, sha256) for place, fields in bundles)


def _bundle(place: str, fields: Mapping[str, Any], filename: str, sha256: str) -> Publisher:
    for where, attestation in _bounded(fields, "attestations", place):
        if attestation.get("version") != 1:
            raise BadAttestation(f"{where}.version: it is not 1")
        envelope = mapping(attestation.get("envelope"), f"{where}.envelope")
        _check_statement(decoded(envelope.get("statement"), f"{where}.envelope.statement"), where, filename, sha256)
    return _publisher(mapping(fields.get("publisher"), f"{place}.publisher"), f"{place}.publisher")


def _bounded(fields: Mapping[str, Any], key: str, where: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    found = list(objects(fields, key, where))
    if not 0 < len(found) <= _MOST:
        raise BadAttestation(f"{where}.{key}: there are {len(found)}, and not 1 to {_MOST}".lstrip("."))
    return iter(found)


def _check_statement(statement: bytes, where: str, filename: str, sha256: str) -> None:
    document = parse(statement, LARGEST)
    if text(document, "_type", where) != STATEMENT_TYPE:
        raise BadAttestation(f"{where}: its statement is not an in-toto statement v1")
    subjects = [subject_in(f"{where}.{place}", each) for place, each in objects(document, "subject")]
    if len(subjects) != 1:
        raise BadAttestation(f"{where}: its statement is about {len(subjects)} files, not about one")
    if subjects[0].name != filename:
        raise BadAttestation(f"{where}: it is about {subjects[0].name[:255]!r}, not about {filename!r}")
    if subjects[0].sha256 != sha256:
        raise BadAttestation(f"{where}: it is about a file with the sha256 {subjects[0].sha256}")


def _publisher(fields: Mapping[str, Any], where: str) -> Publisher:
    """Return the publisher with those members that are strings: nothing else can be compared with a lock."""
    members = {name: text(fields, name, where) for name, value in fields.items() if isinstance(value, str)}
    if not members.get("kind"):
        raise BadAttestation(f"{where}.kind: it is missing")
    texts = [each for name in members for each in (name, fields[name])]
    if not all(each.isprintable() for each in texts):
        raise BadAttestation(f"{where}: a claim has control characters")
    if len(members) > _MOST_CLAIMS or max(map(len, texts)) > _LONGEST:
        raise BadAttestation(f"{where}: it has more than {_MOST_CLAIMS} claims, or one of over {_LONGEST} characters")
    return Publisher.of(members)
