"""A neighbour who hands the user an attestation: verifying it ends with a message, and never succeeds."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from typing import Any

from reqpi.cli.statuses import NOT_VERIFIED, USAGE
from reqpi.core.attest.envelope import LARGEST, PAYLOAD_TYPE
from reqpi.core.attest.statement import STATEMENT_TYPE, Subject, statement_of
from tests.attacks.records_case import JUNK, changed
from tests.cli.test_attest import AttestCase
from tests.core.attest.receipts import DOCUMENT, RECEIPT, SUBJECTS

DIGEST = sha256(DOCUMENT).hexdigest()
HUGE = 1 << 20


class AttestationTests(AttestCase):
    """The user verifies with a key, a subject and a receipt, or with less."""

    def setUp(self) -> None:
        super().setUp()
        self.private, self.public = self.key("ed25519")
        self.signed = self.made("--key", self.private)

    def verify(self, data: bytes, *arguments: str, accepted: tuple[int, ...] = (USAGE, NOT_VERIFIED)) -> str:
        """Verify a document; the command fails with a message."""
        given = self.write("given.json", data)
        statuses = []
        for each in accepted:
            try:
                err = self.attest("--verify", given, *arguments, status=each)
            except self.failureException as error:
                statuses.append(str(error))
                continue
            self.assertTrue(all(line.startswith(("reqpi: ", "    ")) for line in err.splitlines()), err)
            self.assertLess(len(err), 20_000)
            return err
        raise self.failureException((data[:200], statuses))

    def test_junk_in_place_of_an_attestation_is_an_error(self) -> None:
        """The neighbour sends bytes that are neither, in the place of the file and in the place of the payload."""
        for name, junk in JUNK.items():
            for data in (junk, enveloped(junk)):
                with self.subTest(name):
                    self.verify(data, "--key", self.public)
                    self.verify(data, "--unsigned")

    def test_no_change_of_an_envelope_verifies(self) -> None:
        """The neighbour changes each member of a signed envelope; a hint to a key alone may be anything."""
        with open(self.signed, "rb") as stream:
            original = stream.read()
        for what, data in changed(original):
            if "keyid" not in what:
                with self.subTest(what):
                    self.verify(data, "--key", self.public)

    def test_no_change_of_a_statement_ends_in_a_traceback(self) -> None:
        """The neighbour changes each member of a statement that no one has signed."""
        for what, data in changed(statement_of(RECEIPT, DIGEST, SUBJECTS).dump()):
            with self.subTest(what):
                arguments = ("--unsigned", "--receipt", self.path("receipt.json"), "--subject", self.subjects[0])
                self.verify(data, *arguments)

    def test_documents_that_are_too_large_are_refused(self) -> None:
        """The neighbour fills the memory: with length, with many values, with many signatures or subjects."""
        many = [{"name": "a", "digest": {"sha256": "0" * 64}}] * 10_001
        for data, said in (
            (b" " * (LARGEST + 1), "more than"),
            (b"[" + b"[]," * 2_000_001 + b"[]]", "too many values"),
            (enveloped(b"{}", signatures=17), "signatures: there are 17"),
            (enveloped(b"{}", signatures=0), "signatures: there are 0"),
            (enveloped(b"{}", signature=b"a" * 5000), "it has 5000 bytes"),
            (stated({"subject": many}), "subject: there are 10001"),
        ):
            self.assertIn(said, self.verify(data, "--unsigned", accepted=(USAGE,)))

    def test_what_the_neighbour_writes_does_not_reach_the_terminal_as_it_is(self) -> None:
        """The neighbour writes control characters, and megabytes, into everything that a message quotes."""
        evil = "\x1b[2J\nreqpi: verified" + "x" * HUGE
        predicate: dict[str, Any] = {
            "buildDefinition": {
                "buildType": evil,
                "externalParameters": {evil: evil},
                "resolvedDependencies": [{"name": evil, "digest": {"sha256": evil}, "uri": [[evil]]}] * 100,
            },
            "runDetails": {"builder": {"id": evil[:90_000]}},
        }
        subjects = [Subject("demo-1.0.tar.gz", "0" * 64)]
        data = json.loads(statement_of(RECEIPT, DIGEST, subjects).dump()) | {"predicate": predicate}
        arguments = ("--receipt", self.path("receipt.json"), "--subject", self.subjects[0], "--builder-id", "urn:a")
        err = self.verify(json.dumps(data).encode(), "--unsigned", *arguments)
        self.assertNotIn("\x1b", err)
        self.assertNotIn("\nreqpi: verified", err)

    def test_a_payload_of_another_type_is_not_verified(self) -> None:
        """The neighbour has a signature of the same key over bytes of another type."""
        with open(self.signed, "rb") as stream:
            document = json.load(stream)
        document["payloadType"] = "text/plain"
        self.assertIn("payloadType", self.verify(json.dumps(document).encode(), "--key", self.public))

    def test_a_member_that_two_readers_read_differently_is_refused(self) -> None:
        """The neighbour repeats a key, of which another reader takes the other value."""
        with open(self.signed, "rb") as stream:
            original = stream.read()
        twice = original.replace(b'{"payload"', b'{"payload": "e30=", "payload"')
        self.assertIn("repeated in one object", self.verify(twice, "--key", self.public))


def enveloped(payload: bytes, *, signature: bytes = b"s", signatures: int = 1) -> bytes:
    each = {"keyid": "", "sig": b64encode(signature).decode()}
    encoded = b64encode(payload).decode()
    return json.dumps({"payload": encoded, "payloadType": PAYLOAD_TYPE, "signatures": [each] * signatures}).encode()


def stated(members: dict[str, Any]) -> bytes:
    whole = json.loads(statement_of(RECEIPT, DIGEST, SUBJECTS).dump()) | members
    assert whole["_type"] == STATEMENT_TYPE
    return json.dumps(whole).encode()
