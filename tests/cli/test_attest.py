"""``reqpi attest``: what it writes is verified by itself, by securesystemslib and by openssl."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from reqpi.cli import main
from reqpi.cli.statuses import DONE, NOT_VERIFIED, USAGE
from reqpi.core.attest.envelope import pre_authentication_encoding, read_attestation
from tests.core.attest.receipts import DOCUMENT

KINDS = {
    "ed25519": ("-algorithm", "ed25519"),
    "p256": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "p384": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"),
}


class AttestCase(SynchronousTestCase):
    """A folder with a receipt, two files, and a key of each kind."""

    def setUp(self) -> None:
        if which("openssl") is None:
            raise SkipTest("there is no openssl here")
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.write("receipt.json", DOCUMENT)
        self.subjects = [self.write(name, name.encode()) for name in ("demo-1.0.tar.gz", "demo-1.0-py3-none-any.whl")]

    def write(self, name: str, data: bytes) -> str:
        path = self.folder / name
        path.write_bytes(data)
        return str(path)

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def openssl(self, *arguments: str) -> None:
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def key(self, kind: str) -> tuple[str, str]:
        """Make a key; the names of its private and its public file."""
        private, public = f"{kind}.pem", f"{kind}.pub.pem"
        if not (self.folder / private).exists():
            self.openssl("genpkey", *KINDS[kind], "-out", private)
            self.openssl("pkey", "-in", private, "-pubout", "-out", public)
        return self.path(private), self.path(public)

    def attest(self, *arguments: str, status: int = DONE) -> str:
        """Run the command; what it prints on stderr."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            try:
                found = main(["attest", *arguments])
            except SystemExit as end:
                found = int(str(end.code))
        self.assertEqual(found, status, err.getvalue())
        self.assertEqual(out.getvalue(), "")
        return err.getvalue()

    def made(self, *arguments: str, name: str = "demo.intoto.json") -> str:
        """Write an attestation; the name of its file."""
        path = self.path(name)
        self.attest("--receipt", self.path("receipt.json"), "--subject", *self.subjects, "-o", path, *arguments)
        return path


class SignedTests(AttestCase):
    """The signature."""

    def test_two_implementations_verify_what_is_signed(self) -> None:
        """openssl verifies the encoding, without any code of ours or of the library."""
        for kind in KINDS:
            private, public = self.key(kind)
            data = Path(self.made("--key", private)).read_bytes()
            envelope = Envelope.from_dict(json.loads(data))
            key = SSlibKey.from_crypto(load_pem_public_key(Path(public).read_bytes()))  # type: ignore[arg-type]
            self.assertEqual(list(envelope.verify([key], 1)), [key.keyid])
            document = json.loads(data)
            self.write("payload", envelope.payload)
            self.write("pae", _encoded_by_hand(document["payloadType"], envelope.payload))
            self.write("signature", bytes.fromhex(next(iter(envelope.signatures.values())).signature))
            if kind == "ed25519":
                verify = ("pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-in", "pae")
                self.openssl(*verify, "-sigfile", "signature")
            else:
                digest = f"-sha{256 if kind == 'p256' else 384}"
                self.openssl("dgst", digest, "-verify", public, "-signature", "signature", "pae")

    def test_reqpi_verifies_what_it_has_signed(self) -> None:
        for kind in KINDS:
            private, public = self.key(kind)
            made = self.made("--key", private)
            err = self.attest(
                *("--verify", made, "--key", public, "--receipt", self.path("receipt.json")),
                *("--subject", *self.subjects),
            )
            self.assertEqual(err, f"reqpi: {made}: verified: the signature, 2 subjects, the receipt\n")

    def test_a_signature_counts_whatever_its_key_id_is(self) -> None:
        """The id is a hint, and other signers have other ids, or none."""
        private, public = self.key("p256")
        made = Path(self.made("--key", private))
        document = json.loads(made.read_bytes())
        for keyid in ("", "SHA256:other", None):
            document["signatures"][0]["keyid"] = keyid
            if keyid is None:
                del document["signatures"][0]["keyid"]
            made.write_text(json.dumps(document))
            self.attest("--verify", str(made), "--key", public)

    def test_the_same_receipt_and_subjects_give_the_same_bytes(self) -> None:
        """Signed by Ed25519, whose signatures have no random part."""
        private, _ = self.key("ed25519")
        for arguments in ((), ("--key", private)):
            one, other = (Path(self.made(*arguments, name=name)) for name in ("one", "other"))
            self.subjects.reverse()
            self.assertEqual(one.read_bytes(), other.read_bytes())

    def test_an_envelope_on_standard_output_is_the_same(self) -> None:
        private, _ = self.key("ed25519")
        made = Path(self.made("--key", private)).read_bytes()
        command = [sys.executable, "-m", "reqpi", "attest", "-q", "--receipt", self.path("receipt.json")]
        command += ["--key", private, "--subject", *self.subjects]
        done = subprocess.run(command, capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, made, b""))


