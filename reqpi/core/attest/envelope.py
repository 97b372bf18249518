"""The DSSE envelope of a signed statement, version 1.0.2 (``secure-systems-lab/dsse``), and its bounded reader.

::

    {"payload": "<base64>", "payloadType": "application/vnd.in-toto+json",
     "signatures": [{"keyid": "<hint>", "sig": "<base64>"}]}

A signature is over :func:`pre_authentication_encoding` of the payload, not over the JSON around it. A statement that is
not signed has no envelope, because an envelope needs at least one signature.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from reqpi.core.attest.errors import BadAttestation, reading
from reqpi.core.sbom.reading.fields import objects, parse, text

__all__ = [
    "LARGEST",
    "PAYLOAD_TYPE",
    "Attestation",
    "Signed",
    "decoded",
    "pre_authentication_encoding",
    "read_attestation",
]

PAYLOAD_TYPE = "application/vnd.in-toto+json"

LARGEST = 64 << 20
"""Bytes of a file. A statement of 10,000 files has 5 MB."""

_MOST_SIGNATURES = 16

_LONGEST_SIGNATURE = 4096
"""Bytes. A signature of ECDSA with P-521 has 139."""


@frozen
class Signed:
    """One signature.

    :param keyid: a hint to the key, which nothing protects; it may be empty.
    """

    keyid: str
    signature: bytes = field(repr=False)


@frozen
class Attestation:
    """A statement as bytes, and its signatures; none if it is not in an envelope."""

    statement: bytes
    signatures: tuple[Signed, ...] = ()

    def dump(self) -> bytes:
        """Return the file: an envelope, or the bare statement if it is not signed."""
        if not self.signatures:
            return self.statement
        signatures = [{"keyid": each.keyid, "sig": _encoded(each.signature)} for each in self.signatures]
        envelope = {"payload": _encoded(self.statement), "payloadType": PAYLOAD_TYPE, "signatures": signatures}
        return json.dumps(envelope).encode() + b"\n"


def pre_authentication_encoding(payload: bytes) -> bytes:
    """Return the bytes that are signed: the type and the payload, each with its length.

    >>> pre_authentication_encoding(b"{}")
    b'DSSEv1 28 application/vnd.in-toto+json 2 {}'
    """
    return b"DSSEv1 %d %b %d %b" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def read_attestation(data: bytes) -> Attestation:
    """Read an envelope, or a bare statement.

    :raises BadAttestation: it is neither, or it exceeds a bound.
    """
    with reading():
        document = parse(data, LARGEST)
        if "_type" in document:
            return Attestation(data)
        if "payload" not in document:
            raise BadAttestation('the file is neither an in-toto statement ("_type") nor a DSSE envelope ("payload")')
        return _enveloped(document)


def _enveloped(document: Mapping[str, Any]) -> Attestation:
    kind = text(document, "payloadType", "")
    if kind != PAYLOAD_TYPE:
        raise BadAttestation(f"payloadType: {kind[:80]!r} is not {PAYLOAD_TYPE}")
    signatures = tuple(_signed(place, fields) for place, fields in objects(document, "signatures"))
    if not 0 < len(signatures) <= _MOST_SIGNATURES:
        raise BadAttestation(f"signatures: there are {len(signatures)}; an envelope has 1 to {_MOST_SIGNATURES}")
    return Attestation(decoded(document["payload"], "payload"), signatures)


def _signed(place: str, fields: Mapping[str, Any]) -> Signed:
    signature = decoded(fields.get("sig"), f"{place}.sig")
    if not 0 < len(signature) <= _LONGEST_SIGNATURE:
        raise BadAttestation(f"{place}.sig: it has {len(signature)} bytes; a signature has 1 to {_LONGEST_SIGNATURE}")
    return Signed(text(fields, "keyid", place), signature)


def _encoded(data: bytes) -> str:
    return b64encode(data).decode("ascii")


def decoded(value: object, place: str) -> bytes:
    """Return the bytes of base64, standard or URL-safe: a verifier accepts both."""
    if not isinstance(value, str):
        raise BadAttestation(f"{place}: it is not a string of base64")
    try:
        return b64decode(value.encode("ascii").translate(_STANDARD), validate=True)
    except ValueError:
        raise BadAttestation(f"{place}: it is not base64") from None


_STANDARD = bytes.maketrans(b"-_", b"+/")
