"""Names become paths, and paths the same names."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis.strategies import builds, lists, sampled_from, text
from twisted.trial.unittest import SynchronousTestCase

from reqpi.storage.directory.paths import folder_parts, record_name, record_parts
from reqpi.storage.names import checked_name

PARTS = text("ab0.-", min_size=1, max_size=8).filter(lambda part: part[0] != ".") | builds(
    str.__mul__, sampled_from("ab-"), sampled_from([198, 199, 200, 201, 399, 400])
)
NAMES = lists(PARTS, min_size=1, max_size=2).map("/".join)
quick = settings(deadline=None, max_examples=60)


class PathTests(SynchronousTestCase):
    """Every name has a path of its own that file systems take."""

    @quick
    @given(NAMES)
    def test_a_path_leads_back_to_its_name(self, name: str) -> None:
        """Listing therefore gives the names that were written."""
        self.assertEqual(record_name(record_parts(checked_name(name))), name)

    @quick
    @given(NAMES)
    def test_no_part_is_too_long_or_special(self, name: str) -> None:
        """At most 255 bytes, never ``.`` or ``..``, nothing that is hidden, no upper case."""
        for part in record_parts(name):
            self.assertLessEqual(len(part.encode()), 255)
            self.assertFalse(part.startswith("."))
            self.assertEqual(part, part.lower())
            self.assertNotIn("/", part)

    @quick
    @given(NAMES, NAMES)
    def test_no_record_is_where_another_has_its_folder(self, one: str, other: str) -> None:
        """Neither of two records is in the way of the other."""
        files, folders = record_parts(one), folder_parts(other)
        self.assertNotEqual(files, folders[: len(files)])
        self.assertEqual(record_parts(one) == record_parts(other), one == other)

    def test_the_paths_are_those_that_are_documented(self) -> None:
        """A store on disk outlasts this version: its layout does not change unnoticed."""
        self.assertEqual(record_parts("a"), ("a_",))
        self.assertEqual(record_parts("locks/ab.c-d"), ("locks", "ab.c-d_"))
        self.assertEqual(record_parts("p/" + "x" * 401), ("p", "x" * 200 + "+", "x" * 200 + "+", "x_"))
        self.assertEqual(folder_parts("p/" + "x" * 201), ("p", "x" * 200 + "+", "x"))

    def test_other_paths_have_no_name(self) -> None:
        """A path that does not come from a name is not converted to one."""
        for parts in (("a",), ("a+",), ("A_",), (".a_",), ("a", ".._"), ("a+", "b_"), ("a__",), ("_",), ("a_", "b_")):
            self.assertIsNone(record_name(parts), parts)
