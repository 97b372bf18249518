"""What a bill takes from core metadata."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.sbom import About, Licence, about
from tests.bounded_work import bounded_work


def metadata(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in ("Metadata-Version: 2.4", "Name: six", *lines)).encode()


class LicenceTests(SynchronousTestCase):
    """An expression where it can be told."""

    def test_each_way_to_say_it(self) -> None:
        mit, zero = Licence("MIT", True), "License: "
        classified = "Classifier: License :: OSI Approved"
        table: list[tuple[list[str], list[Licence]]] = [
            ([], []),
            (["License-Expression: mit"], [mit]),
            (["License-Expression: MIT or apache-2.0"], [Licence("MIT OR Apache-2.0", True)]),
            (["License-Expression: MIT", "License: BSD", f"{classified} :: ISC License (ISCL)"], [mit]),
            (["License: MIT"], [mit]),
            (["License: BSD"], [Licence("BSD")]),
            (["License: BSD", f"{classified} :: BSD License"], [Licence("BSD License")]),
            (["License: Apache 2.0", f"{classified} :: Apache Software License"], [Licence("Apache-2.0", True)]),
            ([f"{classified} :: MIT License", f"{classified} :: BSD License"], [Licence("BSD License"), mit]),
            ([classified, f"{zero}UNKNOWN"], []),
            (["License-Expression: Nonsense-1.0"], [Licence("Nonsense-1.0")]),
            (["License-Expression: LicenseRef-Ours"], [Licence("LicenseRef-Ours", True)]),
            (["License: Copyright me", "        All rights", "        reserved"], [Licence("Copyright me")]),
        ]
        for lines, wanted in table:
            self.assertEqual(list(about(metadata(*lines)).licences), wanted, lines)

    def test_every_classifier_that_is_known_means_a_licence(self) -> None:
        from packaging.licenses import canonicalize_license_expression

        from reqpi.core.sbom.about import _MEANT

        for name, meant in _MEANT.items():
            self.assertEqual(canonicalize_license_expression(meant), meant, name)


class AboutTests(SynchronousTestCase):
    """Whatever it is, what is kept is bounded and in one line."""

    def test_a_summary_and_requirements(self) -> None:
        said = about(
            metadata("Summary:  Two  and three ", "Requires-Dist: a>=1", "Requires-Dist: b; extra == 'c'", "", "x")
        )
        self.assertEqual(said, About("Two and three", (), ("a>=1", "b; extra == 'c'")))

    def test_the_description_says_nothing(self) -> None:
        self.assertEqual(about(metadata("", "Summary: not this", "License: MIT")), About())

    def test_folded_lines_and_windows_line_ends(self) -> None:
        said = about(b"Summary: one\r\n  two\r\nRequires-Dist: a;\r\n  extra == 'c'\r\n\r\nSummary: no\r\n")
        self.assertEqual(said, About("one two", (), ("a; extra == 'c'",)))

    def test_control_characters_and_broken_text(self) -> None:
        said = about(b"Summary: a\x07\x1b[31mb\x85\xff\xe2\x80\xa8\xe2\x80\xaec\nLicense: x\x00y\n")
        self.assertTrue(said.summary.isprintable())
        self.assertEqual(said.summary, "a [31mb \ufffd\ufffd c".replace(" \ufffd\ufffd", "\ufffd\ufffd"))
        self.assertEqual(said.licences, (Licence("x y"),))

    def test_what_is_no_metadata_says_nothing(self) -> None:
        for data in (b"", b"\n\nSummary: x", b"\x00\xff" * 1000, b":" * 1000, b"{}", b"Summary\n"):
            self.assertEqual(about(data), About(), data[:20])

    def test_what_is_huge_is_cut(self) -> None:
        large = [
            b"Summary: " + b"x" * (8 << 20),
            b"License: " + b"MIT OR " * 150_000 + b"MIT\n",
            b"License-Expression: " + b"(" * (1 << 20) + b"\n",
            b"License: " + b"a\n b\n" * 200_000,
            b"Requires-Dist: six\n" * 400_000,
            b"Requires-Dist: six" + b"[" * (1 << 20) + b"\n",
            b"Classifier: License :: x\n" * 300_000,
            b"X: y\n " + b" z\n" * 2_000_000,
        ]
        for data in large:
            with bounded_work():
                said = about(data)
            self.assertLessEqual(len(said.summary), 500)
            self.assertLessEqual(sum(len(licence.text) for licence in said.licences), 1000)
            self.assertLessEqual(sum(map(len, said.requires)), 1 << 16)

    def test_one_header_of_a_line_that_is_too_long_does_not_hide_the_others(self) -> None:
        said = about(metadata(f"Requires-Dist: {'a' * 3000}", "Requires-Dist: b"))
        self.assertEqual(said.requires, ("b",))
