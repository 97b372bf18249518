"""The envelope: written and read, and the encoding that is signed."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode

from securesystemslib.dsse import Envelope
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.attest.envelope import (
    PAYLOAD_TYPE,
    Attestation,
    Signed,
    pre_authentication_encoding,
    read_attestation,
)

STATEMENT = b'{"_type": "a"}\n'
SIGNED = Attestation(STATEMENT, (Signed("k1", b"\xff" * 64), Signed("", b"\x00" * 70)))


class EnvelopeTests(SynchronousTestCase):
    def test_an_envelope_is_read_as_it_was_written(self) -> None:
        for made in (SIGNED, Attestation(STATEMENT)):
            self.assertEqual(read_attestation(made.dump()), made)

    def test_a_statement_that_is_not_signed_has_no_envelope(self) -> None:
        self.assertEqual(Attestation(STATEMENT).dump(), STATEMENT)

    def test_another_implementation_reads_the_same(self) -> None:
        """It signs the same bytes."""
        theirs = Envelope.from_dict(json.loads(SIGNED.dump()))
        self.assertEqual((theirs.payload, theirs.payload_type), (STATEMENT, PAYLOAD_TYPE))
        self.assertEqual(theirs.pae(), pre_authentication_encoding(STATEMENT))
        self.assertEqual({each.keyid: bytes.fromhex(each.signature) for each in theirs.signatures.values()},
                         {each.keyid: each.signature for each in SIGNED.signatures})  # fmt: skip

    def test_url_safe_base64_is_read_too(self) -> None:
        document = json.loads(SIGNED.dump())
        document["signatures"][0]["sig"] = urlsafe_b64encode(b"\xff" * 64).decode()
        self.assertEqual(read_attestation(json.dumps(document).encode()), SIGNED)
