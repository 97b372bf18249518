"""The statement: its members, its bytes, and its comparison with files and receipts."""

from __future__ import annotations

import json
from pathlib import Path

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.attest.agreement import differences_from_files, differences_from_receipt
from reqpi.core.attest.statement import ProvenanceStatement, Subject, read_statement, statement_of
from tests.core.attest.receipts import DIGEST, FILE, RECEIPT, SUBJECTS

EXPECTED = Path(__file__).with_name("statement.json")


class WritingTests(SynchronousTestCase):
    """The same receipt and the same subjects give the same bytes."""

    def test_the_bytes_are_these(self) -> None:
        """The order of the subjects on the command line does not matter."""
        for subjects in (SUBJECTS, SUBJECTS[::-1]):
            written = statement_of(RECEIPT, DIGEST, subjects, "https://ci.example.org/builder").dump()
            self.assertEqual(written.decode(), EXPECTED.read_text("utf-8"))

    def test_what_reqpi_makes_itself_is_no_dependency(self) -> None:
        """A page has no digest: it is a function of the lock."""
        names = [each["name"] for each in dependencies(statement_of(RECEIPT, DIGEST, SUBJECTS))]
        self.assertEqual(names, ["lock", "six-1.0-py3-none-any.whl", "six-1.0-py3-none-any.whl.metadata"])

    def test_a_statement_is_read_as_it_was_written(self) -> None:
        made = statement_of(RECEIPT, DIGEST, SUBJECTS)
        self.assertEqual(read_statement(made.dump()), made)


class FilesTests(SynchronousTestCase):
    """Files that are subjects, and files that are not."""

    def setUp(self) -> None:
        self.statement = statement_of(RECEIPT, DIGEST, SUBJECTS)

    def test_some_of_the_subjects_suffice(self) -> None:
        for files in (SUBJECTS, SUBJECTS[:1], ()):
            self.assertEqual(list(differences_from_files(self.statement, files)), [])

    def test_each_wrong_file_is_one_line(self) -> None:
        wrong = [evolve(SUBJECTS[0], sha256="0" * 64), Subject("other.whl", "1" * 64)]
        self.assertEqual(
            list(differences_from_files(self.statement, wrong)),
            [
                f"demo-1.0.tar.gz has the sha256 {'0' * 64}, but the statement says {'d' * 64}",
                "other.whl is not a subject of the statement",
            ],
        )

    def test_a_name_with_two_digests_vouches_for_neither(self) -> None:
        twice = evolve(self.statement, subjects=(*SUBJECTS, evolve(SUBJECTS[0], sha256="0" * 64)))
        (line,) = differences_from_files(twice, SUBJECTS)
        self.assertIn(f"{'0' * 64} and {'d' * 64}", line)


class ReceiptTests(SynchronousTestCase):
    """A statement and the receipt that it was made from."""

    def differences(self, statement: ProvenanceStatement) -> list[str]:
        return list(differences_from_receipt(read_statement(statement.dump()), RECEIPT, DIGEST))

    def changed(self, *path: str, value: object) -> list[str]:
        """Return the differences of a statement in which one member has another value."""
        predicate = json.loads(json.dumps(dict(statement_of(RECEIPT, DIGEST, SUBJECTS).predicate)))
        holder = predicate
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = value
        return self.differences(ProvenanceStatement(SUBJECTS, predicate))

    def test_the_statement_of_a_receipt_agrees_with_it(self) -> None:
        """Whoever the builder is."""
        for builder in ("urn:a", "https://ci.example.org/b"):
            self.assertEqual(self.differences(statement_of(RECEIPT, DIGEST, SUBJECTS, builder)), [])

    def test_each_member_of_the_receipt_counts(self) -> None:
        build, run = "buildDefinition", "runDetails"
        other = json.dumps({"sys_platform": "win32"})
        for path, value in (
            ((build, "buildType"), "urn:other"),
            ((build, "externalParameters", "address"), "0" * 64),
            ((build, "externalParameters", "target"), json.loads(other)),
            ((build, "externalParameters", "passed"), []),
            ((build, "internalParameters", "sealed"), False),
            ((build, "internalParameters", "refused"), 0),
            ((build, "internalParameters", "more"), 0),
            ((run, "metadata", "startedOn"), "2020-01-01T00:00:00Z"),
            ((run, "byproducts"), []),
            ((build, "resolvedDependencies"), []),
            ((build, "resolvedDependencies"), None),
            ((build,), None),
        ):
            self.assertNotEqual(self.changed(*path, value=value), [], path)

    def test_a_dependency_more_and_one_less_are_named(self) -> None:
        fewer = statement_of(evolve(RECEIPT, taken=()), DIGEST, SUBJECTS)
        self.assertIn(
            f"the receipt has {FILE.filename} of sha256 {FILE.sha256} from {FILE.url}, the statement does not",
            self.differences(fewer),
        )
        more = statement_of(evolve(RECEIPT, taken=(*RECEIPT.taken, evolve(FILE, sha256="f" * 64))), DIGEST, SUBJECTS)
        self.assertEqual(
            self.differences(more),
            [f"the statement has {FILE.filename} of sha256 {'f' * 64} from {FILE.url}, the receipt does not"],
        )

    def test_many_differences_are_counted(self) -> None:
        many = tuple(evolve(FILE, filename=f"f{number}.whl") for number in range(100))
        lines = self.differences(statement_of(evolve(RECEIPT, taken=many), DIGEST, SUBJECTS))
        self.assertEqual((len(lines), lines[-1]), (21, "and 82 more dependencies differ"))

    def test_an_entry_that_is_repeated_or_has_other_annotations_is_a_difference(self) -> None:
        made = dependencies(statement_of(RECEIPT, DIGEST, SUBJECTS))
        for entries in ([*made, made[0]], [*made[:-1], made[-1] | {"annotations": {"kind": "file"}}], made[::-1]):
            lines = self.changed("buildDefinition", "resolvedDependencies", value=entries)
            self.assertEqual(
                lines,
                ["resolvedDependencies: the order differs, or an entry is repeated or has other annotations"],
            )


def dependencies(statement: ProvenanceStatement) -> list[dict[str, object]]:
    found: list[dict[str, object]] = statement.predicate["buildDefinition"]["resolvedDependencies"]
    return found