class FailureTests(AttestCase):
    """Each failure is an error with its own line, and a status that scripts can distinguish."""

    def setUp(self) -> None:
        super().setUp()
        self.private, self.public = self.key("ed25519")
        self.attestation = self.made("--key", self.private, "--builder-id", "https://ci.example.org/b")

    def test_everything_that_is_wrong_is_listed(self) -> None:
        _, other = self.key("p256")
        changed = self.write("demo-1.0.tar.gz", b"other bytes")
        more = self.write("more.whl", b"more")
        self.write("other.json", DOCUMENT.replace(b"linux", b"win32"))
        err = self.attest(
            *("--verify", self.attestation, "--key", other, "--subject", changed, more),
            *("--receipt", self.path("other.json"), "--builder-id", "https://other.example.org/b"),
            status=NOT_VERIFIED,
        )
        lines = [line.removeprefix(f"reqpi: {self.attestation}: ") for line in err.splitlines()]
        self.assertEqual(lines[0], f"no signature is of the key in {other}")
        self.assertEqual(lines[1], "the builder is 'https://ci.example.org/b', not https://other.example.org/b")
        self.assertTrue(lines[2].startswith("demo-1.0.tar.gz has the sha256 "), lines)
        self.assertEqual(lines[3], "more.whl is not a subject of the statement")
        self.assertTrue(lines[4].startswith("buildDefinition.externalParameters.target: the statement has "), lines)
        self.assertTrue(lines[5].startswith("runDetails.byproducts: "), lines)
        self.assertEqual(len(lines), 6)

    def test_a_statement_that_is_not_signed_does_not_verify_with_a_key(self) -> None:
        """An attacker could remove the envelope otherwise."""
        bare = self.write("bare.json", read_attestation(Path(self.attestation).read_bytes()).statement)
        err = self.attest("--verify", bare, "--key", self.public, status=NOT_VERIFIED)
        self.assertEqual(err, f"reqpi: {bare}: it is not signed; --unsigned checks everything else\n")
        err = self.attest("--verify", bare, "--unsigned", "--subject", *self.subjects)
        self.assertIn("the signature was not checked: anyone may have written the statement", err)

    def test_a_changed_statement_does_not_verify(self) -> None:
        data = Path(self.attestation).read_bytes()
        attestation = read_attestation(data)
        changed = attestation.statement.replace(b"demo", b"dumo")
        wrong = self.write("wrong.json", type(attestation)(changed, attestation.signatures).dump())
        err = self.attest("--verify", wrong, "--key", self.public, status=NOT_VERIFIED)
        self.assertIn("no signature is of the key", err)

    def test_keys_that_cannot_be_used_are_named_with_what_to_use(self) -> None:
        self.openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "rsa.pem")
        self.openssl("pkey", "-in", "rsa.pem", "-pubout", "-out", "rsa.pub.pem")
        self.openssl("pkey", "-in", "ed25519.pem", "-aes256", "-passout", "pass:x", "-out", "secret.pem")
        write = ("--receipt", self.path("receipt.json"), "--subject", *self.subjects, "-o", self.path("x"), "--key")
        read = ("--verify", self.attestation, "--key")
        for command, key, title in (
            (write, "rsa.pem", "a key of this kind is not supported"),
            (write, "secret.pem", "the key is encrypted"),
            (write, "ed25519.pub.pem", "there is no private key in PEM"),
            (write, "receipt.json", "there is no private key in PEM"),
            (read, "rsa.pub.pem", "a key of this kind is not supported"),
            (read, "ed25519.pem", "there is no public key in PEM"),
        ):
            err = self.attest(*command, self.path(key), status=USAGE)
            self.assertTrue(err.startswith(f"reqpi: {self.path(key)}: {title}\n    "), err)
            self.assertIn("openssl ", err)
        self.assertFalse((self.folder / "x").exists())

    def test_files_that_cannot_be_used_are_named(self) -> None:
        (self.folder / "sub").mkdir()
        same = self.write("sub/demo-1.0.tar.gz", b"")
        receipt, subject = self.path("receipt.json"), self.subjects[0]
        for arguments, said in (
            (("--receipt", self.path("none"), "--subject", subject), "none cannot be read: No such file or directory"),
            (("--receipt", subject, "--subject", subject), "is not a receipt"),
            (("--receipt", receipt, "--subject", self.path("sub")), "sub is not a regular file"),
            (("--receipt", receipt, "--subject", self.path("no.whl")), "no.whl cannot be read: No such file"),
            (("--receipt", receipt, "--subject", subject, same), "have the same name"),
        ):
            self.assertIn(said, self.attest(*arguments, status=USAGE))

    def test_options_that_do_not_go_together_are_a_usage_error(self) -> None:
        receipt, subject = ("--receipt", self.path("receipt.json")), ("--subject", self.subjects[0])
        verify = ("--verify", self.attestation)
        for arguments, said in (
            ((), "write --receipt FILE and --subject FILE"),
            (receipt, "write --receipt FILE and --subject FILE"),
            (subject, "write --receipt FILE and --subject FILE"),
            (verify, "needs either --key PUB.pem, or --unsigned"),
            ((*verify, "--key", self.public, "--unsigned"), "needs either --key PUB.pem, or --unsigned"),
            ((*verify, "--unsigned", "-o", "x"), "leave out -o"),
            ((*receipt, *subject, "--unsigned", "--key", self.private), "contradict each other"),
            ((*receipt, *subject, "--builder-id", "ci"), "write a URI"),
        ):
            self.assertIn(said, self.attest(*arguments, status=USAGE))

    def test_without_the_library_the_error_names_the_extra(self) -> None:
        program = (
            "import sys; sys.modules['securesystemslib'] = None; import reqpi.cli as r; sys.exit(r.main(sys.argv[1:]))"
        )
        command = [sys.executable, "-c", program, "attest", "--verify", self.attestation]
        done = subprocess.run([*command, "--key", self.public], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, USAGE, done.stderr)
        self.assertIn("reqpi: signatures need securesystemslib\n    Install it where ReqPI is installed", done.stderr)
        self.assertIn("the extra attest", done.stderr)
        self.assertEqual(subprocess.run([*command, "-q", "--unsigned"], check=False).returncode, DONE)


def _encoded_by_hand(kind: str, payload: bytes) -> bytes:
    """Return the pre-authentication encoding, as its specification has it."""
    by_hand = b" ".join([b"DSSEv1", str(len(kind)).encode(), kind.encode(), str(len(payload)).encode(), payload])
    assert by_hand == pre_authentication_encoding(payload)
    return by_hand
