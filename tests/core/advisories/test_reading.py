"""Reading of OSV's documents, with whatever is in them."""

from __future__ import annotations

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.advisories.index import AdvisoryIndex
from reqpi.core.advisories.model import CRATES, PYPI
from reqpi.core.advisories.reading import LARGEST_ADVISORY, AdvisoryReader, BadAdvisory
from tests.advisories import a_document, a_package, a_range, dumped

ONE = a_package("One.Two", a_range(("introduced", "0"), ("fixed", "2.0")))


class ReadingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reader = AdvisoryReader()

    def read(self, *affected: Any, **fields: Any) -> Any:
        return self.reader.read(dumped(a_document("PYSEC-2026-1", *affected, **fields)))

    def test_an_advisory_has_what_a_report_needs(self) -> None:
        document = a_document(
            "GHSA-aaaa-bbbb-cccc",
            ONE,
            aliases=["CVE-2026-1"],
            summary=" One\nline\x1b[0m ",
            database_specific={"severity": "HIGH"},
            severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N"}],
        )
        found = self.reader.read(dumped(document))
        self.assertEqual(
            (found.id, found.aliases, found.summary), ("GHSA-aaaa-bbbb-cccc", ("CVE-2026-1",), "One line [0m")
        )
        self.assertEqual((found.severity, found.malware, found.withdrawn), ("HIGH", False, False))
        self.assertEqual([(each.ecosystem, each.name) for each in found.affected], [(PYPI, "one-two")])
        self.assertEqual(json.loads(found.document), document)

    def test_a_vector_is_the_severity_of_an_advisory_without_a_word_for_it(self) -> None:
        self.assertEqual(self.read(severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N"}]).severity, "CVSS:3.1/AV:N")
        self.assertIsNone(self.read().severity)

    def test_malware_is_known_by_its_id_or_an_alias(self) -> None:
        self.assertTrue(self.reader.read(dumped(a_document("MAL-2026-1"))).malware)
        self.assertTrue(self.read(aliases=["MAL-2026-2"]).malware)
        self.assertFalse(self.read(aliases=["XMAL-2026-2"]).malware)

    def test_git_repositories_and_other_ecosystems_are_left_out(self) -> None:
        repository = {"ranges": [{"type": "GIT", "repo": "https://git.example/one", "events": [{"introduced": "0"}]}]}
        found = self.read(repository, a_package("one", ecosystem="npm"), a_package("a_b", ecosystem=CRATES))
        self.assertEqual([(each.ecosystem, each.name) for each in found.affected], [(CRATES, "a-b")])

    def test_absent_and_null_fields_are_empty(self) -> None:
        minimal = {"id": "X-1", "modified": "2026-01-01T00:00:00Z", "affected": None, "summary": None}
        self.assertEqual(self.reader.read(dumped(minimal)).affected, ())
        package = {"package": {"ecosystem": PYPI, "name": "one"}}
        self.assertEqual(self.read(package).affected[0].versions, ())

    def test_anything_else_is_an_error_that_says_what_is_wrong(self) -> None:
        versions = ["1.0"] * 100_001
        events = [("introduced", "1")] * 2_001
        wrong: tuple[tuple[bytes, str], ...] = (
            (b"", "Expecting value"),
            (b"[]", "is of type list"),
            (b'{"id": "X-1"}', "it has no modified"),
            (b"\xff", "codec"),
            (b'{"a":' * 100_000, "nested too deeply"),
            (b'{"n": 1e999}', "too large"),
            (b'{"id": "\\ud800"}', "surrogate"),
            (b" " * (LARGEST_ADVISORY + 1), "more than"),
            (dumped(a_document("../X")), "not an id"),
            (dumped(a_document("X" * 101)), "not an id"),
            (dumped(a_document("X-1", modified="yesterday")), "not a timestamp"),
            (dumped(a_document("X-1", aliases="CVE-1")), "is of type str"),
            (dumped(a_document("X-1", {"package": {"ecosystem": PYPI}})), "it has no name"),
            (dumped(a_document("X-1", {"package": {"ecosystem": PYPI, "name": 1}})), "is of type int"),
            (dumped(a_document("X-1", a_package("one", versions=versions))), "more than 100000 versions"),
            (dumped(a_document("X-1", a_package("one", a_range(*events)))), "more than 2000 events"),
            (dumped(a_document("X-1", *[a_package("one", a_range(*events[:1500]))] * 2)), "too many events"),
        )
        for data, problem in wrong:
            error = self.assertRaises(BadAdvisory, self.reader.read, data)
            self.assertIn(problem, str(error))

    def test_versions_that_many_advisories_list_are_one_text(self) -> None:
        one, other = (self.read(a_package("one", versions=("12.34.0",))).affected[0].versions[0] for _ in range(2))
        self.assertIs(one, other)


class IndexTests(SynchronousTestCase):
    def index(self, *documents: Any) -> AdvisoryIndex:
        reader = AdvisoryReader()
        return AdvisoryIndex.of(reader.read(dumped(document)) for document in documents)

    def test_advisories_are_sorted_by_id(self) -> None:
        index = self.index(a_document("X-2", ONE), a_document("X-1", ONE, ONE), a_document("X-3", a_package("three")))
        self.assertEqual([each.id for each in index.affecting(PYPI, "one-two", "1.0")], ["X-1", "X-2"])
        self.assertEqual(index.affecting(PYPI, "one-two", "2.0"), ())
        self.assertEqual([each.id for each in index.about(PYPI, "one-two")], ["X-1", "X-2"])

    def test_a_withdrawn_advisory_affects_nothing(self) -> None:
        index = self.index(a_document("X-1", ONE, withdrawn="2026-02-01T00:00:00Z"))
        self.assertEqual(index.affecting(PYPI, "one-two", "1.0"), ())
        self.assertTrue(index.by_id["X-1"].withdrawn)

    def test_the_document_that_was_modified_last_counts(self) -> None:
        new = a_document("X-1", modified="2026-03-01T00:00:00Z")
        for documents in ((a_document("X-1", ONE), new), (new, a_document("X-1", ONE))):
            self.assertEqual(self.index(*documents).affecting(PYPI, "one-two", "1.0"), ())

    def test_nothing_is_known_about_other_ecosystems_and_endless_versions(self) -> None:
        index = self.index(a_document("X-1", ONE))
        self.assertEqual(index.affecting("npm", "one-two", "1.0"), ())
        self.assertEqual(index.affecting(PYPI, "one-two", "1" * 5000), ())
