"""The statement: an in-toto Statement v1 whose predicate is SLSA provenance v1, made from a receipt.

``https://in-toto.io/Statement/v1`` and ``https://slsa.dev/provenance/v1`` define the members. The same receipt and the
same subjects give the same bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from attrs import frozen

from reqpi.core.attest.envelope import LARGEST
from reqpi.core.attest.errors import BadAttestation, reading
from reqpi.core.receipts.model import Receipt, ReceiptDocument, TakenEntry
from reqpi.core.sbom.reading.fields import mapping, objects, parse, text

__all__ = [
    "BUILDER",
    "PREDICATE_TYPE",
    "STATEMENT_TYPE",
    "ProvenanceStatement",
    "Subject",
    "read_statement",
    "statement_of",
    "subject_in",
]

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://slsa.dev/provenance/v1"

BUILD_TYPE = "urn:reqpi:build:v1"
"""The parameters: the address of a lock, and the target. A build of this type took its packages from the address."""

BUILDER = "urn:reqpi:builder:unnamed"
"""The id of a builder that its user did not name."""

MOST_SUBJECTS = 10_000

_SHA256 = re.compile(r"[0-9a-f]{64}")


@frozen(order=True)
class Subject:
    """A file that the build made.

    :param name: without a folder.
    :param sha256: of its bytes, in hex.
    """

    name: str
    sha256: str


@frozen
class ProvenanceStatement:
    """A statement: its subjects, by name, and its predicate, in the form of JSON."""

    subjects: tuple[Subject, ...]
    predicate: Mapping[str, Any]

    @property
    def builder(self) -> str:
        """The id of the builder; empty if it has none."""
        with reading():
            run = mapping(self.predicate.get("runDetails"), "predicate.runDetails")
            builder = mapping(run.get("builder"), "predicate.runDetails.builder")
            return text(builder, "id", "predicate.runDetails.builder")

    def dump(self) -> bytes:
        """Return the statement as JSON. Equal statements give equal bytes."""
        subjects = [{"name": each.name, "digest": {"sha256": each.sha256}} for each in self.subjects]
        whole = {
            "_type": STATEMENT_TYPE,
            "subject": subjects,
            "predicateType": PREDICATE_TYPE,
            "predicate": self.predicate,
        }
        return json.dumps(whole, indent=1).encode() + b"\n"


def statement_of(
    receipt: Receipt, sha256: str, subjects: Iterable[Subject], builder: str = BUILDER
) -> ProvenanceStatement:
    """Return the statement that ``subjects`` were made from what a receipt lists.

    :param sha256: of the document of the receipt.
    :param builder: a URI that identifies the builder.
    """
    return ProvenanceStatement(tuple(sorted(subjects)), predicate_of(receipt, sha256, builder))


def predicate_of(receipt: Receipt, sha256: str, builder: str) -> dict[str, Any]:
    """Return the predicate. A page and the facts of a release are not in it: ReqPI makes them, from the lock."""
    taken = (_dependency(each) for each in receipt.taken if each.sha256)
    return {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {
                "address": receipt.address,
                "target": dict(sorted(receipt.target.items())),
                "passed": sorted({f"{each.host}:{each.port}" for each in receipt.passed}),
            },
            "internalParameters": {
                "sealed": receipt.sealed,
                "complete": receipt.complete,
                "refused": sum(each.count for each in receipt.refused),
            },
            "resolvedDependencies": [*map(_document, receipt.documents), *taken],
        },
        "runDetails": {
            "builder": {"id": builder},
            "metadata": {"startedOn": receipt.started, "finishedOn": receipt.ended},
            "byproducts": [{"name": "receipt", "digest": {"sha256": sha256}}],
        },
    }


def _document(document: ReceiptDocument) -> dict[str, Any]:
    return {
        "name": document.path or "lock",
        "digest": {"sha256": document.sha256},
        "annotations": {"kind": "lock"},
    }


def _dependency(thing: TakenEntry) -> dict[str, Any]:
    """Return the resource descriptor of something that was taken. A purl names a release, and the name a file of it."""
    found = {
        "uri": thing.purl or thing.url,
        "digest": {"sha256": thing.sha256},
        "name": thing.filename,
        "downloadLocation": thing.url if thing.purl else "",
        "annotations": {"kind": thing.kind, "size": thing.size},
    }
    return {name: value for name, value in found.items() if value}


def read_statement(data: bytes) -> ProvenanceStatement:
    """Read a statement with SLSA provenance.

    :raises BadAttestation: it is another document, or lacks a member that is needed to verify it.
    """
    with reading():
        document = parse(data, LARGEST)
        for key, expected in (("_type", STATEMENT_TYPE), ("predicateType", PREDICATE_TYPE)):
            found = text(document, key, "")
            if found != expected:
                raise BadAttestation(f"{key}: {found[:80]!r} is not {expected}")
        subjects = tuple(subject_in(place, fields) for place, fields in objects(document, "subject"))
        if not 0 < len(subjects) <= MOST_SUBJECTS:
            raise BadAttestation(f"subject: there are {len(subjects)}; a statement has 1 to {MOST_SUBJECTS}")
        return ProvenanceStatement(subjects, mapping(document.get("predicate"), "predicate"))


def subject_in(place: str, fields: Mapping[str, Any]) -> Subject:
    """Return a subject of a statement.

    :param place: its place in the statement, for messages.
    :raises BadAttestation: it has no name or no sha256.
    """
    digest = partial(text, mapping(fields.get("digest"), f"{place}.digest"))
    name, sha256 = text(fields, "name", place), digest("sha256", f"{place}.digest")
    if not name or not _SHA256.fullmatch(sha256):
        raise BadAttestation(f"{place}: it needs a name and a sha256 of 64 lower-case hex digits")
    return Subject(name, sha256)
