"""Pages in JSON, as upstreams write them."""

from __future__ import annotations

import json
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import Version
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import WrongPage
from reqpi.core.model import Digest, File, Page, Status
from reqpi.core.simple import V1_JSON
from tests.core.simple.whole import read_page

FOO = canonicalize_name("foo")
BASE = "https://index.example.org/simple/foo/"
SHA256 = "a1" * 32
SHA512 = "b2" * 64


def read(document: Any) -> Page:
    return read_page(json.dumps(document).encode(), V1_JSON, BASE, FOO)


def files(*entries: Any) -> tuple[File, ...]:
    return read({"meta": {"api-version": "1.0"}, "name": "foo", "files": list(entries)}).files


def one(**fields: Any) -> File:
    """The file of a page with one entry, which has these fields."""
    (file,) = files({"filename": "foo-1.0.zip", "url": "foo-1.0.zip", "hashes": {}} | fields)
    return file


class Entries(SynchronousTestCase):
    """An entry is read as PEP 691 and its successors have it."""

    def test_an_entry_is_a_file(self) -> None:
        entry = {
            "filename": "foo-1.0-py3-none-any.whl",
            "url": "https://files.example.org/x/foo-1.0-py3-none-any.whl",
            "hashes": {"sha256": SHA256, "blake2b": "00"},
            "requires-python": ">=3.8",
            "size": 17,
            "upload-time": "2024-02-29T01:02:03.456789Z",
            "yanked": "broken",
            "core-metadata": {"sha256": SHA256},
            "provenance": "https://index.example.org/p",
            "gpg-sig": False,
        }
        self.assertEqual(
            files(entry),
            (
                File(
                    filename="foo-1.0-py3-none-any.whl",
                    project=FOO,
                    version=Version("1.0"),
                    version_text="1.0",
                    wheel=True,
                    url="https://files.example.org/x/foo-1.0-py3-none-any.whl",
                    digests=frozenset({Digest("sha256", SHA256)}),
                    size=17,
                    requires_python=">=3.8",
                    upload_time="2024-02-29T01:02:03.456789Z",
                    yanked="broken",
                    core_metadata=Digest("sha256", SHA256),
                    provenance="https://index.example.org/p",
                ),
            ),
        )

    def test_links_may_be_relative_and_end_in_any_name(self) -> None:
        self.assertEqual(one(url="../download?id=7").url, "https://index.example.org/simple/download?id=7")

    def test_digests_are_kept_in_lower_case(self) -> None:
        file = one(hashes={"SHA256": SHA256.upper(), "sha512": SHA512, "md5": "00" * 16})
        self.assertEqual(file.digests, {Digest("sha256", SHA256), Digest("sha512", SHA512)})

    def test_yanked_is_what_is_truthy(self) -> None:
        for value, expected in ((True, True), (False, None), ("", None), ("bad", "bad"), (None, None), (1, True)):
            self.assertEqual(one(yanked=value).yanked, expected)

    def test_core_metadata_under_another_digest_is_there_but_not_known(self) -> None:
        """It is kept under its sha256."""
        self.assertIs(one(**{"core-metadata": {"sha512": SHA512}}).core_metadata, True)

    def test_a_file_whose_digests_contradict_each_other_is_left_out(self) -> None:
        """One of the two could be what a lock asks for, and the other what is served."""
        hashes = {"sha256": SHA256, "SHA256": "f" * 64}
        self.assertEqual(files({"filename": "foo-1.0.zip", "url": "foo-1.0.zip", "hashes": hashes}), ())

    def test_core_metadata_goes_by_its_new_name_first(self) -> None:
        digest = Digest("sha256", SHA256)
        self.assertEqual(one(**{"core-metadata": {"sha256": SHA256}, "dist-info-metadata": True}).core_metadata, digest)
        self.assertEqual(one(**{"dist-info-metadata": {"sha256": SHA256}}).core_metadata, digest)
        self.assertIsNone(one(**{"core-metadata": False, "dist-info-metadata": True}).core_metadata)
        for value, expected in (
            (True, True),
            ({}, True),
            ({"md5": "00"}, True),
            ({"sha512": SHA512, "sha256": SHA256}, Digest("sha256", SHA256)),
            ({"sha256": "00"}, None),
            ({"sha256": None}, None),
            ("true", None),
            ([], None),
        ):
            self.assertEqual(one(**{"core-metadata": value}).core_metadata, expected, value)

    def test_the_project_status_is_read(self) -> None:
        def status(value: Any) -> Status | None:
            return read({"files": [], "project-status": value}).status

        self.assertEqual(status({"status": "quarantined", "reason": "malware"}), Status("quarantined", "malware"))
        self.assertEqual(status({"status": "active"}), Status("active"))
        for value in (None, "archived", {}, {"status": 1}, []):
            self.assertIsNone(status(value))


