"""Exports of OSV, and archives that are none."""

from __future__ import annotations

import io
from collections.abc import Mapping
from zipfile import ZIP_DEFLATED, ZipFile

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.advisories import export
from reqpi.core.advisories.export import AdvisoryExports, BadExport
from reqpi.core.advisories.model import CRATES, PYPI
from reqpi.core.advisories.reading import LARGEST_ADVISORY
from tests.advisories import a_document, a_package, an_export
from tests.forty_advisories import AFFECTING, FORTY, PINNED, PINNED_CRATES

ONE = a_document("X-1", a_package("one", versions=["1.0"]))


class ExportTests(SynchronousTestCase):
    def test_forty_advisories_affect_what_was_worked_out_by_hand(self) -> None:
        self.assertEqual(len(FORTY), 40)
        found = AdvisoryExports()
        found.add_zip(io.BytesIO(an_export(FORTY)))
        index = found.index()
        self.assertEqual((len(index), found.unread), (40, []))
        for ecosystem, pinned in ((PYPI, PINNED), (CRATES, PINNED_CRATES)):
            for name, version in pinned.items():
                ids = {each.id for each in index.affecting(ecosystem, name, version)}
                self.assertEqual(ids, AFFECTING[name], name)
        malware = {each.id for each in index.affecting(PYPI, "evil", "6.6.6") if each.malware}
        self.assertEqual(malware, AFFECTING["evil"])

    def test_a_document_that_is_none_is_left_out_and_counted(self) -> None:
        found = AdvisoryExports()
        found.add_zip(
            io.BytesIO(archive({"a\x1b.json": b"[]", "b.json": b" " * (LARGEST_ADVISORY + 1), "c.txt": b"x"}))
        )
        found.add_zip(io.BytesIO(an_export([ONE])))
        self.assertEqual((len(found.index()), found.all_unread), (1, 2))
        self.assertEqual(
            list(map(str, found.unread)),
            ["a?.json: a value is of type list, not dict", f"b.json: it has more than {LARGEST_ADVISORY} bytes"],
        )

    def test_an_archive_that_is_damaged_anywhere_is_an_error(self) -> None:
        whole = an_export([ONE, a_document("X-2")])
        damaged = bytearray(whole)
        damaged[60] ^= 0xFF
        for data in (b"", b"PK", b"no archive", whole[:-10], whole[: len(whole) // 2], bytes(damaged)):
            self.assertRaises(BadExport, AdvisoryExports().add_zip, io.BytesIO(data))

    def test_the_work_is_bounded(self) -> None:
        for bound, most in (("_MOST", 2), ("_BYTES", 1000), ("_WEIGHT", 1000)):
            patched = self.patch(export, bound, most)
            documents = [a_document(f"X-{number}") for number in range(9)]
            error = self.assertRaises(BadExport, AdvisoryExports().add_zip, io.BytesIO(an_export(documents)))
            self.assertIn("the exports of PyPI and crates.io only", str(error))
            patched.restore()

    def test_versions_that_no_two_advisories_share_count(self) -> None:
        """A document of 1 MB with 100,000 versions takes ten times as much memory."""
        self.patch(export, "_WEIGHT", 4 << 20)
        document = a_document("X-1", a_package("one", versions=[f"1.{number}" for number in range(99_999)]))
        self.assertRaises(BadExport, AdvisoryExports().add_zip, io.BytesIO(an_export([document])))


def archive(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as written:
        for name, content in files.items():
            written.writestr(name, content)
    return packed.getvalue()
