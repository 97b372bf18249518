"""The differences between two locks whose digests do not decide: literals in, literals out."""

from __future__ import annotations

from packaging.utils import canonicalize_name
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.diff import Change, contents_of_lock
from reqpi.core.lock_comparison import Compared, OnlyThere, compared, undetermined
from tests.distributions import a_commitment, a_file, a_page

SIX = canonicalize_name("six")
ONE, OTHER = a_file("six-1.0.tar.gz", b"one"), a_file("six-1.0.tar.gz", b"other")
TWO = a_file("six-2.0.tar.gz", b"two")
FILES = Change("six", "files", ("1.0",), ("1.0",))


class LockComparisonTests(SynchronousTestCase):
    """Where both pages are frozen, their files count."""

    def contents(self, *lines: str):  # type: ignore[no-untyped-def]
        return contents_of_lock(a_commitment(*lines).lock)

    def test_equal_digests_decide_and_missing_or_other_ones_do_not(self) -> None:
        (digest,) = ONE.digests
        pinned = self.contents(f"six==1.0 --hash={digest.algorithm}:{digest.hex}")
        free = self.contents("six==1.0")
        self.assertEqual(undetermined(pinned, pinned), [])
        self.assertEqual(undetermined(pinned, free), ["six"])
        self.assertEqual(undetermined(free, free), ["six"])
        self.assertEqual(undetermined(free, self.contents("six==2.0")), [])

    def test_files_of_both_pages_are_compared_version_by_version(self) -> None:
        both = self.contents("six==1.0 ; python_version < '3.9'", "six==2.0 ; python_version >= '3.9'")
        for files, found in (((ONE, TWO), []), ((TWO, ONE), []), ((OTHER, TWO), ["files"]), ((ONE,), [])):
            result = compared(both, both, {SIX: a_page(ONE, TWO)}, {SIX: a_page(*files)})
            self.assertEqual([change.kind for change in result], found, files)

    def test_a_page_that_only_one_side_has_decides_nothing(self) -> None:
        free = self.contents("six==1.0")
        self.assertEqual(compared(free, free, {SIX: a_page(ONE)}, {}), [])
        self.assertEqual(compared(free, free, {SIX: a_page(ONE)}, {SIX: a_page(OTHER)}), [FILES])

    def test_only_the_first_names_are_kept_and_all_are_counted(self) -> None:
        many = a_page(*(a_file(f"six-1.0-{number}-py3-none-any.whl", b"") for number in range(50)))
        found = Compared.of(FILES, many, a_page(ONE))
        self.assertEqual((len(found.removed.names), found.removed.count), (20, 50))
        self.assertEqual(found.added, OnlyThere(("six-1.0.tar.gz",), 1))
        self.assertEqual(found.wheel_before, many.files[0])
        self.assertEqual(Compared.of(FILES, many, None).removed, OnlyThere())
