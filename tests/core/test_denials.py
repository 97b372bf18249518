"""Descriptions of what is denied, and the files that they mean."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.decisions import Decision, dump_decision, load_decision
from reqpi.core.denials import BadDenial, Denial, DenyList, read_denied, read_reason
from reqpi.core.page_change import change_between
from tests.distributions import a_file, a_page

HEX = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class ReadingTests(SynchronousTestCase):
    def test_each_thing_has_one_spelling(self) -> None:
        spellings = {
            f" sha256:{HEX.upper()} ": f"sha256:{HEX}",
            "Requests": "requests",
            "zope.interface == 5.0": "zope-interface==5.0",
            "six==v1.0RC1": "six==1.0rc1",
            "crate:Serde_JSON": "crate:serde-json",
            "crate:serde==1.0.0+x": "crate:serde==1.0.0+x",
        }
        self.assertEqual({text: read_denied(text) for text in spellings}, spellings)

    def test_anything_else_is_an_error_with_advice(self) -> None:
        wrong = (
            "",
            " ",
            "six==",
            "six>=1",
            "six==1.*",
            "==1.0",
            "sha256:12",
            f"sha512:{HEX}",
            "a b",
            "../x",
        )
        for text in (*wrong, "crate:", "crate:1x", "crate:a==b c", "six[x]", "x" * 5000, "https://example.org/x.whl"):
            error = self.assertRaises(BadDenial, read_denied, text)
            self.assertTrue(error.advice, text)
            self.assertLess(len(str(error)), 200)

    def test_a_reason_is_one_line_of_words(self) -> None:
        self.assertEqual(read_reason("  it\nmines\tcoins "), "it mines coins")
        for text in ("", " \n", "\x1b[2J", "x" * 501):
            self.assertRaises(BadDenial, read_reason, text)


class MeaningTests(SynchronousTestCase):
    def denied(self, what: str, filename: str, project: str = "six") -> bool:
        return DenyList([Denial(read_denied(what), "why")]).of(a_file(filename, b"x", project=project)) is not None

    def test_a_version_is_denied_however_it_is_spelled(self) -> None:
        for filename in ("six-1.0.tar.gz", "six-1.0.0.zip", "six-1.0+local-py3-none-any.whl", "six-v1.0.tar.gz"):
            self.assertTrue(self.denied("SIX==1.0.0.0", filename), filename)
        for filename in ("six-1.0.1.tar.gz", "six-1.0rc1.tar.gz", "six-1.0.post1.tar.gz", "six-1!1.0.tar.gz"):
            self.assertFalse(self.denied("six==1.0", filename), filename)

    def test_a_local_version_is_denied_alone(self) -> None:
        self.assertTrue(self.denied("six==1.0+cpu", "six-1.0+cpu.tar.gz"))
        self.assertFalse(self.denied("six==1.0+cpu", "six-1.0.tar.gz"))

    def test_a_crate_is_not_the_project_of_its_name(self) -> None:
        self.assertFalse(self.denied("crate:six", "six-1.0.tar.gz"))
        self.assertIsNone(DenyList([Denial("six", "why")]).of_crate("six", "1.0.0", HEX))
        denied = DenyList([Denial(read_denied("crate:made_words==1.0.0"), "why")])
        self.assertIsNotNone(denied.of_crate("Made-Words", "1.0.0", HEX))
        self.assertIsNone(denied.of_crate("made-words", "1.0.1", HEX))

    def test_the_denial_of_a_crates_version_is_also_that_of_its_builds(self) -> None:
        """``300.5.2+3.5.2`` is version 300.5.2 with the build metadata 3.5.2."""
        denied = DenyList([Denial(read_denied("crate:openssl-src==300.5.2"), "why")])
        for version in ("300.5.2", "300.5.2+3.5.2"):
            self.assertIsNotNone(denied.of_crate("openssl-src", version, HEX), version)
        for version in ("300.5.3+3.5.2", "300.5.2-rc.1+3.5.2"):
            self.assertIsNone(denied.of_crate("openssl-src", version, HEX), version)

    def test_a_build_of_a_crates_version_is_denied_alone(self) -> None:
        denied = DenyList([Denial(read_denied("crate:openssl-src==300.5.2+3.5.2"), "why")])
        self.assertIsNotNone(denied.of_crate("openssl-src", "300.5.2+3.5.2", HEX))
        for version in ("300.5.2", "300.5.2+3.5.3"):
            self.assertIsNone(denied.of_crate("openssl-src", version, HEX), version)

    def test_a_page_without_a_denied_file_is_the_same_page(self) -> None:
        page = a_page(a_file("six-1.0.tar.gz", b"x"), a_file("six-2.0.tar.gz", b"y"))
        self.assertIs(DenyList([Denial("six==3.0", "why")]).left_on(page), page)
        left = DenyList([Denial("six==2.0", "why")]).left_on(page)
        self.assertEqual(([file.filename for file in left.files], left.withheld), (["six-1.0.tar.gz"], True))


class DecisionTests(SynchronousTestCase):
    def test_a_decision_is_read_as_it_was_written(self) -> None:
        for decision in (Decision("deny", "six", "why", 1.5, "ci"), Decision("forget", HEX, "", 2.0, "")):
            self.assertEqual(load_decision(dump_decision(decision)), decision)

    def test_a_denial_in_another_spelling_was_not_written_by_reqpi(self) -> None:
        for what, because in (("Six", "why"), ("six", ""), ("six", "a\nb"), ("*", "why")):
            self.assertRaises(ValueError, load_decision, dump_decision(Decision("deny", what, because, 0.0, "")))


class ChangeTests(SynchronousTestCase):
    def test_a_change_lists_each_file_once(self) -> None:
        old = a_page(a_file("six-1.0.tar.gz", b"a"), a_file("six-1.0.zip", b"b"), a_file("six-1.0.tar.bz2", b"c"))
        yanked = a_file("six-1.0.tar.gz", b"a", yanked="old")
        new = a_page(yanked, a_file("six-1.0.zip", b"other"), a_file("six-1.0-py3-none-any.whl", b"d"))
        change = change_between(old, new)
        self.assertEqual((change.added, change.removed), (("six-1.0-py3-none-any.whl",), ("six-1.0.tar.bz2",)))
        self.assertEqual([each.filename for each in change.changed], ["six-1.0.zip"])
        self.assertEqual(change.facts, ("six-1.0.tar.gz",))
        self.assertTrue(change_between(old, old).is_empty)