class Nonsense(SynchronousTestCase):
    """An entry that cannot be used is left out, a bad field is dropped, and the rest stays."""

    def test_entries_that_no_one_could_fetch_are_left_out(self) -> None:
        good = {"filename": "foo-1.0.zip", "url": "foo-1.0.zip", "hashes": {}}
        bad: list[Any] = [None, 1, "x", [], {}]
        bad += [good | {"filename": name} for name in (None, 1, "", "../foo-1.0.zip", "bar-1.zip", "foo-1.egg")]
        bad += [
            good | {"url": url} for url in (None, 1, [], "file:///foo-1.0.zip", "javascript:1", "https://[", "\ud800")
        ]
        self.assertEqual(files(*bad), ())
        self.assertEqual(len(files(*bad, good, *bad)), 1)

    def test_a_bad_field_is_as_good_as_none(self) -> None:
        plain = one()
        for field, values in {
            "hashes": (None, 1, "x", [], {"sha256": 1}, {"sha256": "0" * 63}, {"sha256": "\u0660" * 64}, {"": ""}),
            "size": (None, -1, 1.5, True, "17", 2**53, 10**400, []),
            "requires-python": (None, 1, "", " ", [], {}, "x" * 5000),
            "upload-time": (None, 1, "", "2024", "2024-13-01T00:00:00Z", "2024-01-01T00:00:00", "2024-01-01"),
            "provenance": (None, 1, "", "file:///p", "javascript:1", {}),
            "core-metadata": (None, 1, "x", []),
        }.items():
            for value in values:
                self.assertEqual(one(**{field: value}), plain, (field, value))

    def test_text_is_one_line_that_can_be_written(self) -> None:
        file = one(**{"requires-python": ">=3.8,\n\t<4\x00", "yanked": "a\ud800b\u2028c"})
        self.assertEqual((file.requires_python, file.yanked), (">=3.8, <4", "a b c"))

    def test_of_two_entries_with_one_filename_the_first_stands(self) -> None:
        first, second = ({"filename": "foo-1.zip", "url": url, "hashes": {}} for url in ("/a", "/b"))
        self.assertEqual([file.url for file in files(first, second)], ["https://index.example.org/a"])


class WrongPages(SynchronousTestCase):
    """A document that is not a project page of version 1 is refused, and never with a traceback."""

    def test_another_version_is_named(self) -> None:
        for version in ("2.0", "0.9", "x", "", 1.0, [], {}):
            error = self.assertRaises(WrongPage, read, {"meta": {"api-version": version}, "files": []})
            self.assertIn(str(version), error.title)
        error = self.assertRaises(WrongPage, read_page, b"{}", "application/vnd.pypi.simple.v3+json", BASE, FOO)
        self.assertIn("version 3", error.title)

    def test_a_missing_version_is_what_the_content_type_says(self) -> None:
        for document in ({"files": []}, {"files": [], "meta": {}}, {"files": [], "meta": None}):
            self.assertEqual(read(document).files, ())

    def test_a_page_needs_an_array_of_files(self) -> None:
        for document in ({}, {"files": None}, {"files": {}}, {"projects": []}, [], 1, "x", None):
            self.assertRaises(WrongPage, read, document)

    def test_hostile_json_is_refused(self) -> None:
        for body in (
            b"",
            b"{",
            b"\xff\xfe",
            b'{"files": [NaN]}',
            b'{"files": [], "x": -Infinity}',
            b'{"files": [' + b"[" * 100_000 + b"]" * 100_000 + b"]}",
            b'{"files":' * 100_000 + b"1" + b"}" * 100_000,
            b'{"files": [], "x": ' + b"9" * 100_000 + b"}",
            b"\x00" * 100,
        ):
            self.assertRaises(WrongPage, read_page, body, V1_JSON, BASE, FOO)
