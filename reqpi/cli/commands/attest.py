"""``reqpi attest``: state from which files a build was made, as SLSA provenance, and verify such a statement."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from hashlib import file_digest, sha256
from pathlib import Path

from reqpi.cli.folders.written_file import write
from reqpi.cli.inputs.bounded_file import read_bounded
from reqpi.cli.messages import count_of, tell_error, tell_remark
from reqpi.cli.statuses import DONE, NOT_VERIFIED
from reqpi.client import BadUsage
from reqpi.core.attest.agreement import differences_from_files, differences_from_receipt
from reqpi.core.attest.envelope import LARGEST, Attestation, read_attestation
from reqpi.core.attest.errors import BadAttestation
from reqpi.core.attest.statement import (
    BUILDER,
    MOST_SUBJECTS,
    ProvenanceStatement,
    Subject,
    read_statement,
    statement_of,
)
from reqpi.core.receipts.document import LARGEST as LARGEST_RECEIPT
from reqpi.core.receipts.model import Receipt
from reqpi.core.receipts.reading import UnreadableReceipt, read_receipt

__all__ = ["command_line", "main"]

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]{1,2000}")


def main(arguments: Sequence[str]) -> int:
    """Write or verify an attestation."""
    parser = command_line()
    options = parser.parse_args(arguments)
    if options.builder_id is not None and not _URI.fullmatch(options.builder_id):
        parser.error(f"--builder-id {options.builder_id}: write a URI, such as https://ci.example.org/builder")
    if options.verify is not None:
        if (options.key is None) is not options.unsigned:
            parser.error("--verify needs either --key PUB.pem, or --unsigned to check everything except the signature")
        if options.output is not None:
            parser.error("--verify writes no file: leave out -o")
        return _verify(options)
    if options.receipt is None or not options.subject:
        parser.error("write --receipt FILE and --subject FILE …, or --verify FILE")
    if options.unsigned and options.key is not None:
        parser.error("--unsigned and --key contradict each other: leave out one of them")
    return _attest(options)


def _attest(options: argparse.Namespace) -> int:
    """Write the statement about the subjects, in an envelope if there is a key."""
    receipt, digest = _receipt(options.receipt)
    statement = statement_of(receipt, digest, _subjects(options.subject), options.builder_id or BUILDER)
    attestation = Attestation(statement.dump())
    if options.key is not None:
        from reqpi.cli.attest_keys import signed  # noqa: PLC0415  # it imports cryptography

        attestation = Attestation(attestation.statement, (signed(attestation.statement, options.key),))
    if options.output is None:
        sys.stdout.buffer.write(attestation.dump())
    else:
        write(options.output, attestation.dump())
    if not options.quiet:
        _tell_written(statement, receipt, signed=options.key is not None)
    return DONE


def _tell_written(statement: ProvenanceStatement, receipt: Receipt, *, signed: bool) -> None:
    if not receipt.complete:
        tell_remark("the receipt is not complete: the build took more than a receipt lists")
    count = len(statement.predicate["buildDefinition"]["resolvedDependencies"])
    dependencies = f"{count} {'dependency' if count == 1 else 'dependencies'}"
    kind = "signed" if signed else "not signed"
    tell_remark(f"{count_of(len(statement.subjects), 'subject')}, {dependencies}, {kind}")


def _verify(options: argparse.Namespace) -> int:
    """Verify an attestation; report each failure."""
    attestation, statement = _attestation(options.verify)
    checked: list[str] = []
    failures = list(_failures(options, attestation, statement, checked.append))
    for failure in failures:
        tell_error(f"{options.verify}: {failure}")
    if failures:
        return NOT_VERIFIED
    if not options.quiet:
        tell_remark(f"{options.verify}: verified: {', '.join(checked) or 'its form alone'}")
        if options.unsigned:
            tell_remark("the signature was not checked: anyone may have written the statement")
    return DONE


def _failures(
    options: argparse.Namespace,
    attestation: Attestation,
    statement: ProvenanceStatement,
    checked: Callable[[str], None],
) -> Iterator[str]:
    """Yield everything that is wrong.

    :param checked: is called with the name of each thing that was compared.
    """
    if options.key is not None:
        from reqpi.cli.attest_keys import is_signed_by  # noqa: PLC0415  # it imports cryptography

        checked("the signature")
        if not attestation.signatures:
            yield "it is not signed; --unsigned checks everything else"
        elif not is_signed_by(attestation.statement, attestation.signatures, options.key):
            yield f"no signature is of the key in {options.key}"
    if options.builder_id is not None:
        checked("the builder")
        if statement.builder != options.builder_id:
            yield f"the builder is {statement.builder[:200]!r}, not {options.builder_id}"
    if options.subject:
        checked(count_of(len(options.subject), "subject"))
        yield from differences_from_files(statement, _subjects(options.subject))
    if options.receipt is not None:
        checked("the receipt")
        yield from differences_from_receipt(statement, *_receipt(options.receipt))


def _attestation(path: Path) -> tuple[Attestation, ProvenanceStatement]:
    try:
        attestation = read_attestation(read_bounded(path, LARGEST))
        statement = read_statement(attestation.statement)
        _ = statement.builder  # it is checked when it is read
        return attestation, statement
    except BadAttestation as bad:
        raise BadUsage(f"{path}: {bad}", "It is not an attestation that reqpi attest wrote.") from None


def _receipt(path: Path) -> tuple[Receipt, str]:
    """Return the receipt in a file, and the sha256 of the file."""
    data = read_bounded(path, LARGEST_RECEIPT)
    try:
        return read_receipt(data, str(path)), sha256(data).hexdigest()
    except UnreadableReceipt as error:
        raise BadUsage(error.title, error.detail) from None


def _subjects(paths: Sequence[Path]) -> list[Subject]:
    """Return the name and the digest of each file.

    :raises reqpi.client.BadUsage: one cannot be read, or two have the same name.
    """
    if len(paths) > MOST_SUBJECTS:
        raise BadUsage(f"there are {len(paths)} subjects", f"Name at most {MOST_SUBJECTS} files.")
    named: dict[str, Path] = {}
    for path in paths:
        if path.name in named:
            raise BadUsage(f"{named[path.name]} and {path} have the same name", "Name one of them.")
        named[path.name] = path
    return [Subject(name, _digest(path)) for name, path in named.items()]


def _digest(path: Path) -> str:
    if path.exists() and not path.is_file():
        raise BadUsage(f"{path} is not a regular file", "Name the files that the build made: --subject dist/*")
    try:
        with path.open("rb") as content:
            return file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise BadUsage(f"{path} cannot be read: {error.strerror or error}") from error


def command_line() -> argparse.ArgumentParser:
    """Return the parser of its options."""
    parser = argparse.ArgumentParser(
        prog="reqpi attest",
        usage="reqpi attest [-h] [-q] --receipt FILE --subject FILE … [--key KEY.pem] [--builder-id URI] [-o FILE]\n"
        "       reqpi attest [-h] [-q] --verify FILE {--key PUB.pem | --unsigned} [--subject FILE …] "
        "[--receipt FILE] [--builder-id URI]",
        description="Write an in-toto statement with SLSA provenance: the files that a build made, and everything that "
        "its receipt lists. With a key it is signed, in a DSSE envelope. --verify checks one.",
        epilog="Exit status: 0 done, or verified; 2 usage, or a file, a key or a receipt cannot be read; "
        f"{NOT_VERIFIED} the signature, the builder, a subject or the receipt does not match.",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    parser.add_argument("--verify", type=Path, metavar="FILE", help="verify the attestation in this file")
    parser.add_argument(
        "--receipt", type=Path, metavar="FILE", help="the receipt of the build, from reqpi run --receipt FILE"
    )
    parser.add_argument(
        "--subject", type=Path, metavar="FILE", nargs="+", action="extend", help="a file that the build made"
    )
    parser.add_argument(
        "--key",
        type=Path,
        metavar="PEM",
        help="the key in PEM, Ed25519 or ECDSA on P-256 or P-384: the private key signs, the public key verifies",
    )
    parser.add_argument("--unsigned", action="store_true", help="do not sign, or do not check the signature")
    parser.add_argument(
        "--builder-id",
        metavar="URI",
        help=f"the identity of the builder (default: {BUILDER}); with --verify, the one that is expected",
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write to this file (default: standard output)"
    )
    return parser
