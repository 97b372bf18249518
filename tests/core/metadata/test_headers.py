"""The headers of core metadata, of whatever sender."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.metadata.headers import LARGEST_HEADERS, read_headers


class HeadersTests(SynchronousTestCase):
    """The fields that are used, and no others."""

    def test_fields_of_any_spelling_and_folded_lines(self) -> None:
        raw = read_headers(
            b"NAME: six\r\nversion: 1.0\r\nRequires-Dist: a;\r\n  extra == 'x'\r\nrequires-dist: b\r\n\r\n"
        )
        self.assertEqual((raw["name"], raw["version"]), ("six", "1.0"))
        self.assertEqual([" ".join(each.split()) for each in raw["requires_dist"]], ["a; extra == 'x'", "b"])

    def test_metadata_up_to_2_6_is_read(self) -> None:
        """With the fields of PEP 794 (2.5), and one that is stated and dynamic as PEP 808 allows (2.6)."""
        for version in ("1.0", "2.4", "2.5", "2.6"):
            raw = read_headers(
                f"Metadata-Version: {version}\nName: six\nImport-Name: six\nImport-Name: _six ; private\n"
                "Import-Namespace: zope\nDynamic: Requires-Dist\nRequires-Dist: a\n".encode()
            )
            self.assertEqual((raw["metadata_version"], raw["name"]), (version, "six"))
            self.assertEqual((raw["dynamic"], raw["requires_dist"]), (["Requires-Dist"], ["a"]))

    def test_the_first_of_a_field_counts_that_may_appear_once(self) -> None:
        self.assertEqual(read_headers(b"Name: one\nname: two\nVersion: 1\n")["name"], "one")

    def test_the_description_and_what_follows_a_broken_line_say_nothing(self) -> None:
        for data in (b"\nName: x\n", b"Other: y\n\nName: x\n", b"broken\nName: x\n", b"Other: y\nbroken\nName: x\n"):
            self.assertEqual(read_headers(data), {}, data)

    def test_text_that_is_not_utf_8_is_read_as_far_as_it_is(self) -> None:
        raw = read_headers(b"Name: s\xffx\nSummary: =?utf-8?q?x?=\nVersion: 1\x852\n")
        self.assertEqual((raw["name"], raw["summary"], raw["version"]), ("s\ufffdx", "=?utf-8?q?x?=", "1\ufffd2"))

    def test_only_the_first_mebibyte_counts(self) -> None:
        self.assertEqual(read_headers(b"X: y\n" * (LARGEST_HEADERS // 5 + 1) + b"Name: six\n"), {})

    def test_many_names_and_many_spellings_of_one_take_no_longer_than_one(self) -> None:
        """Each header is looked at a few times, however many there are."""
        spellings = [
            "".join(each.upper() if number >> bit & 1 else each for bit, each in enumerate("requires-dist"))
            for number in range(1 << 13)
        ]
        many = "".join(f"{name}: six\n" for name in spellings) + "".join(f"X-{n}: y\n" for n in range(60_000))
        self.assertEqual(len(read_headers(many.encode())["requires_dist"]), len(spellings))
