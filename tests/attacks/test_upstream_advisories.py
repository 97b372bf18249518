"""An author of advisories, or of a copy of an export, who attacks the server that reads it."""

from __future__ import annotations

import io
import json
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZipFile

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.advisories import export
from reqpi.core.advisories.export import AdvisoryExports, BadExport
from reqpi.core.advisories.model import CRATES, PYPI
from reqpi.core.advisories.queries import OsvQuery, answer_batch, answer_query
from tests.advisories import a_document, a_package, a_range, an_export, dumped


class ExportTests(SynchronousTestCase):
    def test_a_damaged_byte_is_an_error_or_changes_nothing(self) -> None:
        """They change one byte of an export, anywhere: no document becomes another one."""
        whole = an_export([a_document(f"X-{number}", a_package("six", versions=["1.0"])) for number in range(2)])
        [expected] = {frozenset(read(whole))}
        for position in range(len(whole)):
            damaged = bytearray(whole)
            damaged[position] ^= 0x55
            try:
                found = read(bytes(damaged))
            except BadExport:
                continue
            self.assertLessEqual(found, expected, position)

    def test_a_bomb_is_read_as_far_as_a_document_goes(self) -> None:
        """They pack a document of 50 MB in 50 KB, and claim that it is small."""
        packed = io.BytesIO()
        with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
            with archive.open("bomb.json", "w") as file:
                for _ in range(50):
                    file.write(b" " * 1_000_000)
            archive.writestr("X-1.json", dumped(a_document("X-1")))
        found = AdvisoryExports()
        found.add_zip(packed)
        self.assertEqual((set(found.index().by_id), found.all_unread), ({"X-1"}, 1))

    def test_another_compression_is_not_unpacked(self) -> None:
        """They use an algorithm whose memory is not bounded."""
        packed = io.BytesIO()
        with ZipFile(packed, "w", ZIP_BZIP2) as archive:
            archive.writestr("X-1.json", b"{}")
        self.assertRaises(BadExport, AdvisoryExports().add_zip, packed)

    def test_all_entries_of_a_directory_that_are_one_member_count(self) -> None:
        """They list one large document a hundred times: what is read is bounded, not what is stored."""
        packed = io.BytesIO()
        with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
            archive.writestr("X-1.json", dumped(a_document("X-1", details="x" * 1_000_000)))
            archive.filelist *= 100
        self.patch(export, "_BYTES", 20_000_000)
        self.assertRaises(BadExport, AdvisoryExports().add_zip, packed)


class DocumentTests(SynchronousTestCase):
    """One document in an export, next to a sound one."""

    def index(self, data: bytes) -> AdvisoryExports:
        found = AdvisoryExports()
        found.add_document("bad.json", data)
        found.add_document("X-1.json", dumped(a_document("X-1", a_package("six", versions=["1.0"]))))
        return found

    def test_whatever_is_in_it_the_others_are_read(self) -> None:
        """They hide an advisory behind a document that cannot be read."""
        sound = a_document("X-2", a_package("six", versions=["1.0"]))
        junk = (None, True, 7, "x", [], {}, [None], [[]], [{}], {"x": []}, ["1.0", 1], 10**30, 1.5)
        documents = [dumped(sound | {key: value}) for key in sound for value in junk]
        package = dict(a_package("six", a_range(("introduced", "0"))))
        documents += [dumped(a_document("X-2", package | {key: value})) for key in package for value in junk]
        events = [{"type": "ECOSYSTEM", "events": value} for value in (*junk, [{"introduced": 0}], [{"fixed": []}])]
        documents += [dumped(a_document("X-2", package | {"ranges": [each]})) for each in events]
        documents += [b'{"id":' * 9000, b"\xff\xfe", b"\0", b'{"id": "\\ud800"}', json.dumps(sound).encode("utf-16")]
        for data in documents:
            index = self.index(data).index()
            self.assertIn("X-1", [each.id for each in index.affecting(PYPI, "six", "1.0")], data[:200])

    def test_versions_that_take_long_to_compare_are_bounded(self) -> None:
        """They use versions of hundreds of digits, letters and parts."""
        versions = (
            "9" * 5000,
            "1." * 5000 + "1",
            "1" + "a" * 5000,
            "1-" + "0." * 5000,
            "\u0663.\u0661",
            "1.0\n",
            " 1.0 ",
            "*",
        )
        for ecosystem in (PYPI, CRATES):
            kinds = ("introduced", "fixed", "last_affected", "limit")
            ranges = [a_range(("introduced", "0"), (kind, version)) for version in versions for kind in kinds]
            document = a_document("X-2", a_package("six", *ranges, versions=versions, ecosystem=ecosystem))
            index = self.index(dumped(document)).index()
            for version in ("1.0", *versions):
                index.affecting(ecosystem, "six", version)

    def test_a_document_cannot_leave_its_place_in_an_answer(self) -> None:
        """They write a document that would end the answer early, or add members to it."""
        sound = dumped(a_document("X-2", a_package("six", versions=["1.0"])))
        for data in (sound + b"]}", sound + b"," + sound, b"\xef\xbb\xbf" + sound, sound + b"\n", b" " + sound, sound):
            index = self.index(data).index()
            query = OsvQuery(PYPI, "six", "1.0")
            ids = [each["id"] for each in json.loads(answer_query(index, query))["vulns"]]
            self.assertEqual(
                ids, [each["id"] for each in json.loads(answer_batch(index, [query]))["results"][0]["vulns"]]
            )

    def test_a_log_line_cannot_be_forged(self) -> None:
        """They name a file or a field so that a terminal obeys it."""
        found = AdvisoryExports()
        found.add_document("\x1b[2J\r\nall is well\u202e.json", b'{"\\u001b[2J": 1}')
        [unread] = map(str, found.unread)
        self.assertTrue(unread.isprintable(), ascii(unread))


def read(data: bytes) -> set[bytes]:
    """Read an export; the documents."""
    found = AdvisoryExports()
    found.add_zip(io.BytesIO(data))
    return {each.document for each in found.index().by_id.values()}
