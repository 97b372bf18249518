"""The advisories that a change of releases fixes, and those that it brings."""

from __future__ import annotations

from unittest import TestCase

from reqpi.core.advisories.changed import advised_changes
from reqpi.core.advisories.index import AdvisoryIndex
from reqpi.core.advisories.model import CRATES
from reqpi.core.advisories.reading import AdvisoryReader
from reqpi.core.diff import Change
from tests.advisories import a_document, a_package, a_range, dumped

EVER = a_range(("introduced", "0"))
DOCUMENTS = [
    a_document("A-1", a_package("six", a_range(("introduced", "0"), ("fixed", "2")))),
    a_document("A-2", a_package("six", a_range(("introduced", "2")))),
    a_document("A-3", a_package("six", EVER)),
    a_document("A-4", a_package("serde", a_range(("introduced", "0"), ("fixed", "2.0.0")), ecosystem=CRATES)),
    a_document("A-5", a_package("six", EVER), withdrawn="2026-01-02T03:04:05Z"),
]
INDEX = AdvisoryIndex.of(AdvisoryReader().read(dumped(each)) for each in DOCUMENTS)


def advised(*changes: Change, most: int = 100) -> tuple[dict[str, tuple[str, str, str]], int]:
    """The ids of each project: fixed, brought and kept; and the number of projects that were left out."""
    found = advised_changes(INDEX, changes, most)
    ids = {
        project: tuple(" ".join(one.id for one in part) for part in (each.fixed, each.brought, each.kept))
        for project, each in found.by_project.items()
    }
    return ids, found.unread  # type: ignore[return-value]


class AdvisedChangesTests(TestCase):
    def test_a_new_version_fixes_brings_and_keeps(self) -> None:
        self.assertEqual(advised(Change("six", "version", ("1",), ("2",))), ({"six": ("A-1", "A-2", "A-3")}, 0))

    def test_what_is_added_brings_and_what_is_removed_fixes(self) -> None:
        self.assertEqual(advised(Change("six", "added", (), ("1",))), ({"six": ("", "A-1 A-3", "")}, 0))
        self.assertEqual(advised(Change("six", "removed", ("1",), ())), ({"six": ("A-1 A-3", "", "")}, 0))

    def test_several_versions_of_one_side_count_together(self) -> None:
        """An advisory that affects one of them is not fixed as long as one is left that it affects."""
        change = Change("six", "version", ("1", "2"), ("1",))
        self.assertEqual(advised(change), ({"six": ("A-2", "", "A-1 A-3")}, 0))

    def test_a_crate_is_looked_up_among_crates(self) -> None:
        change = Change("cargo:serde", "version", ("1.0.0",), ("2.0.0",))
        self.assertEqual(advised(change, Change("serde", "added", (), ("1",))), ({"cargo:serde": ("A-4", "", "")}, 0))

    def test_a_version_that_is_none_is_affected_by_nothing_or_everything(self) -> None:
        """The URL of an archive stands for a version."""
        found, _ = advised(Change("six", "added", (), ("https://files.example.org/six.zip", "\x00", "9" * 5000)))
        self.assertLessEqual(found.keys(), {"six"})

    def test_work_is_bounded(self) -> None:
        """Each release is compared with each advisory about its project."""
        many = Change("six", "added", (), tuple(map(str, range(50))))
        few = Change("six", "removed", ("1",), ())
        self.assertEqual(advised(many, few), ({"six": ("A-1 A-3", "", "")}, 1))
